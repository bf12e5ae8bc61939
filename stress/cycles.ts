// Cycles: CPUs go down and come up again, in many ways, on one machine after the other. Every answer is held against a
// model that knows nothing of the kernel, and so are the control files, the callbacks in the trace, and the invariants.
//
//   for each cycle    draw it from the seed; make its requests
//   after each one    answer, files, callbacks; at rest, the invariants (threads: not every time)
//   at the end        deterministic: run the first cycles once more; they must lead to the same digest

import { formatCpuList } from '../src/base/cpulist.js'
import { type ErrnoName, KernelError } from '../src/base/errno.js'
import { Prng } from '../src/base/prng.js'
import { InvariantCounter } from '../src/invariants/check.js'
import { Machine } from '../src/machine/machine.js'
import type { MachineOptions } from '../src/machine/options.js'
import { MachinePanic } from '../src/machine/report.js'
import { PERCPU } from '../src/memory/structs.js'
import { loadProfile } from '../src/profiles/load.js'
import type { Profile } from '../src/profiles/profile.js'
import { differenceOf, observe } from './calls.js'
import { describeRequest, type Expectation, Model, type Request } from './model.js'
import { type Cycle, type Group, nextCycle } from './plan.js'
import { checkAtRest } from './settle.js'
import { type Finding, LatencyRecorder, type Outcome, type Verdict } from './verdict.js'

export interface CyclesOptions {
  readonly machine: 'threads' | 'deterministic'
  readonly cycles: number
  /** at least 2: CPU 0 stays up */
  readonly cpus: number
  readonly seed: number
  /** threads: how many worker threads (default: one for each CPU) */
  readonly workers?: number
  /** a profile's name or file (default linux-6.1-minimal) */
  readonly profile?: string
  /** requests from one check of the invariants to the next (default: threads 7, deterministic 1) */
  readonly checkEvery?: number
  /** called after every cycle */
  readonly onCycle?: (done: number) => void
  /** ends the run where it is, and shuts the machine down */
  readonly signal?: AbortSignal
  /** for tests: what boots a machine */
  readonly boot?: (options: MachineOptions) => Promise<Machine>
}

const DEFAULT_PROFILE = 'linux-6.1-minimal'
/** Cycles at the beginning that a deterministic machine runs twice. */
const REPEATED = 20
/** On threads settling takes time; an odd number, so that CPUs are found down as well as up. */
const CHECK_EVERY = { threads: 7, deterministic: 1 } as const

/** Runs cycles and says how it went. A UsageError for options that make no sense; what the machine does never throws. */
export async function runCycles(options: CyclesOptions): Promise<Verdict> {
  const run = new Run(options)
  const first = Math.min(REPEATED, options.cycles)
  const outcome = await run.go(options.cycles, first)
  if (outcome !== 'success' || options.machine !== 'deterministic') return run.verdict(outcome, null)
  const again = new Run(options)
  const second = await again.go(first, first)
  if (second === 'interrupted') return run.verdict(second, null)
  if (second !== 'success') return again.verdict(second, null)
  if (again.digest === run.digestOfFirst) return run.verdict(outcome, first)
  run.find('digest', `${first} cycles led to the digest ${run.digestOfFirst}, and run again to ${again.digest}`)
  return run.verdict('violation', null)
}

/** What a machine did, seen from outside. */
interface Answer {
  readonly errno: ErrnoName | null
  readonly ns: number
}

class Run {
  private readonly findings: Finding[] = []
  digest: number | null = null
  digestOfFirst: number | null = null
  private readonly options: CyclesOptions
  private readonly profile: Profile
  private readonly prng: Prng
  private readonly model: Model
  private readonly counter = new InvariantCounter()
  private readonly offline = new LatencyRecorder()
  private readonly online = new LatencyRecorder()
  private readonly ways: Record<string, number> = {}
  private readonly started = performance.now()
  private way = ''
  private done = 0
  private groups = 0
  private requests = 0
  private untraced = 0
  private interrupts = 0
  private calls = 0
  private operations = 0
  private panic: string | null = null

