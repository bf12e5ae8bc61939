// The busy run: CPUs that all run tasks are taken down and brought up again, by several requesters at once, and
// everything about it is checked while it goes on.
//
//   boot; start the load
//   requesters: down, up, half-way, with failures, in each other's way      requester.ts
//   the load: tasks that end are started anew, each result is compared      load.ts
//   other loads, where they are asked for                                   ../loads
//   now and then: stop all CPUs, and look at the invariants of a machine that is stopped
//   at the end: every CPU up, every task to its end, the machine at rest, and all invariants
import { availableParallelism, loadavg } from 'node:os'
import { KernelError } from '../../src/base/errno.js'
import { UsageError } from '../../src/base/failure.js'
import { Prng } from '../../src/base/prng.js'
import { formatNs, NS_PER_MS } from '../../src/base/time.js'
import { checkStopped, InvariantCounter } from '../../src/invariants/check.js'
import type { World } from '../../src/invariants/invariant.js'
import { Machine } from '../../src/machine/machine.js'
import type { MachineOptions } from '../../src/machine/options.js'
import { STRETCH_CHECKS } from '../../src/machine/programs.js'
import { MachinePanic } from '../../src/machine/report.js'
import { PAGE } from '../../src/memory/layout.js'
import { bitsOf } from '../../src/ops/mask.js'
import type { BugName } from '../../src/ops/switches.js'
import { loadProfile } from '../../src/profiles/load.js'
import { PhaseReader } from '../../src/report/phases.js'
import { BUILT_IN } from '../../src/workloads/table.js'
import type { Workload } from '../../src/workloads/workload.js'
import { DetailReader } from '../details.js'
import { Loads, roomFor, type StartProcesses } from '../loads/loads.js'
import { checkAtRest } from '../settle.js'
import { Figures, tortureLine } from './figures.js'
import { Load } from './load.js'
import { type BusyOptions, DEFAULTS, MIX } from './options.js'
import { Board, Requester } from './requester.js'
import { type BusyFinding, type BusyVerdict, SCHEMA_VERSION } from './verdict.js'

/** Between two looks of the host, ms; a look that is later by STALL_MS says that the host stood still. */
const LOOK_MS = 20
const STALL_MS = 100
/** Between two checks of the invariants, unless told otherwise: the machine's time. */
const CHECK_NS = { threads: 500 * NS_PER_MS, deterministic: 5 * NS_PER_MS } as const
/** Of the ways down of a run, at least this part must have found a runnable task: 95 %. */
const BUSY_PART = 0.95
/** How long the last processes may take to come to their end: the machine's time. */
const FINISH_NS = { threads: 30_000 * NS_PER_MS, deterministic: 5_000 * NS_PER_MS } as const
/** Looks whether they have, in that time. */
const FINISH_LOOKS = 1000
/** How often the memory of this process is looked at. */
const SAMPLES = 20
/** Findings after which a run ends: what follows tells nothing new. */
const MOST_FINDINGS = 20

export async function runBusy(options: BusyOptions): Promise<BusyVerdict> {
  return await new BusyRun(options).run()
}

class BusyRun {
  private readonly o: BusyOptions
  private readonly findings: BusyFinding[] = []
  private readonly counter = new InvariantCounter()
  private readonly figures = new Figures()
  private readonly board: Board
  private readonly started = performance.now()
  private machine: Machine | null = null
  private load: Load | null = null
  private readonly loads = new Loads((what, message) => this.find(what, message))
  private phases: PhaseReader | null = null
  private details: DetailReader | null = null
  private ended = false
  private panic: MachinePanic | null = null
  private lost = 0
  private log: string[] = []
  /** resident memory of the process, at SAMPLES times of the run, bytes */
  private readonly memory: number[] = []

  constructor(options: BusyOptions) {
    this.o = options
    this.board = new Board(options.cpus)
  }

  async run(): Promise<BusyVerdict> {
    const { signal } = this.o
    const abort = (): void => void this.machine?.shutdown()
    signal?.addEventListener('abort', abort)
    try {
      this.machine = await Machine.boot(this.machineOptions())
      await this.drive(this.machine)
    } catch (error) {
      if (error instanceof MachinePanic) this.panic = error
      else if (signal?.aborted !== true) throw error
    } finally {
      signal?.removeEventListener('abort', abort)
      this.ended = true
      if (this.machine !== null) this.takeTrace(this.machine)
      await this.machine?.shutdown()
    }
    this.judgeBusy()
    return this.verdict()
  }

