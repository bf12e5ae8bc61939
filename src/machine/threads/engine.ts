// The threads engine: the host's side of worker threads that drive the CPUs. The host never blocks.
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Transferable, Worker } from 'node:worker_threads'
import { type Endpoint, type Remote, wrap } from 'comlink'
import { UsageError } from '../../base/failure.js'
import { formatMemory } from '../../kernel/boot.js'
import { buildFunctions } from '../../kernel/functions.js'
import { Layout } from '../../memory/layout.js'
import { Memory } from '../../memory/memory.js'
import { GLOBAL } from '../../memory/structs.js'
import type { DeviceAction } from '../../ops/cpu.js'
import type { Functions } from '../../ops/functions.js'
import type { Workload } from '../../workloads/workload.js'
import { type Engine, type EngineConfig, type EngineEvents, memoryConfigOf, type WorkerInspection } from '../engine.js'
import { loadModules, loadWorkloads } from '../modules.js'
import { buildReport, type PanicCause, type ProcessorState } from '../report.js'
import { hrtimeNs } from './clock.js'
import { LogRing, UEVENT } from './log-ring.js'
import { MACHINE_STATE, type WorkerConfig, type WorkerControl, type WorkerMessage } from './messages.js'
import { notifyWaiters, raisePort, ring, ringAll, ringHost } from './shared.js'
import { Watchdog, type WatchdogLimits } from './watchdog.js'

/** How long a worker may take to leave by itself before it is terminated, ms. */
const LEAVE_MS = 1000
/** Workers that start at the same time, for each core. */
const STARTS_PER_CORE = 2
/** How often it is looked, while a worker is asked, whether it has been powered on meanwhile, ms. */
const LOOK_MS = 5

/**
 * What a worker runs. As one file it boots several times as fast; but kernel modules import the kernel's own modules, and
 * a kernel must not be there twice: with them it is loaded file by file.
 */
const WORKER = { bundled: '../../../workers/start.cjs', modular: '../../../workers/cpu-worker.js' } as const

interface Thread {
  readonly worker: Worker
  readonly control: Remote<WorkerControl>
  readonly exited: Promise<void>
  alive: boolean
}

export class ThreadsEngine implements Engine {
  readonly kind = 'threads'
  readonly memory: Memory
  workloads: readonly Workload[] = []
  private table: Functions | null = null
  private readonly config: EngineConfig
  private readonly threads: Thread[] = []
  private readonly states: ProcessorState[] = []
  private readonly watchdog: Watchdog
  private events: EngineEvents | null = null
  private ended = false
  private closing: Promise<void> | null = null
  private up: () => void = () => {}
  private readonly log = new LogRing()
  /** process.hrtime when the machine was powered on, ns */
  private epochNs = 0
  private operations = 0
  private parks = 0
  private stretches = 0

  constructor(config: EngineConfig, workers: number, limits: WatchdogLimits) {
    const memoryConfig = memoryConfigOf(config, workers)
    const bytes = new Layout(memoryConfig).words * 4
    this.config = config
    this.memory = new Memory(memoryConfig, new SharedArrayBuffer(bytes))
    this.watchdog = new Watchdog(this.memory, limits, (cause) => this.panic(cause, -1))
  }

  get functions(): Functions {
    if (this.table === null) throw new Error('the machine has not been started')
    return this.table
  }

  async start(events: EngineEvents): Promise<void> {
    this.events = events
    this.workloads = await loadWorkloads(this.config.workloads)
    this.table = buildFunctions(this.config.profile, await loadModules(this.config.modules))
    formatMemory(this.memory, this.table, this.config.profile, this.config)
    this.epochNs = hrtimeNs()
    const first = this.startWorker(0, this.epochNs)
    const all = this.startOthers(first)
    await Promise.race([first, all])
    const up = new Promise<void>((resolve) => {
      this.up = resolve
    })
    void this.listen()
    // The boot CPU begins while other threads still do: who powers a CPU on waits until its thread is there.
    ring(this.memory, 0)
    await all
    this.setOutstanding(1, 0, 0)
    await up
    this.setOutstanding(0, 0, 0)
    // From here on only requests under way keep the process alive.
    for (const { worker } of this.threads) worker.unref()
  }

