// Interrupt vectors: bit numbers in a CPU's word of pending interrupts. The lowest is taken first.
export const VECTOR = {
  reschedule: 0,
  callFunction: 1,
  callFunctionSingle: 2,
  timer: 3,
  /** the host's port: a device that has a request for the kernel */
  port: 4,
} as const

export type Vector = (typeof VECTOR)[keyof typeof VECTOR]
export const VECTOR_NAMES = Object.keys(VECTOR) as (keyof typeof VECTOR)[]
