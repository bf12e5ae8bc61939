// A machine: what a program boots, asks and shuts down. What its CPUs run on is the engine's business.
import { errnoName, KernelError } from '../base/errno.js'
import { UsageError } from '../base/failure.js'
import { NS_PER_MS } from '../base/time.js'
import type { Control } from '../hotplug/control.js'
import { DYNAMIC } from '../hotplug/setup.js'
import { LEVELS } from '../hotplug/suspend.js'
import { REQUEST } from '../kernel/port.js'
import type { Memory } from '../memory/memory.js'
import { GLOBAL } from '../memory/structs.js'
import { testBit } from '../ops/mask.js'
import { type TraceEvent, TraceReader } from '../trace/ring.js'
import { Tree } from '../vfs/tree.js'
import { cpuDevice, type Device } from '../vfs/uevent.js'
import type { Workload } from '../workloads/workload.js'
import { DeterministicEngine } from './deterministic/engine.js'
import type { Strategy } from './deterministic/strategy.js'
import { type Engine, NO_REQUEST, type WorkerInspection } from './engine.js'
import { formatEvent, hotplugLine } from './events.js'
import { type BandwidthLimit, TaskGroup } from './groups.js'
import { type AskThread, type KernelThread, type KernelThreadOptions, KernelThreads } from './kthreads.js'
import { currentObserver, type Observer } from './observer.js'
import { engineFor, type MachineOptions } from './options.js'
import { Processes, type SpawnOptions, type Task } from './processes.js'
import { type KernelLogLine, MachinePanic } from './report.js'
import { Requests } from './requests.js'
import { type Uevent, ueventOf } from './uevents.js'
import { controlText, cpusText } from './written.js'

/** Lines of the kernel log that are kept, at most; half of them at least. */
const LOG_LINES = 16_384

/** Where paths are taken from that have no slash before them. */
const CPU_DIRECTORY = '/sys/devices/system/cpu'

/** A step to add at run time, see Machine.addState. */
export interface StateDescription {
  readonly name: string
  /** a state that is free, or from which of the dynamic ranges to take one */
  readonly state: number | 'prepare' | 'online'
  /** names of functions of the machine's modules */
  readonly startup?: string
  readonly teardown?: string
  readonly multi?: boolean
  /** call startup for every CPU that is above the state already (default true) */
  readonly invoke?: boolean
}

export class Machine {
  private readonly engine: Engine
  private readonly reader: TraceReader
  private readonly requests: Requests
  private readonly processes: Processes
  private readonly kthreads: KernelThreads
  /** what to do while all CPUs stand still, for each freeze under way */
  private readonly looks: (() => void)[] = []
  /** who looks at this machine besides its owner (observer.ts), until it is shut down */
  private observer: Observer | null
  private ended: Error | null = null
  private tellEnd: (error: Error) => void = () => {}
  /** resolves, when the machine ends, to the error with which it does: see failure */
  readonly whenEnded = new Promise<Error>((resolve) => {
    this.tellEnd = resolve
  })
  /** the kernel log: its latest lines, as in a ring buffer */
  readonly log: KernelLogLine[] = []
  /** a console: told every line of the kernel log as it comes */
  onLog: ((line: KernelLogLine) => void) | null = null
  /** told what the kernel tells of its devices, before the request that caused it is answered */
  onUevent: ((event: Uevent) => void) | null = null
  private uevents = 0
  /** its file tree: /sys/devices/system/cpu and /proc */
  readonly files: Tree

  private constructor(engine: Engine, observer: Observer | null) {
    this.engine = engine
    this.observer = observer
    this.reader = this.traceReader()
    const changed = (): void => {
      const { count, oldest, allowanceNs } = this.requests
      this.engine.setOutstanding(count + this.processes.count, oldest, allowanceNs)
    }
    this.requests = new Requests(engine, changed)
    this.processes = new Processes(engine, this.requests, changed)
    const ask: AskThread = (kind, index, name) => this.ask(kind, 0, [index], '', 'kthread', name)
    this.kthreads = new KernelThreads(engine.memory, (name) => this.functionNumber(name), ask)
    this.files = new Tree({
      memory: engine.memory,
      now: () => engine.now(),
      // Runs of the deterministic machine are the same on every day.
      bootTime: engine.kind === 'threads' ? Math.floor(Date.now() / 1000) : 0,
      tell: (device, action, extra) => this.tell(device, action, extra, engine.now()),
      uevents: () => this.uevents,
      store: (control, cpu, text) => this.store(control, cpu, text),
      setIrqAffinity: (irq, isList, text) => this.setIrqAffinity(irq, isList, text),
      cgroup: async (kind, index, text) => {
        await this.ask(kind, 0, [index], cpusText(text, '/sys/fs/cgroup'), 'write', '/sys/fs/cgroup')
      },
    })
  }

