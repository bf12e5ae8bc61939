// A hash of all that has happened, in order: equal runs have equal ones.

export class Digest {
  private hash = 0x811c_9dc5

  mix(id: number, kind: number, value: number): void {
    let h = this.hash
    h = Math.imul(h ^ (id * 256 + kind), 0x0100_0193)
    h = Math.imul(h ^ (h >>> 15) ^ (value | 0), 0x85eb_ca6b)
    this.hash = h ^ (h >>> 13)
  }

  get value(): number {
    return this.hash >>> 0
  }
}
