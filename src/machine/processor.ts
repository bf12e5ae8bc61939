// A processor: what drives one CPU's generators. Both machines use it; they differ in how operations are carried out.
//
// Each task that has run here has a context: a stack of generators, one for each call that has not returned. What a
// generator yields is an operation, or the generator of a function that it calls: that one goes on top. The stack is in
// frames: the lowest is the task's own, and an interrupt handler, the softirqs on its way out, or the scheduler when it
// preempts, is another one on top of it. The top generator has declared an operation. Between two operations (at a boundary) the processor takes
// interrupts and preempts, where the CPU allows it:
//
//   boundary:  interrupt pending and enabled?  push its handler
//              reschedule wanted and allowed?  push schedule()
//              else carry out the operation that the top generator has declared, and resume it with the result
//
// switchTo changes the context: the operation is carried out when the task that declared it is switched to again.
import { assert } from '../base/assert.js'
import { interruptHandler } from '../kernel/interrupts.js'
import { startTask } from '../kernel/start-task.js'
import { PERCPU } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { copyOperation, type Kernel, KIND, type Operation, setOperation } from '../ops/operation.js'
import { FIRST_EXTERNAL, VECTOR, type Vector } from '../ops/vectors.js'
import { preemptSchedule } from '../sched/core.js'
import { doSoftirq, softirqsDue } from '../softirq/softirq.js'
import { EVENT } from '../trace/events.js'
import { causeOf } from './cause.js'
import type { PanicCause } from './report.js'

const FRAME = { task: 0, interrupt: 1, preempt: 2, softirq: 3 } as const

interface Frame {
  readonly kind: number
  /** how many generators are below it on the stack */
  readonly base: number
  /** the operation that the frame below had declared; this frame ran before it */
  readonly below: Operation | null
}

/** What a generator of kernel code yields: see scripts/calls.mjs. */
type Yielded = IteratorResult<Operation | Kernel<unknown>, unknown>

/**
 * What every generator's `next` is. Each generator function's generators have a prototype of their own, so that to look it up in
 * them would miss the inline caches every time.
 */
const { next } = Object.getPrototypeOf(function* (): Kernel<void> {}).prototype as Kernel<unknown>

/** A task's stack on this CPU, and the registers that belong to it while it is switched out. */
interface Context {
  readonly stack: Kernel<unknown>[]
  readonly frames: Frame[]
  irqDisabled: number
  preemptCount: number
}

export class Processor {
  readonly cpu: Cpu
  private readonly contexts = new Map<number, Context>()
  private context: Context
  /** of the context that runs: its stack, the generator on top of that, and where its topmost frame begins */
  private stack: Kernel<unknown>[]
  private top: Kernel<unknown>
  private base = 0
  private readonly idle: number
  /** the interrupt that is being handled, or was last */
  private vector: Vector = VECTOR.reschedule
  /** an interrupt was taken since halt was declared */
  private woken = false
  /** the functions, innermost first, that what was thrown last has passed through */
  private thrownThrough: readonly string[] = []

  /** The CPU's idle task is what runs on it first. */
  constructor(cpu: Cpu) {
    this.cpu = cpu
    const idle = cpu.memory.idleTask(cpu.id)
    this.idle = idle
    const fn = cpu.functions.get(cpu.functions.find('swapper'))
    this.top = fn(cpu, idle, 0)
    this.context = contextOf(this.top, 1)
    this.stack = this.context.stack
    this.contexts.set(idle, this.context)
    this.setTask(idle)
    cpu.irqDisabled = 1
    cpu.preemptCount = 1
    this.resume(0)
  }

  private setTask(task: number): void {
    this.cpu.task = task
    this.cpu.memory.set(this.cpu.memory.percpu(this.cpu.id) + PERCPU.current, task)
  }

  /** Whether interrupts would be taken now. */
  get interruptible(): boolean {
    return this.cpu.irqDisabled === 0
  }

  /** Whether the scheduler would be entered now. */
  get preemptible(): boolean {
    const { cpu } = this
    return cpu.needResched && cpu.preemptCount === 0 && cpu.irqDisabled === 0
  }

  /** Whether what is about to happen is a task's own doing: no interrupt's, no preemption's, not idling. */
  get isOnTask(): boolean {
    return this.context.frames.length === 1 && this.cpu.task !== this.idle
  }

  /** Whether an interrupt's handler, or a preemption, is on top of the task. */
  get isInterrupted(): boolean {
    return this.context.frames.length > 1
  }

  /** Whether a declared halt is over. */
  get haltOver(): boolean {
    return this.woken || this.cpu.needResched
  }

  /** Gives the top generator the result of its operation; when this returns, another operation has been declared. */
  resume(result: number): void {
    this.woken = false
    this.proceed(result)
  }

  /** Resumes the top generator; calls and returns, until an operation has been declared. */
  private proceed(sent: unknown): void {
    const { operation } = this.cpu
    try {
      let yielded: Yielded = next.call(this.top, sent as number)
      while (yielded.value !== operation || yielded.done) {
        if (!yielded.done) this.call(yielded.value as Kernel<unknown>)
        else if (this.return()) sent = yielded.value
        else return
        yielded = next.call(this.top, sent as number)
      }
    } catch (error) {
      this.unwind(error)
    }
  }

  private call(callee: Kernel<unknown>): void {
    this.stack.push(callee)
    this.top = callee
  }

  /** Takes the top generator off; answers whether the one that is on top now, its caller, is to be resumed. */
  private return(): boolean {
    const { stack } = this
    stack.pop()
    if (stack.length === this.base) return this.popFrame()
    this.top = stack[stack.length - 1]!
    return true
  }

