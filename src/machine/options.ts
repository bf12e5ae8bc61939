// What a machine is booted with, checked.
import { UsageError } from '../base/failure.js'
import { LIMITS } from '../memory/layout.js'
import { BUG_NAMES, type BugName } from '../ops/switches.js'
import { checkProfile, type Profile } from '../profiles/profile.js'
import { DeterministicEngine } from './deterministic/engine.js'
import { FixedStrategy, RandomStrategy, type Strategy } from './deterministic/strategy.js'
import type { Engine, EngineConfig } from './engine.js'
import { loadModules } from './modules.js'

export interface MachineOptions {
  /** possible CPUs, 1..4096 */
  readonly cpus: number
  /** what they run on: worker threads (default), or one thread in an order that a seed decides */
  readonly machine?: 'threads' | 'deterministic'
  /** CPUs that are present (default: all) */
  readonly present?: number
  /** CPUs that come up at boot (default: all that are present) */
  readonly maxcpus?: number
  /** deterministic: seed of the random strategy (default 1) */
  readonly seed?: number
  /** deterministic: who runs next; 'random' (default), 'fixed', or a strategy of your own */
  readonly strategy?: 'random' | 'fixed' | Strategy
  /** threads: worker threads that the CPUs are spread over (default: one for each CPU) */
  readonly workers?: number
  /** the step table: a name ('linux-6.1-minimal'), or a profile */
  readonly profile?: string | Profile
  /** URLs or absolute paths of kernel modules (see KernelModule), loaded by every worker */
  readonly modules?: readonly (string | URL)[]
  /** tasks that there is room for besides the kernel's own (default 64) */
  readonly tasks?: number
  /** words of memory for modules' own use (default 1024) */
  readonly scratch?: number
  /** trace events kept for each CPU, a power of two (default 1024; 256 from 65 CPUs on) */
  readonly traceRecords?: number
  /** historical bugs of Linux to put back, by name: see ops/switches.ts (default: none) */
  readonly bugs?: readonly BugName[]
  /** threads: when a machine counts as hung */
  readonly watchdog?: { readonly requestMs?: number; readonly stuckMs?: number }
}

const KNOWN = new Set([
  'cpus',
  'machine',
  'present',
  'maxcpus',
  'seed',
  'strategy',
  'workers',
  'profile',
  'modules',
  'tasks',
  'scratch',
  'traceRecords',
  'bugs',
  'watchdog',
])

/** The engine that the options ask for. A UsageError names what is wrong and what is allowed. */
export async function engineFor(options: MachineOptions): Promise<Engine> {
  for (const key of Object.keys(options)) {
    if (!KNOWN.has(key)) throw new UsageError(`unknown option ${key}; known are ${[...KNOWN].join(', ')}`)
  }
  const { machine = 'threads' } = options
  const cpus = count('cpus', options.cpus, 1, LIMITS.cpus)
  const present = count('present', options.present ?? cpus, 1, cpus)
  const config: EngineConfig = {
    cpus,
    present,
    maxcpus: count('maxcpus', options.maxcpus ?? present, 1, present),
    tasks: count('tasks', options.tasks ?? 64, 0, LIMITS.tasks),
    scratch: count('scratch', options.scratch ?? 1024, 0, 2 ** 24),
    traceRecords: options.traceRecords ?? (cpus > 64 ? 256 : 1024),
    profile: await profileOf(options.profile ?? 'linux-6.1-minimal'),
    modules: (options.modules ?? []).map(moduleUrl),
    bugs: (options.bugs ?? []).map(checkBug),
  }
  if (machine === 'deterministic') {
    if (options.workers !== undefined) throw new UsageError('workers is for the threads machine')
    return new DeterministicEngine(config, await loadModules(config.modules), strategyOf(options))
  }
  if (machine !== 'threads') throw new UsageError(`machine is 'threads' or 'deterministic', not '${String(machine)}'`)
  if (options.strategy !== undefined || options.seed !== undefined) {
    throw new UsageError('seed and strategy are for the deterministic machine')
  }
  const workers = count('workers', options.workers ?? cpus, 1, cpus)
  const { ThreadsEngine } = await import('./threads/engine.js')
  return new ThreadsEngine(config, workers, options.watchdog ?? {})
}

function count(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new UsageError(`${name} is a whole number from ${low} to ${high}, not ${String(value)}`)
}

async function profileOf(profile: string | Profile): Promise<Profile> {
  if (typeof profile !== 'string') return checkProfile(profile, 'the profile given')
  const { loadProfile } = await import('../profiles/load.js')
  return loadProfile(profile)
}

function checkBug(name: BugName): BugName {
  if (BUG_NAMES.includes(name)) return name
  throw new UsageError(`there is no bug ${String(name)}; known are ${BUG_NAMES.join(', ')}`)
}

function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href
  return /^[a-z]+:/.test(module) ? module : new URL(`file://${module}`).href
}

function strategyOf(options: MachineOptions): Strategy {
  const { strategy = 'random', seed = 1 } = options
  if (!Number.isInteger(seed)) throw new UsageError(`seed is a whole number, not ${String(seed)}`)
  if (strategy === 'random') return new RandomStrategy(seed)
  if (strategy === 'fixed') return new FixedStrategy()
  if (typeof strategy === 'string') throw new UsageError(`strategy is 'random' or 'fixed', not '${String(strategy)}'`)
  return strategy
}