  /**
   * Boots a machine; resolves when all its CPUs are up. A UsageError or RangeError for options that make no sense, a
   * MachinePanic when the kernel dies on the way.
   */
  static async boot(options: MachineOptions): Promise<Machine> {
    const observer = currentObserver()
    const machine = new Machine(await engineFor(observer?.options(options) ?? options), observer)
    try {
      if (observer !== null) {
        machine.engine.tapTrace?.(() => observer.fills(machine))
        observer.begins(machine)
      }
      await machine.engine.start({
        bell: () => machine.collect(),
        log: (line) => machine.note(line),
        uevent: (action, subject, timeNs) => machine.tell(cpuDevice(subject), action, {}, timeNs),
        fault: (program, message) => machine.processes.fault(program, message),
        panic: (report) => machine.end(new MachinePanic(report)),
      })
    } catch (error) {
      await machine.shutdown()
      throw error
    }
    if (machine.ended !== null) {
      await machine.shutdown()
      throw machine.ended
    }
    return machine
  }

  get kind(): Engine['kind'] {
    return this.engine.kind
  }

  /** Number of possible CPUs. */
  get cpus(): number {
    return this.memory.layout.config.cpus
  }

  /** The machine's memory, for checkers and reports. Reading it while CPUs run is looking at a moving thing. */
  get memory(): Memory {
    return this.engine.memory
  }

  /** The machine's time, ns since it was powered on: virtual time on the deterministic machine. */
  now(): number {
    return this.engine.now()
  }

  /** What the machine has counted so far: operations, its digest (deterministic), and so on. */
  counters(): Readonly<Record<string, number>> {
    return this.engine.counters()
  }

  /** The error with which the machine ended: a MachinePanic, or that it has been shut down; null while it runs. */
  get failure(): Error | null {
    return this.ended
  }

  /** Takes a CPU offline, as a write of 0 to its `online` file. Rejects with a KernelError: EBUSY, EPERM, EAGAIN ... */
  async offline(cpu: number): Promise<void> {
    await this.device(REQUEST.deviceOffline, cpu, 'offline')
  }

  /** Brings a CPU online. */
  async online(cpu: number): Promise<void> {
    await this.device(REQUEST.deviceOnline, cpu, 'online')
  }

  private async device(kind: number, cpu: number, call: string): Promise<void> {
    if (!Number.isInteger(cpu) || cpu < 0) throw new TypeError(`a CPU is a whole number from 0 on, not ${cpu}`)
    const exists = cpu < this.cpus && testBit(this.memory, this.memory.present, cpu)
    if (!exists) throw new KernelError('ENODEV', call, `cpu${cpu}`)
    await this.ask(kind, cpu, [], '', call, `cpu${cpu}`)
  }

  /**
   * Suspends the machine up to one of the levels of pm_test ('freezer', 'devices', 'platform', 'processors', 'core') and
   * resumes. Rejects with EINVAL for any other, EAGAIN when a CPU does not go down: then those that did are up again.
   */
  async suspend(level: string): Promise<void> {
    const number = (LEVELS as readonly string[]).indexOf(level)
    await this.ask(REQUEST.suspend, 0, [number], '', 'suspend', level)
  }

  /**
   * Makes a task group whose tasks run for at most `quotaUs` in each `periodUs` (default 100,000), all CPUs together; see SpawnOptions.group.
   * Rejects with ENOSPC when there are 31 already.
   */
  async createGroup(limit: BandwidthLimit): Promise<TaskGroup> {
    return await TaskGroup.create(this.memory, limit, (kind, args) => this.ask(kind, 0, args, '', 'cgroup', 'cpu.max'))
  }

  /** What a file reads as, without the newline at its end: '/proc/stat', or below /sys/devices/system/cpu: 'online'. */
  async read(path: string): Promise<string> {
    this.assertRunning()
    return this.files.read(path, CPU_DIRECTORY).replace(/\n$/, '')
  }

  /** Writes to a file of /sys/devices/system/cpu; resolves when the operation is done. */
  async write(path: string, text: string | number): Promise<void> {
    this.assertRunning()
    await this.files.write(path, String(text), CPU_DIRECTORY)
  }

  private async store(control: Control, cpu: number, buffer: string): Promise<void> {
    const path = `cpu${cpu}`
    await this.ask(control, cpu, [], controlText(control, buffer, path), 'write', path)
  }

