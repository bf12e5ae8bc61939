// A schedule as what is different in it from the default order: all of it that is not the same in every run.

export const DEVIATION = {
  /** another CPU goes on before this operation of the CPU whose turn it would be; `value`: which */
  turn: 0,
  /** an interrupt that could be taken before this operation is late, and again the next `value` - 1 times that it could */
  late: 1,
  /** this operation asks for a number, and is given `value` rather than 0 */
  choice: 2,
} as const

export interface Deviation {
  readonly kind: (typeof DEVIATION)[keyof typeof DEVIATION]
  /** the CPU whose operation it is about, and how many that CPU had done before it since exploring began */
  readonly cpu: number
  readonly nth: number
  /** where in the kernel that operation is */
  readonly place: string
  readonly value: number
}

export function describeDeviation({ kind, cpu, nth, place, value }: Deviation): string {
  const where = `operation ${nth} of CPU ${cpu} (${place})`
  if (kind === DEVIATION.turn) return `before ${where} CPU ${value} goes on`
  return kind === DEVIATION.late ? `the interrupt before ${where} is ${value} times late` : `${where} is given ${value}`
}

/** The order that a schedule deviates from: a CPU goes on until it waits, or has had a long turn; then the next one. */
export class DefaultOrder {
  private current = 0
  private left = TURN

  /** The place in `runnable` of the CPU whose turn it is. */
  prefer(runnable: Int32Array, count: number): number {
    let next = -1
    let lowest = 0
    for (let i = 0; i < count; i++) {
      const cpu = runnable[i]!
      if (cpu === this.current && this.left > 0) return i
      if (cpu > this.current && (next < 0 || cpu < runnable[next]!)) next = i
      if (cpu < runnable[lowest]!) lowest = i
    }
    return next < 0 ? lowest : next
  }

  /** That CPU has been given the turn. */
  went(cpu: number): void {
    if (cpu === this.current && this.left > 0) this.left--
    else {
      this.current = cpu
      this.left = TURN - 1
    }
  }
}

/** Operations in a turn: long, for every end of one is a switch that a reader has to follow. */
const TURN = 1000
