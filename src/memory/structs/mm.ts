// What is kept of a process's address space: how many hold on to it.
import { struct } from '../struct.js'

export const MM = struct('mm_struct', {
  /** one for the process, and one for each kernel thread that has borrowed it: Linux's mm_count */
  count: 'word',
  /** guarded by mmLock */
  nextFree: 'word',
})

/** A task's. */
export const TASK_MM = struct('task_mm', {
  /** its process's, 0 of a kernel thread, and of a user task that ends */
  own: 'word',
  /** the one that is loaded while it runs: a kernel thread's is the one of whoever ran before (lazy) */
  active: 'word',
})

/** Those that nobody has. */
export const MM_POOL = struct('mm_pool', {
  lock: 'lock',
  // guarded by lock
  free: 'word',
})
