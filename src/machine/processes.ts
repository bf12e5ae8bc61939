// User processes, as the host sees them: it gives them their memory and their tasks, has them started, and learns of
// their end.
import { formatCpuList, parseCpuList } from '../base/cpulist.js'
import { errnoName, KernelError } from '../base/errno.js'
import { UsageError } from '../base/failure.js'
import { pathOf } from '../cgroup/groups.js'
import { REQUEST } from '../kernel/port.js'
import { LIMITS, PAGE } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP } from '../memory/structs/cgroups.js'
import { PROGRAM, TASK } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { POLICY } from '../sched/task.js'
import { UserProcess, type Workload } from '../workloads/workload.js'
import type { Engine } from './engine.js'
import { Extents } from './extents.js'
import type { TaskGroup } from './groups.js'
import type { Requests } from './requests.js'

export interface SpawnOptions {
  /** a built-in workload, or one that the machine was booted with, by its name */
  readonly workload: string
  /** units of work for each of its tasks (default: what takes about 200 ms) */
  readonly work?: number
  /** its tasks' name in ps and in traces, up to 15 characters (default: the workload's) */
  readonly name?: string
  /** uint32 (default 1) */
  readonly seed?: number
  /** CPUs that its tasks may run on: '0-3,5' (default: all that are not isolated) */
  readonly affinity?: string
  /** the control group that it starts in: '/a/b' (default: the root) */
  readonly cgroup?: string
  readonly policy?: 'normal' | 'fifo' | 'rr'
  /** FIFO and RR: 1..99 (default 50) */
  readonly priority?: number
  /** normal: -20..19 (default 0) */
  readonly nice?: number
  /** the task group that its tasks are made in (default: none) */
  readonly group?: TaskGroup
}

/** A program that threw, or did what no program may. */
export class TaskFault extends Error {
  override readonly name = 'TaskFault'
}

/** A process that was ended before it was through. */
export class TaskKilled extends Error {
  override readonly name = 'TaskKilled'
}

const POLICIES = { normal: POLICY.normal, fifo: POLICY.fifo, rr: POLICY.roundRobin } as const

/** A process that has been started. It goes on when nobody holds this. */
export class Task {
  readonly workload: string
  readonly work: number
  readonly seed: number
  readonly pids: readonly number[]
  /** what came out; rejects with a TaskFault, a TaskKilled, or the error with which the machine ended */
  readonly result: Promise<string>
  private readonly processes: Processes
  private readonly entry: Entry

  constructor(processes: Processes, entry: Entry) {
    this.processes = processes
    this.entry = entry
    this.workload = entry.workload.name
    this.work = entry.process.work
    this.seed = entry.process.seed
    this.pids = entry.tasks.map((task) => processes.memory.get(task + TASK.pid))
    this.result = entry.result
  }

  /** What its result should be, computed without the machine: takes as long as the work itself. */
  get expected(): string {
    return this.entry.workload.expected(this.work, this.seed)
  }

  get ended(): boolean {
    return this.entry.end !== null
  }

  private each(field: number): number[] {
    const { end } = this.entry
    if (end !== null) return end.map((words) => words[field]!)
    return this.entry.tasks.map((task) => this.processes.memory.get(task + field))
  }

  /** The CPU that each of its tasks is on, or was on when it ended. */
  cpus(): number[] {
    return this.each(TASK.cpu)
  }

  /** How often its tasks have changed CPU. */
  migrations(): number {
    return this.each(TASK.migrations).reduce((sum, n) => sum + n, 0)
  }

  /** The CPUs that its first task may run on: '0-3,5'. */
  affinity(): string {
    const { memory } = this.processes
    return this.entry.affinity ?? formatCpuList(bitsOf(memory, memory.affinity(this.entry.tasks[0]!)))
  }

  /** Changes the CPUs that its tasks may run on. EINVAL when none of them is active, ESRCH when it has ended. */
  async setAffinity(cpus: string): Promise<void> {
    await this.processes.setAffinity(this.entry, cpus)
  }

  /** Ends it before it is through; its result rejects with a TaskKilled. ESRCH when it has ended. */
  async kill(): Promise<void> {
    await this.processes.kill(this.entry)
  }
}

interface Entry {
  readonly index: number
  readonly workload: Workload
  readonly process: UserProcess
  /** addresses of its task structs */
  readonly tasks: readonly number[]
  /** where its memory is among the user pages, and how many it has */
  readonly page: number
  readonly pages: number
  readonly result: Promise<string>
  readonly resolve: (result: string) => void
  readonly reject: (error: Error) => void
  /** the tasks' structs as they were at their end, and the first one's affinity; null while the process lives */
  end: readonly Int32Array[] | null
  affinity: string | null
}

