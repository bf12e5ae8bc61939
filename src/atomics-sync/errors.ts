// What can go wrong with a primitive, by type.

/** The thread would wait for itself: it locks what it holds already. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError'
}

/** The thread gives up what it does not hold. */
export class PermissionError extends Error {
  override readonly name = 'PermissionError'
}

/** A value that can't be: a thread id below 1, a count below 0. */
export class InvalidError extends Error {
  override readonly name = 'InvalidError'
}

/** What a shared word can hold. */
export const INT32_MAX_VALUE = 2 ** 31 - 1
export const INT32_MIN_VALUE = -(2 ** 31)

/** Thread ids are whole numbers from 1 on, so that 0 can mean nobody. */
export function checkThreadId(id: number): void {
  if (!Number.isInteger(id) || id < 1 || id > INT32_MAX_VALUE)
    throw new InvalidError(`a thread id is 1 to ${INT32_MAX_VALUE}, not ${String(id)}`)
}

export function checkCount(what: string, count: number, least: number): void {
  if (Number.isInteger(count) && count >= least && count <= INT32_MAX_VALUE) return
  throw new InvalidError(`${what} is ${least} to ${INT32_MAX_VALUE}, not ${String(count)}`)
}

/** What is left until `timestamp` (ms, as Date.now), for Atomics.wait; Infinity when there is no limit. */
export function timeLeft(timestamp: number): number {
  return timestamp === Number.POSITIVE_INFINITY ? timestamp : Math.max(0, timestamp - Date.now())
}

/** Shared words, zero-filled. */
export function sharedWords(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
}
