// The operations: everything that a CPU does that another CPU could see, or that could block.
//
// Kernel code is a generator that yields an operation *before* it happens; the machine carries it out and resumes the
// generator with the result, a number. What an operation costs on each machine stands in docs/operations.md.
//
//   kind              operands              result                 blocks until
//   load              word                  its value
//   store             word, value
//   add, and, or      word, value           the value before
//   exchange          word, value           the value before
//   compareExchange   word, expected, value the value before
//   fence
//   lock              word                                         the lock is free
//   unlock            word
//   waitWhile         word, value           the value it has now   the word is not `value`
//   waitUntil         word, value                                  the word is `value`
//   sendIpi           cpu, vector
//   halt                                                           an interrupt was taken
//   clock                                   now, ns
//   setTimer          time (ns)
//   choose            n                     0..n-1
//   switchTo          task, discard         the task before        this task is switched to again
//   notifyHost
//   execute           task                  a system call    the stretch of the task's own program is over
//   spinUntil         time (ns)                              it is that time
//
// A spinlock is a word: 0 when free, else the holder's CPU number + 1. Preemption is off from lock to unlock, and with
// lockIrq interrupts too, so that the holder can neither be switched away nor be asked for the lock by a handler.
//
//   one CPU                                   another CPU
//   lock: word 0 -> me     (acquire)          lock: word is not 0: blocked
//   reads and writes what it guards             (interrupts are taken meanwhile, where enabled)
//   unlock: word = 0       (release)          lock: word 0 -> me; sees all that was written

export const KIND = {
  load: 0,
  store: 1,
  add: 2,
  and: 3,
  or: 4,
  exchange: 5,
  compareExchange: 6,
  fence: 7,
  lock: 8,
  unlock: 9,
  waitWhile: 10,
  waitUntil: 11,
  sendIpi: 12,
  halt: 13,
  clock: 14,
  setTimer: 15,
  choose: 16,
  switchTo: 17,
  notifyHost: 18,
  execute: 19,
  spinUntil: 20,
} as const

export type Kind = (typeof KIND)[keyof typeof KIND]

export const KIND_NAMES = Object.keys(KIND) as (keyof typeof KIND)[]

/** Memory orderings, as the Linux kernel memory model names them. */
export const ORDER = { relaxed: 0, acquire: 1, release: 2, full: 3 } as const
export type Order = (typeof ORDER)[keyof typeof ORDER]
export const { relaxed, acquire, release, full } = ORDER

/** A declared operation. Each CPU has one such register; the machine reads it after each yield. */
export interface Operation {
  kind: Kind
  /** the word's address; a CPU number for sendIpi; a task for switchTo and execute */
  word: number
  /** the operand; a vector for sendIpi; a time for setTimer and spinUntil */
  value: number
  expected: number
  order: Order
  /** where in the kernel: the function and, after a colon, the point in it. Part of schedules: it outlives edits. */
  place: string
}

/** Fields one by one: to spread them is a call of the runtime. */
export function copyOperation({ kind, word, value, expected, order, place }: Operation): Operation {
  return { kind, word, value, expected, order, place }
}

export function setOperation(operation: Operation, to: Operation): void {
  operation.kind = to.kind
  operation.word = to.word
  operation.value = to.value
  operation.expected = to.expected
  operation.order = to.order
  operation.place = to.place
}

/** Kernel code. Yields operations, is resumed with their results. */
export type Kernel<R> = Generator<Operation, R, number>