export class Processes {
  readonly memory: Memory
  private readonly engine: Engine
  private readonly requests: Requests
  private readonly changed: () => void
  private readonly alive = new Map<number, Entry>()
  /** what failed tasks said, by process: it may come after the end of the process, or before */
  private readonly faults = new Map<number, string>()
  private readonly taskSlots: Extents
  private readonly pages: Extents
  private readonly indices: number[] = []

  constructor(engine: Engine, requests: Requests, changed: () => void) {
    this.engine = engine
    this.memory = engine.memory
    this.requests = requests
    this.changed = changed
    const { config } = this.memory.layout
    this.taskSlots = new Extents(config.tasks)
    this.pages = new Extents(config.user / PAGE)
    for (let index = config.tasks - 1; index >= 0; index--) this.indices.push(index)
  }

  /** How many have not ended. */
  get count(): number {
    return this.alive.size
  }

  async spawn(options: SpawnOptions): Promise<Task> {
    const { number, workload, name, work, seed, affinity, policy, priority, nice, group } = this.check(options)
    const cgroup = this.findGroup(options.cgroup ?? '/')
    const tasks = workload.tasks ?? 1
    const words = Math.ceil(Math.max(8, workload.bytes(work)) / 8) * 2
    // Pages of its own, as from any kernel: processes that have neighbouring cache lines slow each other down.
    const pages = Math.ceil(words / PAGE)
    const first = this.taskSlots.take(tasks)
    if (first < 0) throw new KernelError('EAGAIN', 'spawn', workload.name)
    const page = this.pages.take(pages)
    if (page < 0) {
      this.taskSlots.give(first, tasks)
      throw new KernelError('ENOMEM', 'spawn', workload.name)
    }
    const { memory } = this
    const base = memory.layout.user.base + page * PAGE
    memory.words.fill(0, base, base + words)
    const process = new UserProcess(memory.buffer, base * 4, words * 4, work, seed)
    workload.prepare(process)
    const index = this.indices.pop()!
    const entry = makeEntry(this.memory, { index, workload, process, first, tasks, page, pages })
    const fields = {
      workload: number,
      base,
      length: words,
      work,
      seed,
      firstTask: first,
      tasks,
      policy,
      priority,
      nice,
      group,
    }
    for (const [name, value] of Object.entries(fields)) {
      memory.set(memory.program(index) + PROGRAM[name as keyof typeof fields], value)
    }
    memory.setText(memory.program(index) + PROGRAM.comm, 4, name)
    this.writeMask(index, affinity)
    this.alive.set(index, entry)
    const { result } = await this.requests.ask(REQUEST.spawn, 0, [
      index,
      cgroup,
      options.affinity === undefined ? 0 : 1,
    ])
    if (result !== 0) {
      this.release(entry)
      throw new KernelError(errnoName(result) ?? 'EINVAL', 'spawn', workload.name)
    }
    return new Task(this, entry)
  }

  private check(options: SpawnOptions) {
    const { work, seed = 1, affinity, policy = 'normal', priority = 50, nice = 0 } = options
    const number = this.engine.workloads.findIndex(({ name }) => name === options.workload)
    const workload = this.engine.workloads[number]
    if (workload === undefined) {
      const names = this.engine.workloads.map(({ name }) => name).join(', ')
      throw new UsageError(`there is no workload ${String(options.workload)}; this machine has ${names}`)
    }
    const { name = workload.name.slice(0, 15) } = options
    if (options.name !== undefined && !/^[\x21-\x7e]{1,15}$/.test(name)) {
      throw new UsageError(`name is 1 to 15 printable characters without blanks, not '${String(name)}'`)
    }
    const units = work ?? workload.typicalWork
    within('work', units, 1, 2 ** 31 - 1)
    within('seed', seed, 0, 2 ** 32 - 1)
    within('priority', priority, 1, 99)
    within('nice', nice, -20, 19)
    if (!(policy in POLICIES)) throw new UsageError(`policy is normal, fifo or rr, not ${String(policy)}`)
    return {
      number,
      workload,
      name,
      work: units,
      seed,
      // Of a group, what its cpuset has.
      affinity: this.parse(affinity ?? (options.cgroup === undefined ? undefined : 'all')),
      policy: POLICIES[policy],
      priority: policy === 'normal' ? 0 : priority,
      nice: policy === 'normal' ? nice : 0,
      group: options.group?.number ?? 0,
    }
  }