  private machineOptions(): MachineOptions {
    const { machine, cpus, workers, tasks, seed, profile, modules = [], watchdog, bugs = [], loads = [] } = this.o
    const besides = roomFor(loads, cpus)
    const room = tasks + besides.tasks + 16
    const workloads = this.mix()
    const bytes = Math.max(besides.bytes, ...workloads.map((workload) => workload.bytes(workload.typicalWork)))
    const common = {
      cpus,
      tasks: room,
      kthreads: besides.kthreads,
      devices: besides.devices,
      userMemory: Math.min(2 ** 30, room * (bytes + 4 * PAGE)),
      traceRecords: cpus <= 16 ? 16_384 : cpus <= 128 ? 4096 : 1024,
      workloads: modules.map(({ url }) => url),
      bugs: bugs as readonly BugName[],
      ...(profile === undefined ? {} : { profile }),
    }
    const limits = watchdog === undefined ? {} : { watchdog }
    if (machine === 'deterministic') return { ...common, ...limits, machine, seed }
    return { ...common, ...limits, machine, ...(workers === undefined ? {} : { workers }) }
  }

  /** The workloads to draw from: each as often as its weight says. */
  private mix(): Workload[] {
    const all = [...BUILT_IN, ...(this.o.modules ?? []).map(({ workload }) => workload)]
    const { workloads } = this.o
    if (workloads === undefined) return all.flatMap((w) => new Array<Workload>(MIX[w.name] ?? 1).fill(w))
    return workloads.map((name) => {
      const found = all.find((workload) => workload.name === name)
      if (found === undefined) {
        throw new UsageError(`there is no workload ${name}; there are ${all.map((w) => w.name).join(', ')}`)
      }
      return found
    })
  }

  private async drive(machine: Machine): Promise<void> {
    const { seed, tasks, requesters = DEFAULTS.requesters } = this.o
    const prng = new Prng(seed)
    const find = (what: string, message: string): void => this.find(what, message)
    const load = new Load(machine, prng.fork('load'), find)
    this.load = load
    this.phases = new PhaseReader((fn) => machine.functionName(fn))
    if (this.o.details === true) this.details = new DetailReader(machine)
    machine.trace()
    await load.start(tasks, this.mix())
    await this.startLoads(machine, prng)
    const beganNs = this.now(machine)
    const more = (): boolean => !this.isOver(machine, beganNs)
    const looks = this.look(machine, beganNs)
    const work = Array.from({ length: requesters }, (_, n) =>
      new Requester({
        machine,
        board: this.board,
        load,
        prng: prng.fork(`requester ${n}`),
        profile: loadProfile(this.o.profile ?? 'linux-6.1-minimal'),
        minOnline: this.o.minOnline ?? DEFAULTS.minOnline,
        failEvery: this.o.failEvery ?? DEFAULTS.failEvery,
        intervalNs: this.o.onoffIntervalNs ?? DEFAULTS.onoffIntervalNs,
        find,
        more,
      }).run(),
    )
    const checks = this.checkNowAndThen(machine, more)
    // The first to fail ends it: nobody waits for what a dead machine does not do.
    await Promise.race([Promise.all([...work, checks]), load.failure()])
    await this.lastCpu(machine)
    await this.loads.stop()
    await this.finish(machine, load)
    this.ended = true
    await looks
    await this.atRest(machine)
  }

  private async startLoads(machine: Machine, prng: Prng): Promise<void> {
    const find = (what: string, message: string): void => this.find(what, message)
    const processes: StartProcesses = async (tasks, workloads, options) => {
      const load = new Load(machine, prng.fork('loads'), find, options)
      await load.start(tasks, workloads)
      return load
    }
    await this.loads.start(machine, this.o.loads ?? [], processes)
  }

  private isOver(machine: Machine, beganNs: number): boolean {
    const { durationNs, cycles, signal } = this.o
    if (this.findings.length >= MOST_FINDINGS || signal?.aborted === true) return true
    if (durationNs !== undefined && this.now(machine) - beganNs >= durationNs) return true
    return cycles !== undefined && this.board.done.offline >= cycles
  }

