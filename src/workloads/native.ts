// Running a workload without any machine: its tasks in turn, in one loop, with no more of system calls than they need.
// For trials of users' workloads, and for benchmarks: what the same program does natively. What a system call answers, and
// what no program may do, is as on a machine (process/syscalls.ts, machine/programs.ts).
import { ERRNO } from '../base/errno.js'
import { Prng } from '../base/prng.js'
import { CALL, UserProcess, UserTask, type Workload } from './workload.js'

/** A program that does what no program may, or that waits for what never happens. The message says what. */
export class NativeFault extends Error {
  override readonly name = 'NativeFault'
}

const STATE = { ready: 0, asleep: 1, waits: 2, wantsLock: 3, done: 4 } as const

interface Run {
  state: number
  /** asleep: until when; waits: for which word; wantsLock: which lock */
  until: number
  /** what its last call answered */
  result: number
  /** how many of its migrateDisable are open */
  disabled: number
}

/** Where steps are run: what a worker thread has of its own. The memory is the same everywhere. */
interface Place {
  readonly workload: Workload
  readonly tasks: readonly UserTask[]
}

/** An instance, with its memory prepared. `work` and `seed` as in UserProcess. */
export function instantiate(workload: Workload, work: number, seed: number): UserProcess {
  const bytes = Math.ceil(Math.max(8, workload.bytes(work)) / 8) * 8
  const process = new UserProcess(new ArrayBuffer(bytes), 0, bytes, work, seed)
  workload.prepare(process)
  return process
}

/** Steps in a row that do no work, and steps for each unit of work, after which a program does not progress. */
const IDLE_STEPS = 10_000

export class NativeRun {
  readonly process: UserProcess
  private readonly workload: Workload
  private readonly places: readonly Place[]
  private readonly prng: Prng
  private readonly runs: readonly Run[]
  private readonly owners: number[]
  private readonly mostSteps: number
  private steps = 0
  private idle = 0
  private last = -1
  private now = 0

  /**
   * `elsewhere`: the same workload from another copy of its module. Then steps are run by the one and by the other, as
   * in two worker threads: a program that keeps something outside of its process's memory comes to a wrong result.
   */
  constructor(workload: Workload, work: number, seed: number, elsewhere?: Workload) {
    this.workload = workload
    this.process = instantiate(workload, work, seed)
    const count = workload.tasks ?? 1
    this.places = (elsewhere === undefined ? [workload] : [workload, elsewhere]).map((copy) => {
      const { buffer, byteLength } = this.process.bytes
      const process = copy === workload ? this.process : new UserProcess(buffer, 0, byteLength, work, seed)
      return { workload: copy, tasks: Array.from({ length: count }, (_, index) => new UserTask(process, index)) }
    })
    this.prng = new Prng(seed)
    this.runs = Array.from({ length: count }, () => ({ state: STATE.ready, until: 0, result: 0, disabled: 0 }))
    this.owners = new Array<number>(count).fill(-1)
    this.mostSteps = IDLE_STEPS * (1 + work * count)
  }

  get isDone(): boolean {
    return this.runs.every(({ state }) => state === STATE.done)
  }

  /** What came out; only when it is done. */
  get result(): string {
    return this.workload.result(this.process)
  }

  /**
   * Runs to the end. `budget` says how much to do in each step, `pick` whose step is next, of so many that can go on
   * (default: all in turn). A NativeFault for a program that does what it may not, or never ends.
   */
  finish(budget: () => number, pick?: (ready: number) => number): string {
    while (!this.isDone) {
      const ready = this.ready()
      const next = pick === undefined ? ready.find((index) => index > this.last) : ready[pick(ready.length)]
      this.last = next ?? ready[0]!
      this.step(this.last, budget())
    }
    return this.result
  }

  /** Tasks that can go on; time passes when all of them sleep. */
  private ready(): number[] {
    const ready = this.runs.flatMap(({ state }, index) => (state === STATE.ready ? [index] : []))
    if (ready.length > 0) return ready
    const sleepers = this.runs.filter(({ state }) => state === STATE.asleep)
    if (sleepers.length === 0) throw new NativeFault('its tasks wait for each other, or for what never happens')
    this.now = Math.min(...sleepers.map(({ until }) => until))
    for (const run of sleepers) if (run.until <= this.now) run.state = STATE.ready
    return this.ready()
  }

