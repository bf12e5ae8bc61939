// A per-CPU reader-writer lock in scratch memory.
import type { PercpuRwsem } from '../../src/kernel-api.js'

/** The lock's own words are at `address`, the readers' counts 16 words further, one word for each CPU. */
export function rwsemAt(address: number): PercpuRwsem {
  return { address, readers: (_, cpu) => address + 16 + cpu }
}
