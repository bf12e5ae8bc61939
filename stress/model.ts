// What must come of a request: a model of hotplug that knows the step table and the rules of the control files, and
// nothing of the kernel that it is held against. It follows one CPU at a time, since that is how operations go.
//
// What it leaves out is what no kernel survives, see survives(). Suspend is a sequence of ways down and up: see suspend().
import type { ErrnoName } from '../src/base/errno.js'
import type { Profile, StepDescription } from '../src/profiles/profile.js'

export type Request =
  | { readonly do: 'offline' | 'online'; readonly cpu: number }
  | { readonly do: 'target' | 'fail'; readonly cpu: number; readonly value: number }

export function describeRequest(request: Request): string {
  return 'value' in request
    ? `${request.do} ${request.value} of CPU ${request.cpu}`
    : `${request.do} of CPU ${request.cpu}`
}

/** What a CPU's control files show. */
export interface CpuFiles {
  state: number
  target: number
  fail: number
  /** the device's own flag: whether `online` reads 1 */
  device: boolean
  /** in no file: whether the CPU is in the mask of dying CPUs, as long as its latest way, or way back, was one down */
  dying: boolean
}

/** A callback that is traced: its step and its function, as often as it has instances. */
export interface Call {
  readonly step: number
  readonly function: string
}

export interface Expectation {
  /** null: it succeeds */
  readonly errno: ErrnoName | null
  /** the callbacks that are called, in this order */
  readonly calls: readonly Call[]
}

const BRINGUP = 91
const AP_ONLINE = 152
const TEARDOWN = 153
const IDLE = 154
const ACTIVE = 235
const KICK = 'cpuhp_kick_ap_work'
const NOTHING: Expectation = { errno: null, calls: [] }

const refused = (errno: ErrnoName): Expectation => ({ errno, calls: [] })
/** STARTING and DYING callbacks run where no event is recorded. */
const isTraced = (state: number): boolean => state <= BRINGUP || state >= TEARDOWN

export class Model {
  readonly cpus: CpuFiles[] = []
  private readonly steps = new Map<number, StepDescription>()
  private readonly last: number
  private readonly stateControl: boolean

