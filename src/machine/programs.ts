// Running user tasks' programs natively: what the operation `execute` does, on both machines.
//
// A task's state lies in shared memory; here are only views of it, kept for the tasks that have run in this worker.
import { InvariantViolation } from '../base/failure.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP, PROGRAM, STEP, TASK } from '../memory/structs.js'
import type { FunctionTable } from '../ops/cpu.js'
import { testBit } from '../ops/mask.js'
import { CALL, UserProcess, UserTask, type Workload } from '../workloads/workload.js'

/** What `execute` answers when the program has thrown, or done what no program may. */
export const FAULT = -1
const CALLS = Object.keys(CALL).length

/** The invariants that are checked at every stretch of a user task, in begin and end. */
export const STRETCH_CHECKS = ['tasks-run-once', 'vacated', 'affinity'] as const

/** A program that has thrown: what it said, for whoever waits for its result. */
export type FaultListener = (program: number, message: string) => void

interface Running {
  readonly pid: number
  readonly task: UserTask
  /** number of its workload */
  readonly workload: number
}

export class Programs {
  private readonly memory: Memory
  private readonly workloads: readonly Workload[]
  private readonly onFault: FaultListener
  /** below this state a CPU has been vacated */
  private readonly vacatedBelow: number
  private readonly running = new Map<number, Running>()

  constructor(memory: Memory, workloads: readonly Workload[], vacatedBelow: number, onFault: FaultListener) {
    this.memory = memory
    this.workloads = workloads
    this.vacatedBelow = vacatedBelow
    this.onFault = onFault
  }

  /** Number of the workload that a task runs. */
  workloadOf(task: number): number {
    return this.runningOf(task).workload
  }

  /** The stretch of a task on a CPU begins: it may run there, and nowhere else meanwhile. */
  begin(task: number, cpu: number): void {
    const { memory } = this
    const other = memory.get(task + TASK.executing)
    this.stretches++
    memory.set(task + TASK.executing, cpu + 1)
    if (other !== 0) {
      throw new InvariantViolation(
        'tasks-run-once',
        `${this.nameOf(task)} runs on CPUs ${cpu} and ${other - 1} at once`,
      )
    }
    const state = memory.get(memory.cpuhp(cpu) + CPUHP.state)
    // While sched:waitempty waits for the last ones to leave, the state is that of the step below it.
    if (state < this.vacatedBelow - 1) {
      throw new InvariantViolation('vacated', `${this.nameOf(task)} runs on CPU ${cpu}, which is in state ${state}`)
    }
  }

  /** It is over. A task whose affinity excludes its CPU is on its way: whoever changed that has said so. */
  end(task: number, cpu: number): void {
    const { memory } = this
    const excluded = !testBit(memory, memory.affinity(task), cpu)
    if (excluded && memory.get(task + TASK.migrationPending) === 0) {
      throw new InvariantViolation('affinity', `${this.nameOf(task)} runs on CPU ${cpu}, which it may not use`)
    }
    memory.set(task + TASK.executing, 0)
  }

  private nameOf(task: number): string {
    return `task ${this.memory.get(task + TASK.pid)} (${this.memory.getText(task + TASK.comm, 4)})`
  }

  private runningOf(task: number): Running {
    const { memory } = this
    const pid = memory.get(task + TASK.pid)
    let found = this.running.get(task)
    if (found === undefined || found.pid !== pid) {
      const program = memory.program(memory.get(task + TASK.program))
      const field = (offset: number): number => memory.get(program + offset)
      const length = field(PROGRAM.length) * 4
      const process = new UserProcess(
        memory.buffer,
        field(PROGRAM.base) * 4,
        length,
        field(PROGRAM.work),
        field(PROGRAM.seed) >>> 0,
      )
      const user = new UserTask(process, memory.get(task + TASK.member))
      found = { pid, task: user, workload: field(PROGRAM.workload) }
      this.running.set(task, found)
    }
    return found
  }

  /** Does up to `budget` units. Answers the call, its operands in the task's struct; `used` says how much was done. */
  step(task: number, budget: number): number {
    const { memory } = this
    const { task: user, workload } = this.runningOf(task)
    user.result = memory.get(task + TASK.callResult)
    user.used = budget
    let call: number
    try {
      call = this.workloads[workload]!.step(user, budget)
    } catch (error) {
      return this.fault(task, error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    }
    if (!Number.isInteger(call) || call < 0 || call >= CALLS) {
      return this.fault(task, `its step answered ${String(call)}, which is no system call`)
    }
    if (!(user.used >= 0 && user.used <= budget)) {
      return this.fault(task, `its step says that it did ${String(user.used)} of ${budget} units`)
    }
    this.used = user.used
    if (call === CALL.usedUp) return call
    return this.takeOperands(task, user, call)
  }

  /** units that the last step did */
  used = 0
  /** stretches so far: as often was checked what begin and end check */
  stretches = 0

  private takeOperands(task: number, user: UserTask, call: number): number {
    const { memory } = this
    const { argument, value, process } = user
    const isWord = call === CALL.wait || call === CALL.wake
    if (isWord && !(Number.isInteger(argument) && argument >= 0 && argument < process.words.length)) {
      return this.fault(
        task,
        `it ${call === CALL.wait ? 'waits for' : 'wakes'} word ${String(argument)} of ${process.words.length}`,
      )
    }
    if (!Number.isFinite(value) || !Number.isInteger(argument)) {
      return this.fault(task, `the operands of its system call are ${String(argument)} and ${String(value)}`)
    }
    const base = memory.get(memory.program(memory.get(task + TASK.program)) + PROGRAM.base)
    memory.set(task + TASK.callArgument, isWord ? base + argument : argument)
    memory.set(task + TASK.callValue, value)
    memory.setTime(task + TASK.callTime, Math.max(0, value))
    return call
  }

  private fault(task: number, message: string): number {
    this.used = 0
    this.onFault(this.memory.get(task + TASK.program), `${this.nameOf(task)} has failed: ${message}`)
    return FAULT
  }
}

/** The state below which a CPU has been vacated: that of sched:waitempty, 0 where the step table has none. */
export function vacatedBelow(memory: Memory, functions: FunctionTable): number {
  for (let state = 0; state < LIMITS.states; state++) {
    const teardown = memory.get(memory.step(state) + STEP.teardown)
    if (teardown !== 0 && functions.name(teardown) === 'sched_cpu_wait_empty') return state
  }
  return 0
}