  /** Starts all workers but the first, a few at a time: if all of them began at once, none would be there soon. */
  private async startOthers(first: Promise<void>): Promise<void> {
    const { workers } = this.memory.layout.config
    let next = 1
    const lane = async (): Promise<void> => {
      while (next < workers && !this.ended) await this.startWorker(next++, this.epochNs)
    }
    const lanes = STARTS_PER_CORE * availableParallelism()
    await Promise.all([first.then(lane), ...Array.from({ length: lanes - 1 }, lane)])
  }

  /** Starts a worker and has it make its CPUs. A UsageError for modules that can't be loaded. */
  private async startWorker(index: number, epochNs: number): Promise<void> {
    const worker = new Worker(
      new URL(this.config.modules.length > 0 ? WORKER.modular : WORKER.bundled, import.meta.url),
    )
    const control = wrap<WorkerControl>(endpointOf(worker))
    const thread: Thread = { worker, control, exited: exitOf(worker), alive: true }
    this.threads.push(thread)
    void thread.exited.then(() => {
      thread.alive = false
      this.workerEnded(index)
    })
    worker.on('message', (message: WorkerMessage) => this.take(message))
    const died = new Promise<Error>((resolve) => {
      worker.on('error', (error) => {
        const message = `worker ${index}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
        resolve(new Error(message))
        this.panic({ kind: 'worker', message }, -1)
      })
      void thread.exited.then(() => resolve(new Error(`worker ${index} has ended before it was ready`)))
    })
    // A call to a worker that dies is never answered.
    const configured = await Promise.race([control.configure(this.workerConfig(index, epochNs)), died])
    if (configured instanceof Error) throw configured
    if (!configured.ok) throw configured.usage ? new UsageError(configured.message) : new Error(configured.message)
  }

  private workerConfig(worker: number, epochNs: number): WorkerConfig {
    return {
      buffer: this.memory.buffer as SharedArrayBuffer,
      log: this.log.buffer,
      config: this.config,
      worker,
      workers: this.memory.layout.config.workers,
      epochNs,
      cores: availableParallelism(),
    }
  }

  /** What the workers say that wait in their event loops, because no CPU of theirs has been powered on yet; null for others. */
  async inspect(): Promise<(WorkerInspection | null)[]> {
    return await Promise.all(this.threads.map((thread, worker) => this.ask(thread, this.memory.doorbell(worker))))
  }

  /**
   * A worker that is powered on while it is asked may never hear of it. So its bell is looked at meanwhile; not waited for,
   * because that would take the one wake-up that is meant for the worker.
   */
  private async ask({ control, exited }: Thread, bell: number): Promise<WorkerInspection | null> {
    if (this.load(bell) !== 0) return null
    let over = false
    const poweredOn = async (): Promise<null> => {
      while (!over && this.load(bell) === 0) await sleep(LOOK_MS)
      return null
    }
    try {
      return await Promise.race([control.inspect(), exited.then(() => null), poweredOn()])
    } finally {
      over = true
    }
  }

  /** A worker that ends while the machine runs has died. When the machine has panicked, who panicked has more to say. */
  private workerEnded(index: number): void {
    if (this.ended) return
    const panicked = this.load(this.memory.global + GLOBAL.machineState) === MACHINE_STATE.panicked
    if (panicked && this.threads.some(({ alive }) => alive)) return
    this.panic({ kind: 'worker', message: `worker ${index} has ended` }, -1)
  }

  private take(message: WorkerMessage): void {
    switch (message.type) {
      case 'fault':
        this.events?.fault(message.program, message.message)
        break
      case 'panic':
        this.panic(message.cause, message.cpu)
        break
      case 'left':
        this.states.push(...message.states)
        this.operations += message.counters.operations
        this.parks += message.counters.parks
        this.stretches += message.counters.stretches
        break
    }
  }

  /** Hears the host's bell until the end. */
  private async listen(): Promise<void> {
    const { words } = this.memory
    const bell = this.memory.global + GLOBAL.hostBell
    while (!this.ended) {
      const seen = Atomics.load(words, bell)
      this.hear()
      const rung = Atomics.waitAsync(words, bell, seen)
      if (rung.async) await rung.value
    }
  }

  /** Looks at what the bell may be about: what has been logged first, for it was logged before what else there is. */
  private hear(): void {
    this.readLog()
    if (this.load(this.memory.global + GLOBAL.booted) === 1) this.up()
    this.events?.bell()
  }

  private readLog(): void {
    for (const line of this.log.read()) {
      if (line.level !== UEVENT) this.events?.log(line)
      else {
        const [action, subject] = line.text.split(' ')
        this.events?.uevent(action as DeviceAction, Number(subject), line.timeNs)
      }
    }
  }

  now(): number {
    return hrtimeNs() - this.epochNs
  }

  load(word: number): number {
    return Atomics.load(this.memory.words, word)
  }

  store(word: number, value: number): void {
    Atomics.store(this.memory.words, word, value)
    notifyWaiters(this.memory, word, -1)
  }

  clearBits(word: number, bits: number): void {
    Atomics.and(this.memory.words, word, ~bits)
  }

  post(slot: number): void {
    Atomics.or(this.memory.words, this.memory.global + GLOBAL.portPosted + (slot >> 5), 1 << (slot & 31))
    raisePort(this.memory)
  }

  setOutstanding(count: number, oldest: number, allowanceNs: number): void {
    if (!this.ended) this.watchdog.setOutstanding(count, oldest, allowanceNs)
  }

  private panic(cause: PanicCause, cpu: number): void {
    if (this.ended) return
    this.ended = true
    // Workers that can still answer say where their CPUs are before the report is made.
    void this.stopWorkers(MACHINE_STATE.panicked).then(() => {
      const { memory } = this
      const report = buildReport(memory, this.functions, (word) => this.load(word), cause, cpu, this.states)
      this.events?.panic(report)
      this.up()
    })
  }

  private stopWorkers(state: number): Promise<void> {
    this.closing ??= this.leave(state)
    return this.closing
  }

  private async leave(state: number): Promise<void> {
    this.ended = true
    this.watchdog.stop()
    Atomics.compareExchange(this.memory.words, this.memory.global + GLOBAL.machineState, MACHINE_STATE.running, state)
    ringAll(this.memory)
    ringHost(this.memory)
    const gone = Promise.all(this.threads.map((thread) => thread.exited))
    for (const { worker } of this.threads) worker.ref()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LEAVE_MS)
    })
    await Promise.race([gone, late])
    clearTimeout(timer)
    await Promise.all(this.threads.filter((thread) => thread.alive).map((thread) => thread.worker.terminate()))
    this.readLog()
  }

  async shutdown(): Promise<void> {
    await this.stopWorkers(MACHINE_STATE.halting)
  }

  /** Operations, parks and stretches of workers that have left: complete after shutdown. */
  counters(): Readonly<Record<string, number>> {
    return { operations: this.operations, parks: this.parks, stretches: this.stretches }
  }
}

/** A worker as comlink's endpoint: it listens as an event target does. */
function endpointOf(worker: Worker): Endpoint {
  const listeners = new Map<unknown, (data: unknown) => void>()
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer as Transferable[]),
    addEventListener(_type, listener) {
      const call = typeof listener === 'function' ? listener : listener.handleEvent.bind(listener)
      const heard = (data: unknown): void => call({ data } as MessageEvent)
      listeners.set(listener, heard)
      worker.on('message', heard)
    },
    removeEventListener(_type, listener) {
      const heard = listeners.get(listener)
      if (heard !== undefined) worker.off('message', heard)
    },
  }
}

function exitOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => worker.once('exit', () => resolve()))
}