  constructor(options: CyclesOptions) {
    this.options = options
    this.profile = loadProfile(options.profile ?? DEFAULT_PROFILE)
    this.prng = new Prng(options.seed).fork('cycles')
    this.model = new Model(this.profile, options.cpus)
  }

  /** Runs that many cycles on a machine of its own; notes the digest after the first few. */
  async go(cycles: number, first: number): Promise<Outcome> {
    const { signal } = this.options
    let machine: Machine | null = null
    // Ending the machine rejects the request that is under way, and with it the run.
    const abort = (): void => void machine?.shutdown()
    signal?.addEventListener('abort', abort)
    try {
      machine = await (this.options.boot ?? Machine.boot)(this.machineOptions())
      // What happened at boot is nobody's request.
      machine.trace()
      while (this.done < cycles && this.findings.length === 0 && !signal?.aborted) {
        await this.cycle(machine, nextCycle(this.prng, this.profile, this.options.cpus))
        if (this.done === first) this.digestOfFirst = machine.counters().digest ?? null
      }
    } catch (error) {
      if (error instanceof MachinePanic) this.panic = error.message
      else if (!signal?.aborted) throw error
    } finally {
      signal?.removeEventListener('abort', abort)
      await machine?.shutdown()
      if (machine !== null) this.takeCounts(machine)
    }
    if (this.panic !== null) return 'panic'
    if (this.findings.length > 0) return 'violation'
    return this.done < cycles ? 'interrupted' : 'success'
  }

  private machineOptions(): MachineOptions {
    const { machine, cpus, seed, workers } = this.options
    // Room in the rings for what one request leaves there: an operation sends an interrupt to every CPU.
    const traceRecords = Math.max(1024, 2 ** Math.ceil(Math.log2(Math.min(4 * cpus, 4096))))
    const options = { cpus, profile: this.profile, traceRecords }
    if (machine === 'deterministic') return { ...options, machine, seed }
    return { ...options, machine, ...(workers === undefined ? {} : { workers }) }
  }

  private async cycle(machine: Machine, cycle: Cycle): Promise<void> {
    this.way = cycle.way
    for (const group of cycle.groups) {
      await this.group(machine, group)
      if (this.findings.length > 0) return
      const every = this.options.checkEvery ?? CHECK_EVERY[this.options.machine]
      if (++this.groups % every === 0) await this.checkInvariants(machine)
      if (this.findings.length > 0) return
    }
    this.ways[cycle.way] = (this.ways[cycle.way] ?? 0) + 1
    this.done++
    this.options.onCycle?.(this.done)
  }

  private async checkInvariants(machine: Machine): Promise<void> {
    const report = await checkAtRest(machine)
    this.counter.add(report)
    for (const { invariant, message } of report.violations) this.find(invariant, message)
  }

  /** Makes requests at the same time, and looks at what came of them. */
  private async group(machine: Machine, group: Group): Promise<void> {
    const before = group.map(({ cpu }) => this.model.cpus[cpu]!.state)
    const expected = group.map((request) => this.model.expect(request))
    const answers = await Promise.all(group.map((request) => ask(machine, request)))
    this.requests += group.length
    for (const [n, request] of group.entries()) {
      const [wanted, answer] = [expected[n]!, answers[n]!]
      if (answer.errno !== wanted.errno) {
        const [got, should] = [answer.errno ?? 'success', wanted.errno ?? 'success']
        this.find('answer', `${describeRequest(request)}: answered ${got}, expected ${should}`)
      } else if (group.length === 1) this.time(request.do, before[n]!, this.model.cpus[request.cpu]!.state, answer.ns)
    }
    await this.checkFiles(machine, group)
    this.checkCalls(machine, group, expected)
  }

  /** Only whole ways are timed: from all the way up to all the way down, and back. */
  private time(what: Request['do'], from: number, to: number, ns: number): void {
    if (what === 'offline' && from === this.profile.online && to === 0) this.offline.record(ns)
    if (what === 'online' && from === 0 && to === this.profile.online) this.online.record(ns)
  }

