// The loads of a run: started together, stopped together, and judged. Each says what it has done, and whatever is wrong with it.
import { UsageError } from '../../src/base/failure.js'
import type { DeviceConfig } from '../../src/devices/config.js'
import type { KernelThread } from '../../src/machine/kthreads.js'
import type { Machine } from '../../src/machine/machine.js'
import type { SpawnOptions } from '../../src/machine/processes.js'
import { LIMITS } from '../../src/memory/layout.js'
import { BUILT_IN } from '../../src/workloads/table.js'
import type { Workload } from '../../src/workloads/workload.js'
import { ONE_TO_A_CPU, type ProcessKind, type ThreadKind, type Values } from './kinds.js'
import type { LoadSetting } from './setting.js'

/** What a load has done. */
export interface LoadFigure {
  readonly load: string
  readonly parameters: Values
  /** kernel threads, or user tasks */
  readonly tasks: number
  /** rounds, or results compared, and by what name else it counts */
  readonly counts: Values
  /** of what must hold, how often it did not */
  readonly wrong: number
}

/** What a machine must have room for: kernel threads, user tasks and bytes for them. */
export interface Room {
  readonly kthreads: number
  readonly tasks: number
  readonly bytes: number
  readonly devices: readonly DeviceConfig[]
}

function tasksOf({ values }: LoadSetting, cpus: number): number {
  const { tasks = 1 } = values
  return tasks === ONE_TO_A_CPU ? cpus : tasks
}

/** The workloads of a load of user processes. */
export function workloadsOf(kind: ProcessKind): Workload[] {
  return kind.workloads.map((name) => BUILT_IN.find((workload) => workload.name === name)!)
}

/** The room that loads need on a machine of so many CPUs. A UsageError when they need more than there can be. */
export function roomFor(settings: readonly LoadSetting[], cpus: number): Room {
  let [kthreads, tasks, bytes] = [0, 0, 0]
  const devices: DeviceConfig[] = []
  for (const setting of settings) {
    const n = tasksOf(setting, cpus)
    if (setting.kind.by === 'threads') {
      kthreads += n
      devices.push(...(setting.kind.devices?.(setting.values) ?? []))
    } else {
      tasks += n
      for (const workload of workloadsOf(setting.kind)) bytes = Math.max(bytes, workload.bytes(workload.typicalWork))
    }
  }
  if (kthreads > LIMITS.kthreads) {
    throw new UsageError(`--load: ${LIMITS.kthreads} kernel threads at most, and these loads have ${kthreads}`)
  }
  return { kthreads, tasks, bytes, devices }
}

/** What runs user processes for a load: the busy run's, and the profile's. */
export interface ProcessLoad {
  readonly results: number
  readonly wrong: number
  finish(): Promise<void>
}

/** Starts user tasks: as many, of which workloads, at which nice level, and in which group. */
export type StartProcesses = (
  tasks: number,
  workloads: readonly Workload[],
  options: ProcessOptions,
) => Promise<ProcessLoad>

export type ProcessOptions = Pick<SpawnOptions, 'nice' | 'group'>

interface Running {
  readonly setting: LoadSetting
  readonly tasks: number
  readonly threads: readonly KernelThread[]
  readonly processes: ProcessLoad | null
}

const BEGUN = 0
const DONE = 1
const WRONG = 2

export class Loads {
  private readonly find: (what: string, message: string) => void
  private readonly running: Running[] = []
  private machine: Machine | null = null

  /** `find` is told what is wrong. */
  constructor(find: (what: string, message: string) => void) {
    this.find = find
  }

  async start(machine: Machine, settings: readonly LoadSetting[], startProcesses: StartProcesses): Promise<void> {
    this.machine = machine
    for (const setting of settings) {
      const { kind, values } = setting
      const tasks = tasksOf(setting, machine.cpus)
      const threads: KernelThread[] = []
      let processes: ProcessLoad | null = null
      if (kind.by === 'threads') {
        for (let n = 0; n < tasks; n++) threads.push(await startThread(machine, kind, values, n))
      } else {
        const group = kind.limit === undefined ? {} : { group: await machine.createGroup(kind.limit(values)) }
        processes = await startProcesses(tasks, workloadsOf(kind), { ...kind.policy?.(values), ...group })
      }
      this.running.push({ setting, tasks, threads, processes })
    }
  }

  /** Has every kernel thread end and every device fall silent, and says what is wrong with what they did. The processes end when they are through. */
  async stop(): Promise<void> {
    for (const { threads } of this.running) for (const thread of threads) await thread.stop()
    const devices = this.machine?.memory.layout.devices.count ?? 0
    for (let n = 0; n < devices; n++) await this.machine!.setDevice(n, false)
    for (const running of this.running) this.judge(running)
  }

  private judge({ setting: { kind }, threads }: Running): void {
    if (kind.by !== 'threads') return
    const find = (message: string): void => this.find(`load-${kind.name}`, message)
    for (const [n, thread] of threads.entries()) {
      const counts = thread.counts()
      const [begun = 0, done = 0, wrong = 0] = [counts[BEGUN], counts[DONE], counts[WRONG]]
      if (begun !== done) find(`thread ${n} has begun ${begun} rounds and done ${done}`)
      if (wrong !== 0) find(`thread ${n}: ${wrong} times something was not as it must be`)
    }
    for (const message of kind.judge?.(sums(kind, threads)) ?? []) find(message)
  }

  /** Waits until the processes have come to their end. */
  async finish(): Promise<void> {
    for (const { processes } of this.running) await processes?.finish()
  }

  figures(): LoadFigure[] {
    return this.running.map(({ setting: { kind, values }, tasks, threads, processes }) => {
      const counts = kind.by === 'threads' ? sums(kind, threads) : { results: processes?.results ?? 0 }
      const wrong = kind.by === 'threads' ? sum(threads, WRONG) : (processes?.wrong ?? 0)
      return { load: kind.name, parameters: values, tasks, counts, wrong }
    })
  }
}

async function startThread(machine: Machine, kind: ThreadKind, values: Values, n: number): Promise<KernelThread> {
  // Spread at first; each asks for another CPU now and then.
  return await machine.kthread({
    ...kind.thread(values),
    name: `${kind.name}/${n}`.slice(0, 15),
    cpu: n % machine.cpus,
  })
}

function sum(threads: readonly KernelThread[], n: number): number {
  return threads.reduce((all, thread) => all + thread.counts()[n]!, 0)
}

/** What a load's threads have counted, all together, by name. */
function sums(kind: ThreadKind, threads: readonly KernelThread[]): Values {
  const names = { begun: BEGUN, done: DONE, ...kind.counts }
  return Object.fromEntries(Object.entries(names).map(([name, n]) => [name, sum(threads, n)]))
}
