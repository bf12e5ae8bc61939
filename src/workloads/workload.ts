// What a workload is: a program that user tasks run, natively, a stretch at a time.
//
// `step(task, budget)` does up to `budget` units of work over its process's memory and answers with a system call, or that
// the budget is used up. It never blocks, and everything that must outlive it is in that memory: the next step may be in
// another worker thread.

/** System calls that a step may end with: what it answers. */
export const CALL = {
  /** no call: the budget is used up */
  usedUp: 0,
  done: 1,
  yield: 2,
  sleep: 3,
  wait: 4,
  wake: 5,
  lock: 6,
  unlock: 7,
  setAffinity: 8,
  migrateDisable: 9,
  migrateEnable: 10,
} as const

/** One instance of a workload: the memory that its tasks share, as three views of it; zero-filled at first. */
export class UserProcess {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly floats: Float64Array
  /** units of work for each of its tasks, at least 1 */
  readonly work: number
  /** uint32 */
  readonly seed: number

  /** `byteOffset` and `byteLength` are multiples of 8. */
  constructor(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, work: number, seed: number) {
    this.bytes = new Uint8Array(buffer, byteOffset, byteLength)
    this.words = new Int32Array(buffer, byteOffset, byteLength >> 2)
    this.floats = new Float64Array(buffer, byteOffset, byteLength >> 3)
    this.work = work
    this.seed = seed
  }
}

/** What a step is given: the task that it is a step of. The methods make system calls: a step returns what they answer. */
export class UserTask {
  readonly process: UserProcess
  /** which of the process's tasks, 0..tasks-1 */
  readonly index: number
  /** what the task's last system call answered: 0, a count, or a negative errno */
  result = 0
  /** units done by this step: the budget, unless the step says that it did fewer */
  used = 0
  /** the system call's operands */
  argument = 0
  value = 0

  constructor(process: UserProcess, index: number) {
    this.process = process
    this.index = index
  }

  private call(call: number, argument: number, value: number): number {
    this.argument = argument
    this.value = value
    return call
  }

  /** The task has done its work. */
  done(): number {
    return this.call(CALL.done, 0, 0)
  }

  /** Lets others run first. */
  yield(): number {
    return this.call(CALL.yield, 0, 0)
  }

  /** Sleeps for `ns` nanoseconds at least. */
  sleep(ns: number): number {
    return this.call(CALL.sleep, 0, ns)
  }

  /** Sleeps while process.words[word] is `value`. Result: 0 when woken, -EAGAIN when it had another value. */
  wait(word: number, value: number): number {
    return this.call(CALL.wait, word, value)
  }

  /** Wakes up to `count` tasks that wait for process.words[word]. Result: how many. */
  wake(word: number, count: number): number {
    return this.call(CALL.wake, word, count)
  }

  /** Takes kernel mutex `n` of the process, 0..tasks-1. Result: 0, -EDEADLK when the task has it, -EINVAL for no such. */
  lock(n: number): number {
    return this.call(CALL.lock, n, 0)
  }

  /** Gives it up. Result: 0, -EPERM when the task does not have it, -EINVAL for no such. */
  unlock(n: number): number {
    return this.call(CALL.unlock, n, 0)
  }

  /** Allows the task these CPUs, of 0..31: a RangeError for others. Result: 0, -EINVAL when none of them is active. */
  setAffinity(cpus: readonly number[]): number {
    let mask = 0
    for (const cpu of cpus) {
      if (!(Number.isInteger(cpu) && cpu >= 0 && cpu < 32)) {
        throw new RangeError(`setAffinity takes CPUs 0 to 31, not ${String(cpu)}`)
      }
      mask |= 1 << cpu
    }
    return this.call(CALL.setAffinity, mask, 0)
  }

  /** From here on the task does not change CPU, until migrateEnable. May be nested. */
  migrateDisable(): number {
    return this.call(CALL.migrateDisable, 0, 0)
  }

  migrateEnable(): number {
    return this.call(CALL.migrateEnable, 0, 0)
  }
}

/** A workload. Everything about it is in one module; users write their own: docs/workloads.md. */
export interface Workload {
  /** its tasks' comm: [a-z0-9-]{1,15} */
  readonly name: string
  readonly description: string
  /** tasks of one instance (default 1, at most 16) */
  readonly tasks?: number
  /** how long a unit takes, ns: about; what it costs in virtual time, and the first guess of the threads machine */
  readonly unitNs: number
  /** units that take roughly 200 ms natively */
  readonly typicalWork: number
  /** memory of an instance, bytes, at most 8 MiB */
  bytes(work: number): number
  /** Fills the memory before the first step. */
  prepare(process: UserProcess): void
  /** Does up to `budget` units (at least 1) of a task's work; answers a CALL. */
  step(task: UserTask, budget: number): number
  /** What came out, when all tasks are done. */
  result(process: UserProcess): string
  /** The same, computed without the simulation. */
  expected(work: number, seed: number): string
}