  /** Every CPU up; then all but the first down, and that one can't go; and all up again. */
  private async lastCpu(machine: Machine): Promise<void> {
    const { cpus } = this.o
    const others = Array.from({ length: cpus - 1 }, (_, n) => n + 1)
    for (const cpu of others) await this.ask(`online of CPU ${cpu}`, () => machine.online(cpu), null)
    if (cpus > 8) return
    for (const cpu of others) await this.ask(`offline of CPU ${cpu}`, () => machine.offline(cpu), null)
    await this.ask('target 0 of the last CPU', () => machine.write('cpu0/hotplug/target', 0), 'EBUSY')
    for (const cpu of others) await this.ask(`online of CPU ${cpu}`, () => machine.online(cpu), null)
  }

  /** Lets every process come to its end; one that does not within reason has been forgotten somewhere. */
  private async finish(machine: Machine, load: Load): Promise<void> {
    const limit = this.o.finishNs ?? FINISH_NS[this.o.machine]
    let done = false
    const finished = Promise.all([load.finish(), this.loads.finish()]).then(() => {
      done = true
    })
    for (let waited = 0; !done && waited < limit; waited += limit / FINISH_LOOKS) {
      const sleep = machine.sleep(limit / FINISH_LOOKS)
      await Promise.race([finished, sleep])
      await sleep
    }
    if (done) return
    this.find('tasks-end', `${load.unfinished().join(', ')} did not come to an end in ${formatNs(limit)}`)
    await load.kill()
  }

  private async ask(what: string, act: () => Promise<void>, expected: string | null): Promise<void> {
    let errno: string | null = null
    try {
      await act()
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      errno = error.code
    }
    if (errno !== expected)
      this.find('answer', `${what}: answered ${errno ?? 'success'}, expected ${expected ?? 'success'}`)
  }

  private async checkNowAndThen(machine: Machine, more: () => boolean): Promise<void> {
    const intervalNs = this.o.checkIntervalNs ?? CHECK_NS[this.o.machine]
    // Not longer than usual at once: the run may be over before the next check is due.
    const sliceNs = Math.min(intervalNs, CHECK_NS[this.o.machine])
    for (let sleptNs = 0; more(); ) {
      await machine.sleep(sliceNs)
      sleptNs += sliceNs
      if (sleptNs < intervalNs) continue
      sleptNs = 0
      const world: World = {
        memory: machine.memory,
        functionName: (number) => machine.functionName(number),
        stalledSince: (timeNs) => this.figures.stalledSince(timeNs),
      }
      const report = await machine.freeze(() => checkStopped(world))
      this.counter.add(report)
      for (const { invariant, message } of report.violations) this.find(invariant, message)
      if (this.o.machine === 'deterministic') this.takeTrace(machine)
    }
  }

  private async atRest(machine: Machine): Promise<void> {
    const report = await checkAtRest(machine)
    this.counter.add(report)
    for (const { invariant, message } of report.violations) this.find(invariant, message)
    this.takeTrace(machine)
    this.log = machine.log.filter(({ level }) => level <= 4).map(({ text }) => text)
    for (const text of this.log) if (!/target_store/.test(text)) this.find('kernel-warnings', text)
  }