  /** One step of a task. */
  private step(index: number, budget: number): void {
    const run = this.runs[index]!
    const { workload, tasks } = this.places[this.places.length === 1 ? 0 : this.prng.below(this.places.length)]!
    const task = tasks[index]!
    task.result = run.result
    task.used = budget
    const call = workload.step(task, budget)
    if (!Number.isInteger(call) || call < 0 || call > CALL.migrateEnable) {
      throw new NativeFault(`its step answered ${String(call)}, which is no system call`)
    }
    if (!(task.used >= 0 && task.used <= budget)) {
      throw new NativeFault(`its step says that it did ${String(task.used)} of ${budget} units`)
    }
    this.checkProgress(task.used === 0 && call !== CALL.done)
    if (call === CALL.usedUp) return
    checkOperands(task, call)
    run.result = this.call(index, call, task.argument, task.value)
  }

  private checkProgress(isIdle: boolean): void {
    this.idle = isIdle ? this.idle + 1 : 0
    if (this.idle > IDLE_STEPS) throw new NativeFault(`its step has done nothing ${IDLE_STEPS} times in a row`)
    if (++this.steps > this.mostSteps) {
      throw new NativeFault(`it has not come to its end in ${this.mostSteps} steps`)
    }
  }

  private call(index: number, call: number, argument: number, value: number): number {
    const run = this.runs[index]!
    switch (call) {
      case CALL.done:
        run.state = STATE.done
        // As on a machine: who ends gives up what it holds.
        for (const n of this.owners.keys()) this.unlock(index, n)
        return 0
      case CALL.sleep:
        run.state = STATE.asleep
        run.until = this.now + Math.max(0, value)
        return 0
      case CALL.wait:
        if (this.process.words[argument] !== value) return -ERRNO.EAGAIN
        run.state = STATE.waits
        run.until = argument
        return 0
      case CALL.wake:
        return this.wake(argument, value)
      case CALL.lock:
        return this.lock(index, argument)
      case CALL.unlock:
        return this.unlock(index, argument)
      case CALL.setAffinity:
        return argument === 0 ? -ERRNO.EINVAL : 0
      case CALL.migrateDisable:
        run.disabled++
        return 0
      case CALL.migrateEnable:
        if (run.disabled === 0) return -ERRNO.EINVAL
        run.disabled--
        return 0
      default:
        return 0
    }
  }

  private wake(word: number, count: number): number {
    const waiting = this.runs.filter(({ state, until }) => state === STATE.waits && until === word)
    const woken = waiting.slice(0, Math.max(0, count))
    for (const run of woken) run.state = STATE.ready
    return woken.length
  }

  private lock(index: number, n: number): number {
    const owner = this.owners[n]
    if (owner === undefined) {
      throw new NativeFault(`it locks ${n}; there are locks 0 to ${this.owners.length - 1}, one for each task`)
    }
    if (owner === index) return -ERRNO.EDEADLK
    if (owner < 0) this.owners[n] = index
    else Object.assign(this.runs[index]!, { state: STATE.wantsLock, until: n })
    return 0
  }

  private unlock(index: number, n: number): number {
    const owner = this.owners[n]
    if (owner === undefined) return -ERRNO.EINVAL
    if (owner !== index) return -ERRNO.EPERM
    const next = this.runs.findIndex(({ state, until }) => state === STATE.wantsLock && until === n)
    this.owners[n] = next
    if (next >= 0) this.runs[next]!.state = STATE.ready
    return 0
  }
}

function checkOperands({ argument, value, process }: UserTask, call: number): void {
  const isWord = call === CALL.wait || call === CALL.wake
  if (isWord && !(Number.isInteger(argument) && argument >= 0 && argument < process.words.length)) {
    const does = call === CALL.wait ? 'waits for' : 'wakes'
    throw new NativeFault(`it ${does} word ${String(argument)}; there are words 0 to ${process.words.length - 1}`)
  }
  if (!Number.isInteger(argument) || !Number.isFinite(value)) {
    throw new NativeFault(`the operands of its system call are ${String(argument)} and ${String(value)}, not numbers`)
  }
}
