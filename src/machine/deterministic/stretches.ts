// Stretches of user tasks on the deterministic machine: the work is done at once, and is over when its time has passed.
import type { Programs } from '../programs.js'

/** Virtual time that a stretch takes at most, ns. Interrupts wait for its end, as on threads. */
const STRETCH_NS = 50_000
/** And at least: that of an operation. */
const LEAST_NS = 10
/** How much slower than they say programs are in virtual time: their work is real, and there are many CPUs to a core. */
const SLOWNESS = 8
/** Where a CPU is with the stretch that it has declared. */
const STRETCH = { none: 0, runs: 1, over: 2 } as const

export class Stretches {
  private readonly programs: Programs
  private readonly unitNs: Float64Array
  private readonly phases: Int32Array
  private readonly ends: Float64Array
  private readonly calls: Int32Array
  private readonly tasks: Int32Array

  /** `unitNs`: how long a unit of each workload takes, as it says. */
  constructor(cpus: number, programs: Programs, unitNs: readonly number[]) {
    this.programs = programs
    this.unitNs = Float64Array.from(unitNs, (ns) => ns * SLOWNESS)
    this.phases = new Int32Array(cpus)
    this.ends = new Float64Array(cpus).fill(Number.POSITIVE_INFINITY)
    this.calls = new Int32Array(cpus)
    this.tasks = new Int32Array(cpus)
  }

  /** How many there have been. */
  get count(): number {
    return this.programs.stretches
  }

  /** Whether a CPU is in one, or has one to end. */
  isUnderWay(cpu: number): boolean {
    return this.phases[cpu] !== STRETCH.none
  }

  isOver(cpu: number): boolean {
    return this.phases[cpu] === STRETCH.over
  }

  /** Begins one, of `quarters` quarters of the longest; answers when it will be over. */
  begin(cpu: number, task: number, now: number, quarters: number): number {
    const { programs } = this
    const unitNs = this.unitNs[programs.workloadOf(task)]!
    programs.begin(task, cpu)
    this.calls[cpu] = programs.step(task, Math.max(1, Math.floor((STRETCH_NS * quarters) / 4 / unitNs)))
    this.tasks[cpu] = task
    this.phases[cpu] = STRETCH.runs
    this.ends[cpu] = now + Math.max(LEAST_NS, programs.used * unitNs)
    return this.ends[cpu]!
  }

  /** When it will be over, Infinity for a CPU that is in none, and for what is no CPU. */
  endOf(cpu: number): number {
    return this.ends[cpu] ?? Number.POSITIVE_INFINITY
  }

  /** Its time has passed. */
  pass(cpu: number): void {
    this.ends[cpu] = Number.POSITIVE_INFINITY
    this.phases[cpu] = STRETCH.over
  }

  /** Ends it; answers the call that it ended with. */
  end(cpu: number): number {
    this.phases[cpu] = STRETCH.none
    this.programs.end(this.tasks[cpu]!, cpu)
    return this.calls[cpu]!
  }
}
