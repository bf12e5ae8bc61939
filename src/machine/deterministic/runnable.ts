// The actors that can be given a turn, in no order that means anything.

export class Runnable {
  /** `count` of them */
  readonly list: Int32Array
  count = 0
  /** each one's place in `list`, -1 when it is not there */
  private readonly places: Int32Array

  constructor(actors: number) {
    this.list = new Int32Array(actors)
    this.places = new Int32Array(actors).fill(-1)
  }

  /** Whether that one can be given a turn from now on. */
  set(id: number, able: boolean): void {
    const place = this.places[id]!
    if (able && place < 0) {
      this.places[id] = this.count
      this.list[this.count++] = id
    } else if (!able && place >= 0) {
      const last = this.list[--this.count]!
      this.list[place] = last
      this.places[last] = place
      this.places[id] = -1
    }
  }
}