  /** The index of a control group; a KernelError ENOENT when there is none. */
  private findGroup(path: string): number {
    const { memory } = this
    for (let index = 0; index < LIMITS.cgroups; index++) {
      const group = memory.cgroup(index)
      if (memory.get(group + CGROUP.used) === 1 && pathOf(memory, group) === path) return index
    }
    throw new KernelError('ENOENT', 'spawn', path)
  }

  private parse(affinity: string | undefined): readonly number[] {
    const { memory } = this
    if (affinity === undefined) return [...bitsOf(memory, memory.housekeeping)]
    return parseCpuList(affinity, LIMITS.cpus).filter((cpu) => cpu < memory.layout.config.cpus)
  }

  private writeMask(index: number, cpus: readonly number[]): void {
    const { memory } = this
    const mask = memory.programMask(index)
    for (let w = 0; w < memory.layout.maskWords; w++) memory.set(mask + w, 0)
    for (const cpu of cpus) memory.set(mask + (cpu >> 5), memory.get(mask + (cpu >> 5)) | (1 << (cpu & 31)))
  }

  async setAffinity(entry: Entry, affinity: string): Promise<void> {
    const cpus = this.parse(affinity)
    if (entry.end !== null) throw new KernelError('ESRCH', 'sched_setaffinity', entry.workload.name)
    this.writeMask(entry.index, cpus)
    const { result } = await this.requests.ask(REQUEST.setAffinity, 0, [entry.index])
    if (result !== 0) throw new KernelError(errnoName(result) ?? 'EINVAL', 'sched_setaffinity', entry.workload.name)
  }

  async kill(entry: Entry): Promise<void> {
    if (entry.end !== null) throw new KernelError('ESRCH', 'kill', entry.workload.name)
    await this.requests.ask(REQUEST.kill, 0, [entry.index])
  }

  /** Looks which processes have ended. */
  collect(): void {
    const { memory, engine } = this
    for (let w = 0; w * 32 < memory.layout.config.tasks; w++) {
      const ended = engine.load(memory.exited + w)
      if (ended === 0) continue
      engine.clearBits(memory.exited + w, ended)
      for (let rest = ended; rest !== 0; rest &= rest - 1) {
        const entry = this.alive.get(w * 32 + (31 - Math.clz32(rest & -rest)))
        if (entry !== undefined) this.bury(entry)
      }
    }
  }

  /** A task of a process has failed. */
  fault(program: number, message: string): void {
    this.faults.set(program, message)
    const entry = this.alive.get(program)
    if (entry?.end) this.bury(entry)
  }

  private bury(entry: Entry): void {
    const { memory } = this
    entry.end ??= entry.tasks.map((task) => memory.words.slice(task, task + TASK.$size))
    entry.affinity ??= formatCpuList(bitsOf(memory, memory.affinity(entry.tasks[0]!)))
    const program = memory.program(entry.index)
    if (memory.get(program + PROGRAM.faulted) === 1) {
      const message = this.faults.get(entry.index)
      // The message is still under way: fault() comes back here.
      if (message === undefined) return
      this.faults.delete(entry.index)
      entry.reject(new TaskFault(message))
    } else if (memory.get(program + PROGRAM.killed) === 1)
      entry.reject(new TaskKilled(`${entry.workload.name} was killed`))
    else entry.resolve(entry.workload.result(entry.process))
    this.release(entry)
  }

  private release(entry: Entry): void {
    this.alive.delete(entry.index)
    this.indices.push(entry.index)
    this.taskSlots.give(this.memory.get(this.memory.program(entry.index) + PROGRAM.firstTask), entry.tasks.length)
    this.pages.give(entry.page, entry.pages)
    this.changed()
  }

  /** The machine has ended. */
  reject(error: Error): void {
    for (const entry of this.alive.values()) entry.reject(error)
    this.alive.clear()
  }
}

function makeEntry(
  memory: Memory,
  parts: {
    readonly index: number
    readonly workload: Workload
    readonly process: UserProcess
    readonly first: number
    readonly tasks: number
    readonly page: number
    readonly pages: number
  },
): Entry {
  const { index, workload, process, first, page, pages } = parts
  const { promise, resolve, reject } = withResolvers<string>()
  // Nobody need wait for it; whoever does hears of it all the same.
  promise.catch(() => undefined)
  const tasks = Array.from({ length: parts.tasks }, (_, n) => memory.userTask(first + n))
  return {
    index,
    workload,
    process,
    tasks,
    page,
    pages,
    result: promise,
    resolve,
    reject,
    end: null,
    affinity: null,
  }
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

function within(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return
  throw new UsageError(`${name} is a whole number from ${low} to ${high}, not ${String(value)}`)
}
