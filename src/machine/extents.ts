// Runs of free places, given out first fit: task structs and user memory.

export class Extents {
  /** free runs, by where they begin: [from, to) */
  private free: [from: number, to: number][]

  constructor(size: number) {
    this.free = size > 0 ? [[0, size]] : []
  }

  /** Where `count` places in a row are the caller's from now on; -1 when there are none. */
  take(count: number): number {
    const run = this.free.find(([from, to]) => to - from >= count)
    if (run === undefined) return -1
    const from = run[0]
    run[0] += count
    if (run[0] === run[1]) this.free = this.free.filter((other) => other !== run)
    return from
  }

  /** Gives places back that were taken. */
  give(from: number, count: number): void {
    const joined: [number, number][] = []
    for (const run of [...this.free, [from, from + count] as [number, number]].sort((a, b) => a[0] - b[0])) {
      const before = joined.at(-1)
      if (before !== undefined && before[1] === run[0]) before[1] = run[1]
      else joined.push(run)
    }
    this.free = joined
  }
}
