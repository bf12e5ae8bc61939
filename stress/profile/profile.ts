// The profile: under one load after the other, a busy CPU goes down and comes up again, and everything about it is timed.
//
//   for each value: boot; start the load; some cycles to warm up
//     cycle: bind the hogs to the CPU that will go; let the machine run for a while; down; up
//     what is between operations counts for the quiet throughput only
import { availableParallelism, loadavg } from 'node:os'
import { InvariantViolation } from '../../src/base/failure.js'
import { Prng } from '../../src/base/prng.js'
import { NS_PER_MS } from '../../src/base/time.js'
import { Machine } from '../../src/machine/machine.js'
import type { Task } from '../../src/machine/processes.js'
import { PAGE } from '../../src/memory/layout.js'
import { loadProfile } from '../../src/profiles/load.js'
import type { Way } from '../../src/report/measurement.js'
import { PhaseReader } from '../../src/report/phases.js'
import { BUILT_IN } from '../../src/workloads/table.js'
import type { Workload } from '../../src/workloads/workload.js'
import { DetailReader } from '../details.js'
import { Loads, type ProcessOptions, roomFor, type StartProcesses } from '../loads/loads.js'
import { runnableTasks } from '../runnable.js'
import type { ProfileOptions } from './options.js'
import { OperationRecorder } from './recorder.js'
import { type Point, type ProfileResult, SCHEMA_VERSION } from './result.js'
import type { Setting } from './sweep.js'
import { UserTime } from './throughput.js'

/** What the tasks do: workloads that never sleep, in turn. They have more work than they can do. */
const WORKLOADS = ['sha256', 'sieve', 'matrix', 'chase']
const ENDLESS = 2 ** 31 - 1
/** User tasks of a load: nothing comes of them. */
const ENDLESS_LOAD = { results: 0, wrong: 0, finish: async (): Promise<void> => {} }
/** Between two operations: the machine's time, in which the load spreads; more than a tick, at which idle CPUs are given some. */
const QUIET_NS = { threads: 10 * NS_PER_MS, deterministic: 5 * NS_PER_MS } as const
/** Before the first: a machine that has just booted has no sleeper that is far enough behind to preempt anybody (CFS). */
const SETTLE_NS = 50 * NS_PER_MS
/** Cycles before those that count: compilers have to see the code, virtual time knows none. */
const WARM_UP = { threads: 5, deterministic: 1 } as const

/** Measures one value after the other. An interrupted profile has those that were complete, and the one it was at. */
export async function runProfile(options: ProfileOptions): Promise<ProfileResult> {
  const { machine, sweep, seed, cycles, limitMs, signal } = options
  const deadline = performance.now() + limitMs
  const points: Point[] = []
  for (const [n, value] of sweep.values.entries()) {
    if (signal?.aborted === true) break
    const share = (deadline - performance.now()) / (sweep.values.length - n)
    const point = await new Load(options, value).measure(performance.now() + Math.max(0, share))
    if (point !== null) points.push(point)
  }
  return {
    kind: 'cpuhp-profile',
    schemaVersion: SCHEMA_VERSION,
    outcome: signal?.aborted === true ? 'interrupted' : 'success',
    machine,
    sweep: sweep.target.name,
    seed,
    profile: options.profile ?? 'linux-6.1-minimal',
    cycles,
    host: { cores: availableParallelism(), load: loadavg(), node: process.version },
    points,
  }
}

/** The machine under one load. */
class Load {
  private readonly o: ProfileOptions
  private readonly value: number
  private readonly setting: Setting
  private readonly prng: Prng
  private readonly recorder = new OperationRecorder()
  private readonly user = { quiet: new UserTime(), offline: new UserTime(), online: new UserTime() }
  private readonly hogs: Task[] = []
  private readonly loads = new Loads((what, message) => {
    this.failure ??= new InvariantViolation(what, message)
  })
  private cycles = 0
  private busy = 0
  private warm = false

  constructor(options: ProfileOptions, value: number) {
    const { cpus, tasks, hogs, loads, sweep, seed } = options
    this.o = options
    this.value = value
    this.setting = sweep.target.set({ cpus, tasks, hogs, loads }, value)
    this.prng = new Prng(seed).fork(value)
  }

  /** Null when it was interrupted before it was under way. */
  async measure(deadline: number): Promise<Point | null> {
    const began = performance.now()
    const machine = await this.boot()
    const { signal } = this.o
    const abort = (): void => void machine.shutdown()
    signal?.addEventListener('abort', abort)
    const phases = new PhaseReader((fn) => machine.functionName(fn))
    const details = new DetailReader(machine)
    try {
      await this.start(machine)
      await machine.sleep(SETTLE_NS)
      const inTime = (): boolean => performance.now() < deadline
      for (let n = 0; n < WARM_UP[machine.kind] && inTime(); n++) await this.cycle(machine, phases, details)
      this.warm = true
      while (this.cycles < this.o.cycles && (this.cycles === 0 || inTime())) {
        await this.cycle(machine, phases, details)
        this.o.onProgress?.(this.value, ++this.cycles)
      }
      await this.loads.stop(machine)
      if (this.failure !== null) throw this.failure
    } catch (error) {
      if (signal?.aborted !== true) throw error
      if (this.cycles === 0) return null
    } finally {
      signal?.removeEventListener('abort', abort)
      await machine.shutdown()
    }
    return this.point(machine, details, performance.now() - began)
  }

