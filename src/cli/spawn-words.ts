// A process to spawn, in words: WORKLOAD [--affinity LIST] [--work N] ...
import { parseCpuList } from '../base/cpulist.js'
import { UsageError } from '../base/failure.js'
import type { SpawnOptions } from '../machine/processes.js'
import { BUILT_IN } from '../workloads/table.js'
import { oneLine, oneOf, wholeNumber } from './values.js'

export const SPAWN_USAGE =
  'spawn WORKLOAD [--affinity LIST] [--work N] [--seed N] [--nice N] [--policy fifo|rr|normal] [--priority N] [--name NAME] [--cgroup GROUP]'

type Reader = (text: string) => Partial<SpawnOptions>

const READERS: Readonly<Record<string, (cpus: number) => Reader>> = {
  '--affinity': (cpus) => (affinity) => {
    if (parseCpuList(affinity, cpus).length === 0) throw new UsageError('--affinity is a list of CPUs, as in 0,2-3')
    return { affinity }
  },
  '--work': () => (text) => ({ work: wholeNumber('--work', 1, 2 ** 31 - 1)(text) }),
  '--seed': () => (text) => ({ seed: wholeNumber('--seed', 0, 2 ** 32 - 1)(text) }),
  '--nice': () => (text) => ({ nice: wholeNumber('--nice', -20, 19)(text) }),
  '--policy': () => (text) => ({ policy: oneOf('--policy', ['normal', 'fifo', 'rr'] as const)(text) }),
  '--priority': () => (text) => ({ priority: wholeNumber('--priority', 1, 99)(text) }),
  '--cgroup': () => (cgroup) => {
    if (/^\/[\x21-\x7e]*$/.test(cgroup)) return { cgroup }
    throw new UsageError(`--cgroup is a path below /sys/fs/cgroup, as in /a/b, not '${oneLine(cgroup)}'`)
  },
  '--name': () => (name) => {
    if (/^[\x21-\x7e]{1,15}$/.test(name)) return { name }
    throw new UsageError(`--name is 1 to 15 printable characters without blanks, not '${oneLine(name)}'`)
  },
}

export const SPAWN_OPTIONS = Object.keys(READERS)
export const WORKLOADS = BUILT_IN.map(({ name }) => name)

/** Reads the words after `spawn`, for a machine of that many CPUs. A UsageError says what is wrong and what is allowed. */
export function parseSpawn(words: readonly string[], cpus: number): SpawnOptions {
  const [workload, ...rest] = words
  if (workload === undefined || !WORKLOADS.includes(workload)) {
    const problem = workload === undefined ? 'needs a workload' : `there is no workload '${oneLine(workload)}'`
    throw new UsageError(`spawn: ${problem}; there are ${WORKLOADS.join(', ')}`)
  }
  let options: SpawnOptions = { workload }
  for (let n = 0; n < rest.length; n += 2) {
    const [name, value] = [rest[n]!, rest[n + 1]]
    if (!Object.hasOwn(READERS, name)) {
      throw new UsageError(`spawn: unknown option '${oneLine(name)}'; there are ${SPAWN_OPTIONS.join(', ')}`)
    }
    if (value === undefined) throw new UsageError(`spawn: ${name} needs a value`)
    options = { ...options, ...READERS[name]!(cpus)(value) }
  }
  if (options.priority !== undefined && (options.policy ?? 'normal') === 'normal') {
    throw new UsageError('spawn: --priority is for --policy fifo and rr')
  }
  return options
}