  private async setIrqAffinity(irq: number, isList: boolean, text: string): Promise<void> {
    const path = `/proc/irq/${irq}`
    await this.ask(REQUEST.irqAffinity, 0, [irq, isList ? 1 : 0], cpusText(text, path), 'write', path)
  }

  /** Switches one of the devices that the machine was booted with on or off, by its place in that list. ENODEV */
  async setDevice(index: number, up: boolean): Promise<void> {
    await this.ask(REQUEST.deviceUp, 0, [index, up ? 1 : 0], '', 'setDevice', String(index))
  }

  /**
   * Runs a function of one of the machine's modules as a kernel thread, on `cpu` or anywhere. Resolves to what it
   * returns, an int32. ENXIO for a CPU that is not online.
   */
  async run(name: string, options: { cpu?: number; args?: readonly [number?, number?] } = {}): Promise<number> {
    const fn = this.functionNumber(name)
    const [a = 0, b = 0] = options.args ?? []
    const cpu = options.cpu ?? -1
    if (!Number.isInteger(cpu) || cpu < -1 || cpu >= this.cpus) {
      throw new TypeError(`cpu is a whole number from 0 to ${this.cpus - 1}, not ${options.cpu}`)
    }
    return (await this.ask(REQUEST.run, cpu, [fn, a, b], '', 'run', name)).value
  }

  /** Starts a kernel thread: rounds of a function, until it is stopped (kernel/kthreads.ts). ENXIO for a CPU that is not online. */
  async kthread(options: KernelThreadOptions): Promise<KernelThread> {
    this.assertRunning()
    return await this.kthreads.start(options)
  }

  /** Adds a step to the table; resolves to its state. EBUSY for a state in use, ENOSPC, EINVAL, or a startup's error. */
  async addState(description: StateDescription): Promise<number> {
    const { name, state, startup, teardown, multi = false, invoke = true } = description
    if (name === '' || name.length > 39) throw new UsageError(`a step's name has 1 to 39 characters, not '${name}'`)
    const number = state === 'prepare' ? DYNAMIC.prepare : state === 'online' ? DYNAMIC.online : state
    const words = [
      number,
      startup === undefined ? 0 : this.functionNumber(startup),
      teardown === undefined ? 0 : this.functionNumber(teardown),
      multi ? 1 : 0,
      invoke ? 1 : 0,
    ]
    return (await this.ask(REQUEST.addState, 0, words, name, 'addState', name)).result
  }

  /** Removes a step; by default calls its teardown for every CPU that is above it. */
  async removeState(state: number, invoke = true): Promise<void> {
    await this.ask(REQUEST.removeState, 0, [state, invoke ? 1 : 0], '', 'removeState', String(state))
  }

  /** Adds an instance to a multi-instance step; resolves to its id. */
  async addInstance(state: number, invoke = true): Promise<number> {
    return (await this.ask(REQUEST.addInstance, 0, [state, invoke ? 1 : 0], '', 'addInstance', String(state))).result
  }

  async removeInstance(state: number, id: number, invoke = true): Promise<void> {
    await this.ask(REQUEST.removeInstance, 0, [state, id, invoke ? 1 : 0], '', 'removeInstance', String(state))
  }

  /**
   * Starts a process: an instance of a workload, with 1 to 16 tasks. EINVAL when none of the CPUs of `affinity` is active,
   * EAGAIN or ENOMEM when the machine has no room for it (options `tasks` and `userMemory`).
   */
  async spawn(options: SpawnOptions): Promise<Task> {
    this.assertRunning()
    return await this.processes.spawn(options)
  }

  /** The workloads that this machine can run. */
  get workloads(): readonly Workload[] {
    return this.engine.workloads
  }

  /** Resolves after a time of the machine's own: virtual time on the deterministic machine. */
  async sleep(ns: number): Promise<void> {
    if (!(ns >= 0 && ns < 2 ** 31 * NS_PER_MS)) throw new UsageError(`a time to sleep is 0 to 24 days in ns, not ${ns}`)
    const ms = Math.floor(ns / NS_PER_MS)
    await this.ask(REQUEST.sleep, 0, [ms, Math.round(ns - ms * NS_PER_MS)], '', 'sleep', String(ns))
  }