  /** Throws into one caller after the other, until one catches it; at the frame's end, to whoever drives the processor. */
  private unwind(error: unknown): void {
    this.thrownThrough = this.callers
    while (this.stack.length > this.base + 1) {
      this.stack.pop()
      this.top = this.stack[this.stack.length - 1]!
      let yielded: Yielded
      try {
        yielded = this.top.throw(error)
      } catch (thrown) {
        error = thrown
        continue
      }
      if (yielded.done) {
        if (this.return()) this.proceed(yielded.value)
      } else if (yielded.value !== this.cpu.operation) {
        this.call(yielded.value as Kernel<unknown>)
        this.proceed(undefined)
      }
      return
    }
    throw error
  }

  /** The functions that have called the one that runs, innermost first; of interrupted ones as well. */
  get callers(): string[] {
    return this.stack.slice(0, -1).reverse().flatMap(nameOf)
  }

  /** What an exception that this processor has thrown means, and through what it went. */
  causeOf(error: unknown): PanicCause {
    return causeOf(error, this.thrownThrough)
  }

  /** The topmost frame is over. Answers whether softirqs have taken its place, and are to begin. */
  private popFrame(): boolean {
    const { cpu } = this
    const { frames } = this.context
    const frame = frames.pop()
    assert(frame !== undefined && frame.below !== null, `a task of CPU ${cpu.id} has returned from its outermost frame`)
    if (frame.kind === FRAME.interrupt) {
      this.leaveInterrupt()
      if (softirqsDue(cpu)) {
        frames.push({ kind: FRAME.softirq, base: this.base, below: frame.below })
        this.call(doSoftirq(cpu))
        return true
      }
    }
    // For a halt below: it is over.
    if (frame.kind !== FRAME.preempt) this.woken = true
    this.top = this.stack[this.stack.length - 1]!
    this.base = frames[frames.length - 1]!.base
    setOperation(cpu.operation, frame.below)
    return false
  }

  private pushFrame(kind: number, generator: Kernel<unknown>): void {
    this.base = this.stack.length
    this.context.frames.push({ kind, base: this.base, below: copyOperation(this.cpu.operation) })
    this.call(generator)
    this.proceed(undefined)
  }

  /** Takes an interrupt: its handler is on top when this returns, or is over already. */
  interrupt(vector: Vector): void {
    const { cpu } = this
    this.woken = true
    this.vector = vector
    cpu.inInterrupt++
    cpu.preemptCount++
    cpu.irqDisabled++
    // Of devices' interrupts the handlers are recorded (irq/handle.ts), as in Linux.
    if (vector < FIRST_EXTERNAL) cpu.trace(EVENT.irq_entry, vector, 0, 0)
    const taken = cpu.memory.percpu(cpu.id) + PERCPU.interrupts + vector
    cpu.memory.set(taken, (cpu.memory.get(taken) + 1) | 0)
    const handler = interruptHandler(cpu, vector)
    if (handler === null) {
      if (vector === VECTOR.reschedule) cpu.needResched = true
      this.leaveInterrupt()
      return
    }
    this.pushFrame(FRAME.interrupt, handler)
  }

  /** The handler is over; none was taken meanwhile, for its interrupts were off. */
  private leaveInterrupt(): void {
    const { cpu } = this
    if (this.vector < FIRST_EXTERNAL) cpu.trace(EVENT.irq_exit, this.vector, 0, 0)
    cpu.inInterrupt--
    cpu.preemptCount--
    cpu.irqDisabled--
  }

  /** Enters the scheduler on top of what runs. */
  preempt(): void {
    this.pushFrame(FRAME.preempt, preemptSchedule(this.cpu))
  }

  /** Carries out switchTo: another task's context, with the one before as the result of its own switchTo. */
  switchTo(task: number, discard: boolean): void {
    const { cpu, context } = this
    const previous = cpu.task
    context.irqDisabled = cpu.irqDisabled
    context.preemptCount = cpu.preemptCount
    if (discard) this.contexts.delete(previous)
    this.setTask(task)
    const next = this.contexts.get(task)
    if (next !== undefined) {
      this.enter(next)
      this.resume(previous)
      return
    }
    // As schedule() leaves it: the runqueue's lock is held, and preemption is off once more.
    const fresh = contextOf(startTask(cpu, previous), 2)
    this.contexts.set(task, fresh)
    this.enter(fresh)
    this.resume(0)
  }

  private enter(context: Context): void {
    this.context = context
    this.stack = context.stack
    this.top = this.stack[this.stack.length - 1]!
    this.base = context.frames[context.frames.length - 1]!.base
    this.cpu.irqDisabled = context.irqDisabled
    this.cpu.preemptCount = context.preemptCount
    this.cpu.restartable = false
    this.cpu.mustLeave = false
  }

  /** Ends a spinlock's section as its unlock was carried out; `irq`: with its interrupts-off section. */
  unlocked(irq: boolean): void {
    this.cpu.preemptCount--
    if (irq) this.cpu.irqDisabled--
  }

  /** The declared operation, for reports. */
  get declared(): Readonly<Operation> {
    return this.cpu.operation
  }

  get isHalted(): boolean {
    return this.cpu.operation.kind === KIND.halt
  }
}

/** The context of a task whose outermost function has just been called, with interrupts off. */
function contextOf(generator: Kernel<unknown>, preemptCount: number): Context {
  const frames = [{ kind: FRAME.task, base: 0, below: null }]
  return { stack: [generator], frames, irqDisabled: 1, preemptCount }
}

/** The name of a generator's function; none for those of kernel modules that were called by `yield*`. */
function nameOf(generator: Kernel<unknown>): string | [] {
  return (generator as { kernelFunction?: string }).kernelFunction ?? []
}
