// Timers in shared memory.
import { struct } from '../struct.js'

/** A high-resolution timer (time/hrtimer.ts). */
export const HRTIMER = struct('hrtimer', {
  /** number + 1 of the CPU on whose base it is or was last; MIGRATING while it goes to another one's */
  base: 'word',
  // guarded by the lock of that base
  /** 1 while it is armed */
  queued: 'word',
  heapChild: 'word',
  heapNext: 'word',
  heapPrevious: 'word',
  function: 'word',
  argument: 'word',
  expires: 'time',
})

export const HRTIMER_BASE = struct('hrtimer_cpu_base', {
  lock: 'lock',
  // guarded by lock
  /** a heap of timers, the one that expires first on top */
  root: 'word',
  /** the timer whose function is being called; falls by an operation, for those who wait until it has returned */
  running: 'word',
  /** 1: timers have come from another CPU, and this one has not set its clock event to them yet */
  changed: 'word',
  /** 1 while timers may be armed here: from hrtimers:dying up to hrtimers:dying down */
  online: 'word',
})
