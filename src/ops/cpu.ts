// A CPU as its own kernel code sees it: registers that belong to it alone, and its operations.
//
// Kernel frames never migrate, so a generator is given its Cpu once and keeps it. Each method that declares an operation
// fills the CPU's operation register and returns it, to be yielded at once:
//
//   const state = yield cpu.load(st + CPUHP.state, acquire, 'cpuhp_thread_fun')
import type { Memory } from '../memory/memory.js'
import { Master } from './master.js'
import { type Kernel, KIND, type Operation, ORDER } from './operation.js'
import type { BugName } from './switches.js'

/** A kernel function that can be named in shared memory: what `a` and `b` are depends on who calls. */
export type KernelFunction = (cpu: Cpu, a: number, b: number) => Kernel<number>

/** Functions by number: what a pointer to a function is in shared memory (functions.ts). */
export interface FunctionTable {
  get(number: number): KernelFunction
  name(number: number): string
  /** the number of a name, 0 when there is none */
  find(name: string): number
}

/** What a CPU gets from its machine without anybody else seeing it: it is not an operation. */
export interface Services {
  /** Draws the next number of the order of trace events. */
  ticket(): number
  /** ns; only for time stamps: kernel code that decides by time uses the clock operation. */
  now(): number
  /** Makes a word's new value seen by readers outside the machine, after all that was written before. */
  publish(word: number, value: number): void
  /** A line of the kernel log from a CPU; `level` as in printk: 3 error, 4 warning, 6 info. */
  printk(cpu: number, level: number, text: string): void
  /** Tells the host that a CPU's device has changed; it hears of that before it hears of what is answered later. */
  uevent(cpu: number, action: DeviceAction, subject: number): void
}

/** What has happened to a device. */
export type DeviceAction = 'online' | 'offline'

/** Where trace points write. */
export interface Tracer {
  record(cpu: Cpu, event: number, a: number, b: number, c: number): void
}

export class Cpu extends Master {
  readonly id: number
  readonly functions: FunctionTable
  readonly services: Services
  /** who records its trace points */
  tracer: Tracer
  /** historical bugs that this machine has */
  readonly bugs: ReadonlySet<BugName>
  // Registers. Only this CPU's own code and its driver touch them.
  /** the task that runs here */
  task = 0
  /** depth of sections with interrupts off */
  irqDisabled = 0
  /** depth of sections with preemption off; interrupt handlers and spinlocks count */
  preemptCount = 0
  /** depth of interrupt handlers */
  inInterrupt = 0
  /** depth of sections in which softirqs are held off; their being served counts */
  softirqDisabled = 0
  /** softirqs are being served */
  servingSoftirq = false
  /** it is offline, and serves none */
  softirqsStopped = false
  /** another task should run here: looked at when preemption is possible */
  needResched = false
  /** the current task's frames may be dropped when it is switched out: it is in user mode, or at a restart point */
  restartable = false
  /** the current task is to leave this CPU, and could not yet: looked at on the way back to user mode */
  mustLeave = false
  /** RCU watches this CPU: it is online, and does not idle */
  watching: boolean
  /** the interrupt that is being handled was taken while the CPU halted */
  fromIdle = false
  /** when this CPU's next sleeper is to be woken, when its tick and its timers are due; it is set to the earliest of them */
  wakeAt = Number.POSITIVE_INFINITY
  tickAt = Number.POSITIVE_INFINITY
  timersAt = Number.POSITIVE_INFINITY
  /** the jiffy at its latest tick, and for how many ticks it has been that one */
  tickJiffies = 0
  stalledTicks = 0

  constructor(
    id: number,
    memory: Memory,
    functions: FunctionTable,
    services: Services,
    tracer: Tracer,
    bugs: ReadonlySet<BugName>,
  ) {
    super(memory)
    this.id = id
    this.functions = functions
    this.services = services
    this.tracer = tracer
    this.bugs = bugs
    // The boot CPU is up from the beginning.
    this.watching = id === 0
  }

  /** Takes a spinlock, with preemption off until the unlock. */
  lock(word: number, place: string): Operation {
    this.preemptCount++
    return this.declare(KIND.lock, word, 0, ORDER.acquire, place)
  }

  /** Takes a spinlock with interrupts off until unlockIrq: for locks that interrupt handlers take too. */
  lockIrq(word: number, place: string): Operation {
    this.preemptCount++
    this.irqDisabled++
    return this.declare(KIND.lock, word, 0, ORDER.acquire, place)
  }

  unlock(word: number, place: string): Operation {
    return this.declare(KIND.unlock, word, 0, ORDER.release, place)
  }

  unlockIrq(word: number, place: string): Operation {
    return this.declare(KIND.unlock, word, 1, ORDER.release, place)
  }

  waitUntil(word: number, value: number, place: string): Operation {
    return this.declare(KIND.waitUntil, word, value, ORDER.acquire, place)
  }

  /** Waits for an interrupt to be taken; at once when the CPU should reschedule. */
  halt(place: string): Operation {
    return this.declare(KIND.halt, 0, 0, ORDER.full, place)
  }

  /** Spins until `time` (ns): udelay. Interrupts are taken and tasks are switched meanwhile, where the CPU allows it. */
  spinUntil(time: number, place: string): Operation {
    return this.declare(KIND.spinUntil, 0, time, ORDER.relaxed, place)
  }

  /** Arms this CPU's one-shot timer: its interrupt comes at `time` (ns), never when Infinity. */
  setTimer(time: number, place: string): Operation {
    return this.declare(KIND.setTimer, 0, time, ORDER.relaxed, place)
  }

  /** Goes on with another task's stack. With `discard` this task's frames are dropped: it starts anew where it runs next. */
  switchTo(task: number, discard: boolean, place: string): Operation {
    return this.declare(KIND.switchTo, task, discard ? 1 : 0, ORDER.full, place)
  }

  /** Sets the timer to what is due first. */
  armTimer(place: string): Operation {
    return this.setTimer(Math.min(this.wakeAt, this.tickAt, this.timersAt), place)
  }

  /** Runs a stretch of a user task's own program, natively. Answers with the system call that it ends with. */
  execute(task: number, place: string): Operation {
    return this.declare(KIND.execute, task, 0, ORDER.full, place)
  }

  notifyHost(place: string): Operation {
    return this.declare(KIND.notifyHost, 0, 0, ORDER.release, place)
  }

  preemptDisable(): void {
    this.preemptCount++
  }

  /** The next operation boundary reschedules when that is due. */
  preemptEnable(): void {
    this.preemptCount--
  }

  irqDisable(): void {
    this.irqDisabled++
  }

  irqEnable(): void {
    this.irqDisabled--
  }

  /** A trace point: `event` is an EVENT number of trace/. */
  trace(event: number, a: number, b: number, c: number): void {
    this.tracer.record(this, event, a, b, c)
  }

  /** Tells the world that the device of the CPU `subject` has changed (kobject_uevent). */
  uevent(action: DeviceAction, subject: number): void {
    this.services.uevent(this.id, action, subject)
  }

  /** A line of the kernel log; `level` as in Linux: 3 error, 4 warning, 6 info. */
  printk(level: number, text: string): void {
    this.services.printk(this.id, level, text)
  }

  /** WARN_ON: says so in the kernel log, and goes on. */
  warn(condition: boolean, place: string, text: string): void {
    if (condition) this.printk(4, `WARNING: CPU: ${this.id} at ${place}: ${text}`)
  }
}