  /** The host's part: reads the trace before it is overwritten, and tells how far it is. */
  private async look(machine: Machine, beganNs: number): Promise<void> {
    const real = this.o.machine === 'threads'
    for (let last = performance.now(); !this.ended && machine.failure === null; ) {
      await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS))
      const now = performance.now()
      const end = this.now(machine)
      const late = now - last - LOOK_MS
      if (real && late > STALL_MS) this.figures.stall(end - late * NS_PER_MS, end)
      last = now
      if (real) this.takeTrace(machine)
      this.tell(machine, end - beganNs)
    }
  }

  private tell(machine: Machine, elapsedNs: number): void {
    const { durationNs, cycles, onProgress } = this.o
    const { offline, online } = this.board.done
    const part = durationNs !== undefined ? elapsedNs / durationNs : offline / (cycles ?? 1)
    const { memory } = machine
    let mask = ''
    for (let cpu = 0; cpu < Math.min(machine.cpus, 64); cpu++) {
      mask += (memory.get(memory.online + (cpu >> 5)) >>> (cpu & 31)) & 1 ? 'o' : '.'
    }
    if (part * SAMPLES >= this.memory.length) this.memory.push(process.memoryUsage().rss)
    onProgress?.({
      elapsedNs,
      part: Math.min(1, part),
      offlines: offline,
      onlines: online,
      migrations: this.figures.migrationCount,
      online: mask,
      cpusOnline: [...bitsOf(memory, memory.online)].length,
      findings: this.findings.length,
    })
  }

  private takeTrace(machine: Machine): void {
    const { phases } = this
    if (phases === null) return
    const before = machine.lostEvents
    const events = machine.trace()
    this.figures.count(events)
    if (machine.lostEvents !== before) {
      this.lost += machine.lostEvents - before
      phases.forget()
      this.details?.forget()
      return
    }
    const operations = phases.read(events)
    this.details?.take(events, operations)
    for (const operation of operations) {
      this.figures.operation(operation)
      this.o.onOperation?.(operation)
    }
  }

  private now(machine: Machine): number {
    return machine.counters().timeNs ?? (performance.now() - this.started) * NS_PER_MS
  }

  private find(what: string, message: string): void {
    if (this.findings.length < MOST_FINDINGS) this.findings.push({ what, message })
  }

  /** A run in which CPUs went down that had nothing to do has shown nothing. */
  private judgeBusy(): void {
    const { offlines, busy } = this.board
    if (this.panic !== null || this.o.signal?.aborted === true) return
    if (offlines > 0 && busy < BUSY_PART * offlines) {
      const part = ((100 * busy) / offlines).toFixed(1)
      this.find('busy', `of ${offlines} ways down only ${busy} (${part} %) found a runnable task; 95 % are wanted`)
    }
    const wanted = this.o.leastOfflines ?? 1
    if (this.board.done.offline < wanted) {
      this.find('busy', `only ${this.board.done.offline} ways down; ${wanted} are wanted`)
    }
    if (this.load !== null && this.load.results === 0) this.find('busy', 'no task has come to its end')
  }

  private verdict(): BusyVerdict {
    const { machine, cpus, workers, seed, signal } = this.o
    const { board, figures, load } = this
    const cores = availableParallelism()
    const threads = machine === 'threads' ? (workers ?? cpus) : null
    // A machine that dies after something was found has died of that.
    const violated = this.findings.length > 0 || this.panic?.report.cause.kind === 'violation'
    return {
      schemaVersion: SCHEMA_VERSION,
      outcome: violated ? 'failure' : this.panic !== null ? 'panic' : signal?.aborted ? 'interrupted' : 'success',
      machine,
      cpus,
      workers: threads,
      seed,
      profile: this.o.profile ?? 'linux-6.1-minimal',
      host: {
        cores,
        load: loadavg(),
        oversubscription: threads === null ? null : threads / cores,
        node: process.version,
        memory: this.memory,
      },
      elapsedMs: performance.now() - this.started,
      requests: board.requests,
      attempts: board.attempts,
      done: board.done,
      refused: Object.fromEntries(board.refused),
      torture: tortureLine(board.done, board.attempts, figures.onoff),
      offline: figures.way('offline'),
      online: figures.way('online'),
      bystanders: figures.bystander,
      stalls: {
        count: figures.stallCount,
        totalNs: figures.stallNs,
        worstNs: figures.worstStallNs,
        operations: figures.stalledOperations,
      },
      migrations: figures.migrations,
      busy: {
        offlines: board.offlines,
        busy: board.busy,
        runnable: Object.fromEntries([...board.runnable].sort(([a], [b]) => a - b)),
      },
      load: load === null ? null : load.figures(),
      loads: this.loads.figures(),
      details: this.details?.details(loadProfile(this.o.profile ?? 'linux-6.1-minimal')) ?? null,
      checked: this.checked(),
      lostEvents: this.lost,
      digest: this.machine?.counters().digest ?? null,
      findings: this.findings,
      panic: this.panic?.message ?? null,
      flight: this.machine === null ? [] : this.flight(this.machine),
    }
  }

  /** Those that are looked at when CPUs are stopped, or at rest; and those that are at every stretch of a user task. */
  private checked(): Record<string, number> {
    const stretches = this.machine?.counters().stretches ?? 0
    const always = Object.fromEntries(STRETCH_CHECKS.map((name) => [name, stretches]))
    return { ...Object.fromEntries(this.counter.checked), ...always }
  }

  /** The latest events of every CPU: what a flight recorder is for. Only when something went wrong. */
  private flight(machine: Machine): BusyVerdict['flight'] {
    if (this.panic === null && this.findings.length === 0) return []
    return Array.from({ length: machine.cpus }, (_, cpu) => ({ cpu, events: machine.latestEvents(cpu) }))
  }
}
