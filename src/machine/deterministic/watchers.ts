// Whose declared operation may block on a word: a list of CPUs for each word, so that whoever writes the word finds them.
export class Watchers {
  // CPU numbers + 1; 0 ends a list.
  private readonly heads: Int32Array
  private readonly next: Int32Array
  private readonly previous: Int32Array
  /** for each CPU the word of the list that it is in, 0: none */
  private readonly watched: Int32Array

  constructor(words: number, cpus: number) {
    this.heads = new Int32Array(words)
    this.next = new Int32Array(cpus)
    this.previous = new Int32Array(cpus)
    this.watched = new Int32Array(cpus)
  }

  /** The first CPU that watches a word, -1: none. */
  first(word: number): number {
    return this.heads[word]! - 1
  }

  /** The one after it, -1: none. */
  after(cpu: number): number {
    return this.next[cpu]! - 1
  }

  /** A CPU watches that word from now on, and no other; 0: none. */
  watch(cpu: number, word: number): void {
    const before = this.watched[cpu]!
    if (before === word) return
    if (before !== 0) {
      const next = this.next[cpu]!
      const previous = this.previous[cpu]!
      if (previous === 0) this.heads[before] = next
      else this.next[previous - 1] = next
      if (next !== 0) this.previous[next - 1] = previous
    }
    if (word !== 0) {
      const first = this.heads[word]!
      this.next[cpu] = first
      this.previous[cpu] = 0
      if (first !== 0) this.previous[first - 1] = cpu + 1
      this.heads[word] = cpu + 1
    } else this.next[cpu] = 0
    this.watched[cpu] = word
  }
}
