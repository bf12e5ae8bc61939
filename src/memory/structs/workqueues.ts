// Work, and who does it: see the room workqueue/.

import { struct } from '../struct.js'
import { TIMER } from './deferred.js'
import { COMPLETION, MUTEX } from './sync.js'

/** A list of works, first and last; linked both ways. */
export const WORK_LIST = struct('list_head', {
  first: 'word',
  last: 'word',
})

export const WORK = struct('work_struct', {
  /** where it is, and whether it is asked for: see workqueue/work.ts */
  data: 'word',
  // set before it is queued: the function's number, and what it is called with
  function: 'word',
  argument: 'word',
  // guarded by the lock of the pool that it is queued on
  /** the WORK_LIST that it is on */
  list: 'word',
  next: 'word',
  previous: 'word',
  /** the colour of its workqueue when it was queued: a flush waits for one colour */
  colour: 'word',
  /** those who wait until it has been done: a list of WQ_BARRIERs */
  barriers: 'word',
})

/** A work that is queued when its time has come. */
export const DELAYED_WORK = struct('delayed_work', {
  work: WORK,
  timer: TIMER,
  // set while the work is pending and not queued yet
  workqueue: 'word',
  /** for which CPU, or WORK_CPU_UNBOUND */
  cpu: 'word',
})

/** Somebody waits for a piece of work. On one work's or worker's list at a time, guarded by its pool's lock. */
export const WQ_BARRIER = struct('wq_barrier', {
  next: 'word',
  done: COMPLETION,
})

/** A function that one task has carried out by another CPU's worker (work_on_cpu). */
export const WORK_FOR_CPU = struct('work_for_cpu', {
  work: WORK,
  /** the task, whose barrier is completed */
  owner: 'word',
  function: 'word',
  argument: 'word',
  result: 'word',
})

/** A pool of workers: one for each CPU, and one for work that may be done anywhere. */
export const WORKER_POOL = struct('worker_pool', {
  lock: 'lock',
  // guarded by lock
  /** POOL bits */
  flags: 'word',
  /** work that may be done now */
  worklist: WORK_LIST,
  /** its workers, and those with nothing to do, that which has been so for the shortest time first */
  workers: 'word',
  idle: 'word',
  workerCount: 'word',
  idleCount: 'word',
  /** workers that do work and are not asleep; not counted where workers don't mind each other (WORKER_FLAG) */
  running: 'word',
  /** works that have been queued on it, that its workers have done, and that have been taken back */
  queued: 'word',
  done: 'word',
  cancelled: 'word',
})

/** What makes a task a kworker. */
export const WORKER = struct('worker', {
  /** 1: somebody has it */
  used: 'word',
  // set before it first runs
  pool: 'word',
  id: 'word',
  // guarded by the pool's lock
  next: 'word',
  idleNext: 'word',
  /** WORKER_FLAG bits */
  flags: 'word',
  /** 1: its task is allowed the pool's CPU alone, and tagged as that CPU's */
  bound: 'word',
  /** 1: it sleeps in the middle of work, and is not counted among the running */
  sleeping: 'word',
  /** what it is doing: the work (which may be queued again, or gone), its function and argument, pool_workqueue, colour */
  work: 'word',
  function: 'word',
  argument: 'word',
  poolWorkqueue: 'word',
  colour: 'word',
  /** those who wait until that is done */
  barriers: 'word',
  /** works that it has to do next: they were queued again while it did them */
  scheduled: WORK_LIST,
})

export const WORKQUEUE = struct('workqueue_struct', {
  /** 1: somebody has it */
  used: 'word',
  // set when it is made
  /** WQ bits */
  flags: 'word',
  maxActive: 'word',
  name: [4],
  /** 1: only its own work may queue more of it */
  draining: 'word',
  /** held by the one who flushes it */
  mutex: MUTEX,
  // guarded by mutex
  colour: 'word',
  /** pools that have work of the colour that is flushed */
  toFlush: 'word',
  flushed: COMPLETION,
})

/** What a workqueue has on one pool. */
export const POOL_WORKQUEUE = struct('pool_workqueue', {
  // guarded by the pool's lock
  /** works that may be done now or are being done: no more than the workqueue's maxActive */
  active: 'word',
  /** those that have to wait for that */
  inactive: WORK_LIST,
  /** the colour of work that comes now; how many of each colour are queued or being done */
  colour: 'word',
  inFlight: [2],
  /** the colour that somebody waits for + 1, 0: nobody does */
  flushColour: 'word',
})
