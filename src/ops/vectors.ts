// Interrupt vectors: bit numbers in a CPU's word of pending interrupts. The lowest is taken first.
export const VECTOR = {
  reschedule: 0,
  callFunction: 1,
  callFunctionSingle: 2,
  timer: 3,
  /** the host's port: a device that has a request for the kernel */
  port: 4,
  /** frees the vectors of interrupts that have been moved away (irq/vector.ts); after those interrupts themselves */
  moveCleanup: 31,
} as const

/** One of VECTOR, or a device's: from FIRST_EXTERNAL on. */
export type Vector = number
/** Vectors that each CPU has for interrupts of devices. */
export const FIRST_EXTERNAL = 8
export const EXTERNAL = VECTOR.moveCleanup - FIRST_EXTERNAL

/** For a reader: a name for each number. */
export const VECTOR_NAMES: readonly string[] = Array.from({ length: 32 }, (_, vector) => {
  const named = Object.entries(VECTOR).find(([, number]) => number === vector)
  return named === undefined ? `vector ${vector}` : named[0]
})
