// A product of two matrices of whole numbers in float64, again and again: floating point over 24 KiB. One unit is one
// row of the product; the checksum goes on from product to product.
import type { UserProcess, UserTask, Workload } from './workload.js'

const N = 32
/** In floats: the two factors, how many rows are done, and the checksum. */
const AT = { a: 0, b: N * N, done: 2 * N * N, sum: 2 * N * N + 1 } as const
/** Elements are below this, so that sums of products are exact. */
const LIMIT = 1000
const MODULUS = 2 ** 31 - 1

/** The element number `n` of the factors; any mixing will do, it is the same everywhere. */
function element(seed: number, n: number): number {
  let x = (seed + Math.imul(n, 0x9e37_79b1)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b)
  return ((x ^ (x >>> 13)) >>> 0) % LIMIT
}

export const matrix: Workload = {
  name: 'matrix',
  description: 'products of two matrices: floating point in the first caches',
  unitNs: 1_500,
  typicalWork: 130_000,
  bytes: () => (AT.sum + 1) * 8,
  prepare({ floats, seed }: UserProcess): void {
    for (let n = 0; n < 2 * N * N; n++) floats[n] = element(seed, n)
  },
  step(task: UserTask, budget: number): number {
    const { floats, work } = task.process
    const todo = Math.min(budget, work - floats[AT.done]!)
    for (let unit = 0; unit < todo; unit++) {
      const row = (floats[AT.done]! % N) * N
      let sum = floats[AT.sum]!
      for (let j = 0; j < N; j++) {
        let dot = 0
        for (let k = 0; k < N; k++) dot += floats[AT.a + row + k]! * floats[AT.b + k * N + j]!
        sum = (sum * 31 + dot) % MODULUS
      }
      floats[AT.sum] = sum
      floats[AT.done]!++
    }
    task.used = todo
    return floats[AT.done] === work ? task.done() : 0
  },
  result: ({ floats }: UserProcess): string => String(floats[AT.sum]),
  /** In whole numbers, the columns first: the rows of the product are made once and added up as often as they come. */
  expected(work: number, seed: number): string {
    const product = Array.from({ length: N }, () => new Array<number>(N).fill(0))
    for (let j = 0; j < N; j++) {
      for (let k = N - 1; k >= 0; k--) {
        for (let i = 0; i < N; i++) product[i]![j]! += element(seed, i * N + k) * element(seed, N * N + k * N + j)
      }
    }
    let sum = 0
    for (let unit = 0; unit < work; unit++) for (const dot of product[unit % N]!) sum = (sum * 31 + dot) % MODULUS
    return String(sum)
  },
}
