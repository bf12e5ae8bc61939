// Each primitive with the defect that it is known for. What a race needs luck for is forced: threads meet in the window.
import { workerData } from 'node:worker_threads'
import { Barrier, Condition, Mutex, Once, Semaphore, SpinLock } from '../../dist/src/atomics-sync/index.js'
import { pause, until } from './until.mjs'

/** data[14]: threads that are or were between looking and taking. */
const IN_WINDOW = 14

/** Waits in the window until `count` threads have been there. */
function meet(count) {
  const { data } = workerData
  Atomics.add(data, IN_WINDOW, 1)
  until(() => Atomics.load(data, IN_WINDOW) >= count)
}

/** Looks, and takes, in two steps: two threads may be in between. */
const CheckThenActMutex = {
  ...Mutex,
  lock(mutex) {
    while (Atomics.load(mutex, 0) !== 0) pause(1)
    meet(2)
    Atomics.store(mutex, 0, 1)
  },
  unlock(mutex) {
    Atomics.store(mutex, 0, 0)
  },
}

/** Gives it up without looking whether anybody waits: the wake-up is lost. */
const SilentMutex = {
  ...Mutex,
  unlock(mutex) {
    Atomics.store(mutex, 1, 0)
    Atomics.store(mutex, 0, 0)
  },
}

const CheckThenActSpinLock = { ...SpinLock, lock: CheckThenActMutex.lock, unlock: CheckThenActMutex.unlock }

const CheckThenActSemaphore = {
  ...Semaphore,
  wait(semaphore) {
    for (;;) {
      const permits = Atomics.load(semaphore, 0)
      if (permits > 0) {
        meet(3)
        Atomics.store(semaphore, 0, permits - 1)
        return
      }
      pause(1)
    }
  },
}

/** Waits for a word that never changes: a signal between the unlock and the wait is gone. */
const DeafCondition = {
  ...Condition,
  wait(condition, mutex, threadId) {
    Mutex.unlock(mutex, threadId)
    Atomics.wait(condition, 0, 0)
    Mutex.lock(mutex, threadId)
  },
  signal(condition) {
    Atomics.notify(condition, 0, 1)
  },
}

/** No generation. Sleeps until everybody has come, by the count: who is late to look finds the next round's, and sleeps on. */
const OneWayBarrier = {
  ...Barrier,
  wait({ barrier }) {
    if (Atomics.add(barrier, 1, 1) + 1 === Atomics.load(barrier, 0)) {
      Atomics.store(barrier, 1, 0)
      Atomics.notify(barrier, 1)
      return true
    }
    for (;;) {
      const arrived = Atomics.load(barrier, 1)
      if (arrived === 0) return false
      Atomics.wait(barrier, 1, arrived)
      until(() => Atomics.load(barrier, 1) > 0)
    }
  },
}

/** Looks at the generation and is counted in two steps: a round may pass in between. */
const UnguardedBarrier = {
  ...Barrier,
  wait({ barrier }) {
    const seen = Atomics.load(barrier, 2)
    if (Atomics.add(barrier, 1, 1) + 1 === Atomics.load(barrier, 0)) {
      Atomics.store(barrier, 1, 0)
      Atomics.add(barrier, 2, 1)
      Atomics.notify(barrier, 2)
      return true
    }
    while (Atomics.load(barrier, 2) === seen) Atomics.wait(barrier, 2, seen)
    return false
  },
}

/** Says that it has been done before it has. */
const HastyOnce = {
  ...Once,
  execute(once, act) {
    if (Atomics.exchange(once, 0, 2) === 0) act()
  },
}

/** The sound ones and the broken ones, by name. */
export const IMPLEMENTATIONS = {
  Mutex,
  SpinLock,
  Semaphore,
  Condition,
  Barrier,
  Once,
  CheckThenActMutex,
  SilentMutex,
  CheckThenActSpinLock,
  CheckThenActSemaphore,
  DeafCondition,
  OneWayBarrier,
  UnguardedBarrier,
  HastyOnce,
}