  /**
   * Stops all online CPUs, by stop_machine, with no hotplug operation under way; calls `look`, which may read the memory;
   * and lets them go on. Resolves to what `look` returned.
   */
  async freeze<T>(look: () => T): Promise<T> {
    const looked = new Promise<T>((resolve, reject) => {
      this.looks.push(() => {
        try {
          resolve(look())
        } catch (error) {
          reject(error)
        }
      })
    })
    // It may have thrown before it is awaited.
    looked.catch(() => undefined)
    await this.ask(REQUEST.freeze, 0, [], '', 'freeze', '')
    // Of several at once any may be carried out first, and it is looked at for whoever asked first: this one's turn may be later.
    const ended = this.whenEnded.then((error): never => {
      throw error
    })
    return await Promise.race([looked, ended])
  }

  private functionNumber(name: string): number {
    const number = this.engine.functions.find(name)
    if (number === 0) throw new UsageError(`no module of this machine has a function ${name}`)
    return number
  }

  /** The name of a kernel function by its number, as in trace events. */
  functionName(number: number): string {
    return this.engine.functions.name(number)
  }

  /** A reader of the trace rings besides `trace`: what one reads is not read for the other. */
  traceReader(): TraceReader {
    return new TraceReader(this.engine.memory, (word) => this.engine.load(word))
  }

  /** The trace events since the last call, of all CPUs, in the order in which they happened. */
  trace(): TraceEvent[] {
    return this.reader.read()
  }

  /** Trace events that were overwritten before they were read. */
  get lostEvents(): number {
    return this.reader.lost
  }

  /** The latest events of a CPU that its ring holds, oldest first, as text: its flight recorder. Not reading them. */
  latestEvents(cpu: number, limit = 1024): string[] {
    return this.reader.latest(cpu, limit).map((event) => this.formatEvent(event))
  }

  formatEvent(event: TraceEvent): string {
    return formatEvent(event, this.memory, this.engine.functions)
  }

  /** The hotplug events since the last call of trace(), in the form of Linux's trace lines (see machine/events.ts). */
  hotplugTrace(): string[] {
    return this.trace().flatMap((event) => hotplugLine(event, this.memory, this.engine.functions) ?? [])
  }

  /** Deterministic machines: does up to `n` operations; answers how many there were, fewer when nothing can run. */
  step(n = 1): number {
    this.assertRunning()
    const { engine } = this
    if (!(engine instanceof DeterministicEngine)) throw new UsageError('only a deterministic machine can be stepped')
    let done = 0
    while (done < n && engine.step()) done++
    this.collect()
    return done
  }

  /**
   * Threads: what each worker says of itself while it waits in its event loop, before one of its CPUs has been powered on
   * (options `present` and `maxcpus`); null for one that runs. None for a deterministic machine.
   */
  async inspectWorkers(): Promise<readonly (WorkerInspection | null)[]> {
    this.assertRunning()
    return await this.engine.inspect()
  }

  get strategy(): Strategy | null {
    return this.engine instanceof DeterministicEngine ? this.engine.strategy : null
  }

  /** Ends the machine; what is under way rejects. Resolves when nothing of it is left running. */
  async shutdown(): Promise<void> {
    this.observer?.ends(this)
    this.observer = null
    this.end(new Error('the machine has been shut down'))
    await this.engine.shutdown()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }

  private assertRunning(): void {
    if (this.ended !== null) throw this.ended
  }

  private async ask(
    kind: number,
    cpu: number,
    args: readonly number[],
    text: string,
    syscall: string,
    path: string,
  ): Promise<{ result: number; value: number }> {
    this.assertRunning()
    const answer = await this.requests.ask(kind, cpu, args, text)
    const code = answer.result < 0 ? errnoName(answer.result) : null
    if (code !== null) throw new KernelError(code, syscall, path)
    return answer
  }

  private note(line: KernelLogLine): void {
    if (this.log.length === LOG_LINES) this.log.splice(0, LOG_LINES / 2)
    this.log.push(line)
    this.onLog?.(line)
  }

  private tell(device: Device, action: string, extra: Readonly<Record<string, string>>, timeNs: number): void {
    this.uevents++
    this.onUevent?.(ueventOf(this.uevents, action, device, extra, timeNs))
  }

  /** Something has happened in the machine: answers, ends of processes, CPUs that stand still to be looked at. */
  private collect(): void {
    const frozen = this.memory.global + GLOBAL.frozen
    if (this.engine.load(frozen) === 1) {
      this.looks.shift()?.()
      this.engine.store(frozen, 0)
    }
    this.processes.collect()
    this.requests.collect()
  }

  private end(error: Error): void {
    if (this.ended !== null) return
    this.ended = error
    this.tellEnd(error)
    this.requests.reject(error)
    this.processes.reject(error)
    this.engine.setOutstanding(0, NO_REQUEST, 0)
  }
}