  private async checkFiles(machine: Machine, group: Group): Promise<void> {
    const check = async (path: string, wanted: string | number): Promise<void> => {
      const text = await machine.read(path)
      if (text === String(wanted)) return
      this.find(
        'files',
        `after ${group.map(describeRequest).join(' and ')}: ${path} is '${text}', expected '${wanted}'`,
      )
    }
    await check('online', formatCpuList(this.model.online))
    await check('offline', formatCpuList(this.model.offline))
    for (const { cpu } of group) {
      const files = this.model.cpus[cpu]!
      await check(`cpu${cpu}/hotplug/state`, files.state)
      await check(`cpu${cpu}/hotplug/target`, files.target)
      await check(`cpu${cpu}/hotplug/fail`, files.fail)
      if (cpu !== 0) await check(`cpu${cpu}/online`, files.device ? 1 : 0)
    }
  }

  private checkCalls(machine: Machine, group: Group, expected: readonly Expectation[]): void {
    const lostBefore = machine.lostEvents
    const events = machine.trace()
    for (const { event } of events) if (event === 'ipi_raise') this.interrupts++
    if (machine.lostEvents !== lostBefore) {
      this.untraced += group.length
      return
    }
    const { calls, problems } = observe(events, (fn) => machine.functionName(fn))
    for (const problem of problems) this.find('callbacks', problem)
    for (const [n, request] of group.entries()) {
      const difference = differenceOf(expected[n]!.calls, calls.get(request.cpu) ?? [])
      if (difference !== null) this.find('callbacks', `${describeRequest(request)}: ${difference}`)
    }
    for (const subject of calls.keys()) {
      if (!group.some(({ cpu }) => cpu === subject)) this.find('callbacks', `callbacks were called for CPU ${subject}`)
    }
  }

  find(what: string, message: string): void {
    this.findings.push({ cycle: Math.min(this.done + 1, this.options.cycles), way: this.way, what, message })
  }

  private takeCounts(machine: Machine): void {
    const counters = machine.counters()
    this.operations = counters.operations ?? 0
    this.digest = counters.digest ?? null
    for (let cpu = 0; cpu < machine.cpus; cpu++) {
      this.calls += machine.memory.get(machine.memory.percpu(cpu) + PERCPU.callsRun)
    }
  }

  verdict(outcome: Outcome, repeated: number | null): Verdict {
    const { machine, cpus, seed, workers, cycles } = this.options
    return {
      outcome,
      machine,
      cpus,
      workers: machine === 'threads' ? (workers ?? cpus) : null,
      seed,
      profile: this.profile.name,
      cycles: this.done,
      asked: cycles,
      requests: this.requests,
      ways: this.ways,
      checks: this.counter.total,
      findings: this.findings,
      offline: this.offline.summary(),
      online: this.online.summary(),
      operations: this.operations,
      interrupts: this.interrupts,
      calls: this.calls,
      untraced: this.untraced,
      digest: this.digest,
      repeated,
      elapsedMs: performance.now() - this.started,
      panic: this.panic,
      command: this.command(),
    }
  }

  private command(): string {
    const { machine, cpus, seed, workers, profile } = this.options
    // A cycle more than were completed: that is the one in which it happened.
    const cycles = Math.min(this.done + 1, this.options.cycles)
    const spread = workers === undefined ? '' : ` --workers ${workers}`
    const table = profile === undefined ? '' : ` --profile ${profile}`
    return `cpuhp cycles --machine ${machine} --cpus ${cpus}${spread}${table} --seed ${seed} --cycles ${cycles}`
  }
}

/** Makes a request. What the kernel refuses is an answer; what else goes wrong is thrown. */
async function ask(machine: Machine, request: Request): Promise<Answer> {
  const start = now(machine)
  let errno: ErrnoName | null = null
  try {
    if ('value' in request) await machine.write(`cpu${request.cpu}/hotplug/${request.do}`, request.value)
    else await machine[request.do](request.cpu)
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    errno = error.code
  }
  return { errno, ns: now(machine) - start }
}

/** Nanoseconds: virtual ones where time is virtual. */
function now(machine: Machine): number {
  return machine.counters().timeNs ?? performance.now() * 1e6
}
