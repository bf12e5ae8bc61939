// What tasks wait with: see the room sync/.
import { struct } from '../struct.js'

/** A list of waiting tasks, linked through task.waitNext; first in, first out. Guarded by the lock beside it. */
export const COMPLETION = struct('completion', {
  lock: 'lock',
  // guarded by lock
  done: 'word',
  head: 'word',
  tail: 'word',
})

export const WAIT_QUEUE = struct('wait_queue', {
  lock: 'lock',
  // guarded by lock
  head: 'word',
  tail: 'word',
})

export const MUTEX = struct('mutex', {
  /** the task that holds it, 0 when free; changed by compare-and-exchange, handed over under waitLock */
  owner: 'word',
  waitLock: 'lock',
  // guarded by waitLock
  head: 'word',
  tail: 'word',
})

/** One writer, many readers; the readers' counts are per CPU (see PERCPU.hotplugReaders). */
export const PERCPU_RWSEM = struct('percpu_rwsem', {
  /** 1 while a writer holds it or waits for readers to leave */
  block: 'word',
  /** the task that writes, while it waits for the readers to leave */
  writer: 'word',
  /** those that wait until `block` falls */
  waiters: WAIT_QUEUE,
})
