// Walking through a run: forwards, and backwards as well, since any place of it is reached by running it again.
import type { View } from '../machine/deterministic/strategy.js'
import type { Deviation } from './deviation.js'
import { Film, type Seen, see } from './picture.js'
import { Playback } from './playback.js'
import type { Watcher } from './recorder.js'
import { runSchedule, type Setup } from './schedule.js'

export class Walk {
  /** how many operations have been done */
  at = 0
  /** all operations of the run, in order */
  readonly seen: readonly Seen[]
  /** the deviations from the default order, by the operation that they lead to */
  readonly marks: ReadonlyMap<number, readonly Deviation[]>
  private readonly setup: Setup
  private readonly deviations: readonly Deviation[]

  private constructor(setup: Setup, deviations: readonly Deviation[], track: Track) {
    this.setup = setup
    this.deviations = deviations
    this.seen = track.film.seen
    this.marks = track.marks
  }

  /** Runs the schedule once to see how it goes. */
  static async through(setup: Setup, deviations: readonly Deviation[]): Promise<Walk> {
    const playback = new Playback(deviations)
    const track = new Track(playback, deviations)
    await runSchedule(setup, playback, track)
    return new Walk(setup, deviations, track)
  }

  /** To the place after so many operations, or to the nearest that there is. */
  go(at: number): void {
    this.at = Math.max(0, Math.min(at, this.seen.length))
  }

  /** To before the next operation that a deviation leads to, or to the end. */
  toDeviation(): void {
    this.go(Math.min(...[...this.marks.keys()].filter((row) => row > this.at), this.seen.length))
  }

  /** To before the next operation of another CPU than the one whose turn it is, or to the end. */
  toSwitch(): void {
    const cpu = this.seen[this.at]?.cpu
    let row = this.at
    while (row < this.seen.length && this.seen[row]!.cpu === cpu) row++
    this.go(row)
  }

  /** What each CPU is about to do here; none at the end of the run. */
  async look(): Promise<readonly Seen[]> {
    const still = new Still(this.at)
    await runSchedule(this.setup, new Playback(this.deviations), still)
    return still.cpus
  }
}

/** Notes every operation, and which deviations have been made before it. */
class Track implements Watcher {
  readonly film = new Film()
  readonly marks = new Map<number, readonly Deviation[]>()
  private readonly playback: Playback
  private readonly deviations: readonly Deviation[]
  private made = 0

  constructor(playback: Playback, deviations: readonly Deviation[]) {
    this.playback = playback
    this.deviations = deviations
  }

  step(view: View, cpu: number, nth: number): void {
    const { made } = this.playback
    if (made > this.made) this.marks.set(this.film.seen.length, this.deviations.slice(this.made, made))
    this.made = made
    this.film.step(view, cpu, nth)
  }
}

/** Looks at all CPUs before one operation. */
class Still implements Watcher {
  cpus: readonly Seen[] = []
  private row = 0
  private readonly at: number

  constructor(at: number) {
    this.at = at
  }

  step(view: View): void {
    if (this.row++ !== this.at) return
    const { cpus } = view.memory.layout.config
    this.cpus = Array.from({ length: cpus }, (_, cpu) => see(view, cpu, 0))
  }
}