  /** All `cpus` CPUs are up. */
  constructor(profile: Profile, cpus: number) {
    for (const step of profile.states) this.steps.set(step.state, step)
    this.last = profile.online
    this.stateControl = profile.stateControl
    // The boot CPU's target is not set before it is first changed.
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.cpus.push({ state: this.last, target: cpu === 0 ? 0 : this.last, fail: -1, device: true, dying: false })
    }
  }

  get online(): number[] {
    return [...this.cpus.keys()].filter((cpu) => this.cpus[cpu]!.state >= IDLE)
  }

  get offline(): number[] {
    return [...this.cpus.keys()].filter((cpu) => this.cpus[cpu]!.state < IDLE)
  }

  /** CPUs that tasks may run on. */
  get active(): number[] {
    return [...this.cpus.keys()].filter((cpu) => this.cpus[cpu]!.state >= ACTIVE)
  }

  get dying(): number[] {
    return [...this.cpus.keys()].filter((cpu) => this.cpus[cpu]!.dying)
  }

  /**
   * Whether Linux lives through a request for certain. It does not when a CPU that is up is sent to a state of the DYING
   * section (it dies in a state that is not that of a dead CPU, or is never reported dead), nor when no CPU is left for the
   * tasks that carry the request out: an active one for user tasks, one that is not dying for unbound kernel threads.
   */
  survives(request: Request): boolean {
    const { state } = this.cpus[request.cpu]!
    if (request.do === 'fail' || request.do === 'online') return true
    const target = 'value' in request ? request.value : 0
    if (target >= state) return true
    if (state >= IDLE && target > BRINGUP && target < TEARDOWN) return false
    return this.active.some((cpu) => cpu !== request.cpu && !this.cpus[cpu]!.dying)
  }

  /** Whether it lives through a suspend: the first online CPU is the one that is left. */
  survivesSuspend(): boolean {
    const [first] = this.online
    return first !== undefined && this.active.includes(first) && !this.cpus[first]!.dying
  }

  /**
   * What must come of a suspend that takes CPUs down: all that are online but the first go down in their order, up to the
   * first that does not; those that did come back, all the way up. The devices' flags stay.
   */
  suspend(): { readonly errno: ErrnoName | null; readonly calls: ReadonlyMap<number, readonly Call[]> } {
    const calls = new Map<number, Call[]>()
    const down: number[] = []
    let errno: ErrnoName | null = null
    for (const cpu of this.online.slice(1)) {
      const expected = this.down(this.cpus[cpu]!, 0)
      calls.set(cpu, [...expected.calls])
      errno = expected.errno
      if (errno !== null) break
      down.push(cpu)
    }
    for (const cpu of down) calls.get(cpu)!.push(...this.up(this.cpus[cpu]!, this.last).calls)
    return { errno, calls }
  }

  /** Says what must come of a request, and goes on from there. */
  expect(request: Request): Expectation {
    const files = this.cpus[request.cpu]!
    switch (request.do) {
      case 'fail':
        return this.setFail(files, request.value)
      case 'target':
        return this.setTarget(files, request.value)
      default:
        return this.setDevice(files, request.cpu, request.do === 'online')
    }
  }

  private setDevice(files: CpuFiles, cpu: number, up: boolean): Expectation {
    if (!up && cpu === 0) return refused('EPERM')
    if (files.device === up) return NOTHING
    const expected = this.move(files, up ? this.last : 0)
    if (expected.errno === null) files.device = up
    return expected
  }

  private setTarget(files: CpuFiles, target: number): Expectation {
    const step = this.steps.get(target)
    const ends = target === 0 || target === this.last
    if (step === undefined || step.cantStop || !(this.stateControl || ends)) return refused('EINVAL')
    if (files.state === target) files.target = target
    return this.move(files, target)
  }

  private setFail(files: CpuFiles, state: number): Expectation {
    if (state !== -1) {
      const step = this.steps.get(state)
      const atomic = state > BRINGUP && state <= 151
      const tooLate = state <= BRINGUP && files.state > BRINGUP
      if (!(step?.startup || step?.teardown) || atomic || tooLate) return refused('EINVAL')
    }
    files.fail = state
    return NOTHING
  }

  private move(files: CpuFiles, target: number): Expectation {
    if (files.state === target) return NOTHING
    if (files.state < target) return this.up(files, target)
    // Somebody else must be online to do it; and the last online CPU does not bury others either.
    if (this.online.length === 1) return refused('EBUSY')
    return this.down(files, target)
  }

  private up(files: CpuFiles, target: number): Expectation {
    const before = files.state
    const calls: Call[] = []
    // From the PREPARE section on, cpu:bringup takes the CPU to where it idles, and its thread does the rest.
    if (before >= IDLE) calls.push({ step: before, function: KICK })
    const failed = this.walk(files, calls, before, target, true)
    if (failed === null) {
      files.target = target
      files.state = target > BRINGUP && target < IDLE ? IDLE : target
      files.dying = false
      return { errno: null, calls }
    }
    this.walk(files, calls, failed - 1, before, false)
    files.dying = true
    files.target = before
    return { errno: 'EAGAIN', calls }
  }

  private down(files: CpuFiles, target: number): Expectation {
    const before = files.state
    const calls: Call[] = []
    if (before >= IDLE) calls.push({ step: before, function: KICK })
    const failed = this.walk(files, calls, before, target, false)
    if (failed === null) {
      files.target = target
      files.state = target
      files.dying = true
      return { errno: null, calls }
    }
    files.dying = false
    if (before >= IDLE && failed <= BRINGUP) {
      // Burying it has failed: it is brought back up as far as it goes by itself, and stays there.
      this.walk(files, calls, failed, BRINGUP, true)
      files.state = IDLE
      files.target = TEARDOWN
    } else {
      this.walk(files, calls, failed, before, true)
      files.target = before
    }
    return { errno: 'EAGAIN', calls }
  }

  /** Adds the callbacks between two states. Answers the step that fails, which is not called; null when none does. */
  private walk(files: CpuFiles, calls: Call[], from: number, to: number, up: boolean): number | null {
    for (let state = from; state !== to; state += up ? 1 : -1) {
      const step = this.steps.get(up ? state + 1 : state)
      const called = up ? step?.startup : step?.teardown
      if (!step || !called) continue
      if (files.fail === step.state) {
        files.fail = -1
        // The last of the steps with interrupts off can be told to fail, and is only warned about.
        if (step.state === AP_ONLINE) continue
        return step.state
      }
      if (!isTraced(step.state)) continue
      for (let n = step.multi ? step.instances : 1; n > 0; n--) calls.push({ step: step.state, function: called })
    }
    return null
  }
}
