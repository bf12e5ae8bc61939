// Blocking primitives over shared memory, for code outside the kernel. In the shape of the package of the same name, so
// that one import can be swapped for the other.
export { Barrier, type BarrierObject } from './barrier.js'
export { Condition } from './condition.js'
export { DeadlockError, INT32_MAX_VALUE, INT32_MIN_VALUE, InvalidError, PermissionError } from './errors.js'
export { Mutex } from './mutex.js'
export { Once } from './once.js'
export { Semaphore } from './semaphore.js'
export { SpinLock } from './spin-lock.js'
