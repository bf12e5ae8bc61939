// When time does something by itself: a CPU's timer fires, a device has waited long enough, a stretch of a user task is over, a
// CPU has spun long enough.
import type { Stretches } from './stretches.js'

/** Virtual time that an operation takes, ns. */
export const OPERATION_NS = 10

export class Timers {
  /** the earliest, ns */
  next = Number.POSITIVE_INFINITY
  private readonly deadlines: Float64Array
  private readonly stretches: Stretches
  private readonly spins: Float64Array

  /** `masters`: the CPUs, and devices after them. */
  constructor(masters: number, stretches: Stretches) {
    this.deadlines = new Float64Array(masters).fill(Number.POSITIVE_INFINITY)
    this.stretches = stretches
    this.spins = new Float64Array(masters).fill(Number.POSITIVE_INFINITY)
  }

  /** Arms the timer of a CPU or a device: never, when Infinity. */
  set(id: number, time: number): void {
    this.deadlines[id] = time
    this.expect(time)
  }

  /** A CPU spins until then. */
  spin(cpu: number, time: number): void {
    this.spins[cpu] = time
    this.expect(time)
  }

  /** Something will be due then. */
  expect(time: number): void {
    this.next = Math.min(this.next, time)
  }

  /** Tells of each timer that fires, and of each stretch and spin that is over. */
  pass(now: number, fires: (id: number) => void, isOver: (cpu: number) => void): void {
    let next = Number.POSITIVE_INFINITY
    for (let id = 0; id < this.deadlines.length; id++) {
      const deadline = this.deadlines[id]!
      if (deadline <= now) {
        this.deadlines[id] = Number.POSITIVE_INFINITY
        fires(id)
      } else if (deadline < next) next = deadline
      const end = this.stretches.endOf(id)
      if (end <= now) {
        this.stretches.pass(id)
        isOver(id)
      } else if (end < next) next = end
      const spin = this.spins[id]!
      if (spin <= now) {
        this.spins[id] = Number.POSITIVE_INFINITY
        isOver(id)
      } else if (spin < next) next = spin
    }
    this.next = next
  }
}
