// What goes onto the pages of profiles and stress runs.
import type { BusyVerdict } from '../../stress/busy/verdict.js'
import type { ProfileResult } from '../../stress/profile/result.js'
import type { Report } from '../report/html/page.js'
import { describeLoad } from './load-option.js'
import { counted } from './output.js'

const TIME = {
  threads: "Worker threads: times are this host's, and so is what else it was doing.",
  deterministic: 'The deterministic machine: times are virtual, and the same seed gives the same ones.',
} as const

/** What does it, with its verb; other sweeps are of a load's parameter. */
const SUBJECT: Readonly<Record<string, string>> = {
  cpus: 'the number of CPUs does',
  tasks: 'tasks do',
  hogs: 'hogs do',
}

/** @param result with one value at least */
export function profilePage(result: ProfileResult, command: string): Report {
  const { points, machine, host, sweep, seed, cycles, profile } = result
  const { cpus, tasks, hogs, workers, loads } = points[0]!
  const load = [
    sweep === 'cpus' ? '' : counted(cpus, 'CPU'),
    sweep === 'cpus' || workers === null ? '' : counted(workers, 'worker'),
    sweep === 'tasks' ? '' : `${counted(tasks, 'busy task')} that may run anywhere`,
    sweep === 'hogs' || hogs === 0 ? '' : `${counted(hogs, 'hog')} bound to the CPU that goes`,
    loads.length === 0 ? '' : `loads ${loads.map(({ load }) => load).join(', ')}`,
    `steps of ${profile}`,
    `seed ${seed}`,
  ]
  const short = points.filter((point) => point.cycles < cycles).map(({ label, cycles: n }) => `${label}: ${n}`)
  return {
    title: `What ${SUBJECT[sweep] ?? `${sweep} does`} to an offline and an online`,
    facts: [
      `${load.filter((text) => text !== '').join(', ')}; ${counted(cycles, 'cycle')} for each load.`,
      ...(short.length === 0 ? [] : [`Fewer cycles, for the time was up: ${short.join(', ')}.`]),
      TIME[machine],
      hostFact(host),
    ],
    measurements: points,
    command,
  }
}

export function stressPage(verdict: BusyVerdict, command: string): Report {
  const { machine, cpus, workers, load, seed, host, done, outcome, elapsedMs, bystanders, offline, online } = verdict
  const tasks = load === null ? 'no tasks' : counted(load.tasks, 'busy task')
  const workersOf = workers === null ? '' : ` on ${counted(workers, 'worker')}`
  const found = verdict.findings.slice(0, 10).map(({ what, message }) => `Found: ${what}: ${message}`)
  return {
    title: `A stress run: ${counted(cpus, 'CPU')}, ${tasks}`,
    facts: [
      `${counted(cpus, 'CPU')}${workersOf}, ${tasks}, seed ${seed}, ${(elapsedMs / 1000).toFixed(1)} s.`,
      `${outcome}: ${counted(done.offline, 'time')} down, ${counted(done.online, 'time')} up; ${verdict.torture}`,
      ...found,
      ...verdict.loads.map(describeLoad),
      TIME[machine],
      hostFact(host),
      'Waiting for the lock is waiting for other requests: several are made at the same time.',
    ],
    measurements: [{ label: tasks, cpus, offline, online, bystanders, throughput: null, details: verdict.details }],
    command,
  }
}

function hostFact({ cores, load, node }: { cores: number; load: readonly number[]; node: string }): string {
  return `Host: ${counted(cores, 'core')}, load ${load[0]!.toFixed(2)} at the end, Node ${node}.`
}