  private async boot(): Promise<Machine> {
    const { machine, seed, profile, workers } = this.o
    const { cpus, tasks, hogs, loads } = this.setting
    const besides = roomFor(loads, cpus)
    const room = tasks + hogs + besides.tasks + 16
    const bytes = Math.max(besides.bytes, ...programs().map((workload) => workload.bytes(ENDLESS)))
    const common = {
      cpus,
      tasks: room,
      kthreads: besides.kthreads,
      devices: besides.devices,
      userMemory: Math.min(2 ** 30, room * (bytes + 4 * PAGE)),
      traceRecords: cpus <= 16 ? 16_384 : cpus <= 128 ? 4096 : 1024,
      ...(profile === undefined ? {} : { profile }),
    }
    return await Machine.boot(
      machine === 'deterministic' ? { ...common, machine, seed } : { ...common, machine, workers: workers(cpus) },
    )
  }

  private async start(machine: Machine): Promise<void> {
    const { tasks, hogs, loads } = this.setting
    const all = programs()
    for (let n = 0; n < tasks + hogs; n++) {
      const task = await this.spawn(machine, all, n, { name: n < tasks ? 'task' : 'hog' })
      if (n >= tasks) this.hogs.push(task)
    }
    const processes: StartProcesses = async (count, workloads, options) => {
      for (let n = 0; n < count; n++) await this.spawn(machine, workloads, n, { name: 'load', ...options })
      return ENDLESS_LOAD
    }
    await this.loads.start(machine, loads, processes)
  }

  /** Starts a task that has more work than it can do; the workloads have their turns. */
  private async spawn(
    machine: Machine,
    workloads: readonly Workload[],
    n: number,
    options: { readonly name: string } & ProcessOptions,
  ): Promise<Task> {
    const workload = workloads[n % workloads.length]!.name
    const task = await machine.spawn({ workload, work: ENDLESS, seed: n + 1, ...options })
    // Whoever ends with the machine ends as it should.
    task.result.then(undefined, (error: Error) => this.ended(machine, error))
    return task
  }

  /** A program that failed while the machine was well ends the measurement. */
  private ended(machine: Machine, error: Error): void {
    if (machine.failure === null) this.failure = error
  }

  private failure: Error | null = null

  private async cycle(machine: Machine, phases: PhaseReader, details: DetailReader): Promise<void> {
    const cpu = 1 + this.prng.below(machine.cpus - 1)
    for (const hog of this.hogs) await hog.setAffinity(String(cpu))
    const quiet = (): Promise<void> => machine.sleep(QUIET_NS[machine.kind])
    if (this.warm) await this.user.quiet.during(machine, cpu, quiet)
    else await quiet()
    if (this.warm && runnableTasks(machine, cpu) > 0) this.busy++
    for (const way of ['offline', 'online'] as const) await this.operation(machine, phases, details, cpu, way)
    if (this.failure !== null) throw this.failure
  }

  private async operation(
    machine: Machine,
    phases: PhaseReader,
    details: DetailReader,
    cpu: number,
    way: Way,
  ): Promise<void> {
    const act = (): Promise<void> => machine[way](cpu)
    details.skip(machine.trace())
    phases.forget()
    if (!this.warm) return await act()
    const lost = machine.lostEvents
    await this.user[way].during(machine, cpu, act)
    const events = machine.trace()
    if (machine.lostEvents !== lost) return details.forget()
    const operations = phases.read(events)
    details.take(events, operations)
    for (const operation of operations) this.recorder.add(operation)
  }

  private point(machine: Machine, details: DetailReader, elapsedMs: number): Point {
    const { recorder, setting, value, cycles, busy, user, o } = this
    const [quiet, offline, online] = [user.quiet.part, user.offline.part, user.online.part]
    return {
      value,
      label: o.sweep.target.label(value),
      ...{ cpus: setting.cpus, tasks: setting.tasks, hogs: setting.hogs },
      workers: machine.kind === 'threads' ? o.workers(setting.cpus) : null,
      cycles,
      busy,
      elapsedMs,
      loads: this.loads.figures(),
      lostEvents: machine.lostEvents,
      offline: recorder.way('offline'),
      online: recorder.way('online'),
      bystanders: recorder.bystanders,
      throughput: quiet === null || offline === null || online === null ? null : { quiet, offline, online },
      details: details.details(loadProfile(o.profile ?? 'linux-6.1-minimal')),
      samples: recorder.samples,
    }
  }
}

function programs(): Workload[] {
  return WORKLOADS.map((name) => BUILT_IN.find((workload) => workload.name === name)!)
}
