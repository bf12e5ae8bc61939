// Who used each word last, in one way (reading or writing, plain or marked): FastTrack's epochs (Flanagan, Freund, PLDI 2009).
//
// Mostly the last one is enough: whoever is ordered after it is ordered after all before. Only where several CPUs have used a
// word without knowing of each other, all of them are kept.
import type { Clocks } from './clocks.js'

/** An earlier access that the one now does not know of. */
export interface Earlier {
  readonly cpu: number
  readonly serial: number
}

export class Shadow {
  private readonly cpus: number
  /** CPU + 1 of the last one, 0: none, SEVERAL */
  private readonly who: Int16Array
  private readonly times: Int32Array
  /** which access of the run that was */
  private readonly serials: Int32Array
  /** for each CPU its time, then its serial */
  private readonly several = new Map<number, Int32Array>()

  constructor(words: number, cpus: number) {
    this.cpus = cpus
    this.who = new Int16Array(words)
    this.times = new Int32Array(words)
    this.serials = new Int32Array(words)
  }

  /** Whether it is known already that `cpu` has done that at its time now. */
  has(word: number, cpu: number, now: number): boolean {
    return this.who[word] === cpu + 1 && this.times[word] === now
  }

  note(word: number, cpu: number, clocks: Clocks, serial: number): void {
    const last = this.who[word]!
    if (last === SEVERAL) this.keep(this.several.get(word)!, cpu, clocks.now(cpu), serial)
    else if (last === 0 || last === cpu + 1 || clocks.knows(cpu, last - 1, this.times[word]!)) {
      this.who[word] = cpu + 1
      this.times[word] = clocks.now(cpu)
      this.serials[word] = serial
    } else {
      const all = new Int32Array(2 * this.cpus)
      this.keep(all, last - 1, this.times[word]!, this.serials[word]!)
      this.keep(all, cpu, clocks.now(cpu), serial)
      this.several.set(word, all)
      this.who[word] = SEVERAL
    }
  }

  private keep(all: Int32Array, cpu: number, time: number, serial: number): void {
    all[cpu] = time
    all[this.cpus + cpu] = serial
  }

  /** One that `cpu` does not know of, null: there is none. */
  unknown(word: number, cpu: number, clocks: Clocks): Earlier | null {
    const last = this.who[word]!
    if (last === 0 || last === cpu + 1) return null
    if (last !== SEVERAL) {
      return clocks.knows(cpu, last - 1, this.times[word]!) ? null : { cpu: last - 1, serial: this.serials[word]! }
    }
    const all = this.several.get(word)!
    for (let other = 0; other < this.cpus; other++) {
      if (other !== cpu && !clocks.knows(cpu, other, all[other]!))
        return { cpu: other, serial: all[this.cpus + other]! }
    }
    return null
  }
}

const SEVERAL = -1
