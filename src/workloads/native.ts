// Running a workload without any machine: its tasks in turn, in one loop, with no more of system calls than they need.
// For trials of users' workloads, and for benchmarks: what the same program does natively.
import { CALL, UserProcess, UserTask, type Workload } from './workload.js'

/** A program that does what no program may, or that waits for what never happens. The message says what. */
export class NativeFault extends Error {
  override readonly name = 'NativeFault'
}

const STATE = { ready: 0, asleep: 1, waits: 2, wantsLock: 3, done: 4 } as const
const EAGAIN = 11
const EDEADLK = 35
const EPERM = 1

interface Run {
  readonly task: UserTask
  state: number
  /** asleep: until when; waits: for which word; wantsLock: which lock */
  until: number
}

/** An instance, with its memory prepared. `work` and `seed` as in UserProcess. */
export function instantiate(workload: Workload, work: number, seed: number): UserProcess {
  const bytes = Math.ceil(Math.max(8, workload.bytes(work)) / 8) * 8
  const process = new UserProcess(new ArrayBuffer(bytes), 0, bytes, work, seed)
  workload.prepare(process)
  return process
}

/** Steps in a row that do no work, sleep or end, after which the program counts as one that does not progress. */
const IDLE_STEPS = 10_000

export class NativeRun {
  readonly process: UserProcess
  private readonly workload: Workload
  private readonly runs: Run[]
  private readonly owners: number[]
  private idle = 0
  private now = 0

  constructor(workload: Workload, work: number, seed: number) {
    this.workload = workload
    this.process = instantiate(workload, work, seed)
    const count = workload.tasks ?? 1
    this.runs = Array.from({ length: count }, (_, index) => ({
      task: new UserTask(this.process, index),
      state: STATE.ready,
      until: 0,
    }))
    this.owners = new Array<number>(count).fill(-1)
  }

  get isDone(): boolean {
    return this.runs.every(({ state }) => state === STATE.done)
  }

  /** What came out; only when it is done. */
  get result(): string {
    return this.workload.result(this.process)
  }

  /** Runs to the end; `budget` says how much to do in each step, `pick` whose step is next of those that can. */
  finish(budget: () => number, pick: (ready: number) => number = () => 0): string {
    while (!this.isDone) {
      const ready = this.ready()
      this.step(ready[pick(ready.length)]!, budget())
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
  step(index: number, budget: number): void {
    const run = this.runs[index]!
    const { task } = run
    task.used = budget
    const call = this.workload.step(task, budget)
    if (!(task.used >= 0 && task.used <= budget)) {
      throw new NativeFault(`its step says that it did ${String(task.used)} of ${budget} units`)
    }
    this.idle = task.used === 0 && call !== CALL.sleep && call !== CALL.done ? this.idle + 1 : 0
    if (this.idle > IDLE_STEPS) throw new NativeFault(`its step has done nothing ${IDLE_STEPS} times in a row`)
    task.result = this.call(run, call)
  }

  private call(run: Run, call: number): number {
    const { task } = run
    const { argument, value } = task
    switch (call) {
      case CALL.usedUp:
        return task.result
      case CALL.done:
        run.state = STATE.done
        return 0
      case CALL.sleep:
        run.state = STATE.asleep
        run.until = this.now + value
        return 0
      case CALL.wait:
        if (this.process.words[argument] !== value) return -EAGAIN
        run.state = STATE.waits
        run.until = argument
        return 0
      case CALL.wake:
        return this.wake(argument, value)
      case CALL.lock:
        return this.lock(run, argument)
      case CALL.unlock:
        return this.unlock(task.index, argument)
      case CALL.yield:
      case CALL.setAffinity:
      case CALL.migrateDisable:
      case CALL.migrateEnable:
        return 0
      default:
        throw new NativeFault(`its step answered ${String(call)}, which is no system call`)
    }
  }

  private wake(word: number, count: number): number {
    const waiting = this.runs.filter(({ state, until }) => state === STATE.waits && until === word).slice(0, count)
    for (const run of waiting) run.state = STATE.ready
    return waiting.length
  }

  private lock(run: Run, n: number): number {
    const owner = this.owners[n]
    if (owner === undefined)
      throw new NativeFault(`it locks ${String(n)}; there are locks 0 to ${this.owners.length - 1}`)
    if (owner === run.task.index) return -EDEADLK
    if (owner < 0) this.owners[n] = run.task.index
    else {
      run.state = STATE.wantsLock
      run.until = n
    }
    return 0
  }

  private unlock(index: number, n: number): number {
    if (this.owners[n] !== index) return -EPERM
    const next = this.runs.find(({ state, until }) => state === STATE.wantsLock && until === n)
    this.owners[n] = next === undefined ? -1 : next.task.index
    if (next !== undefined) next.state = STATE.ready
    return 0
  }
}
