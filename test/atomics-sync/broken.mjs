// Each primitive with the defect that it is known for. The window is made wide: what a race needs luck for happens always.
import { Barrier, Condition, Mutex, Once, Semaphore, SpinLock } from '../../dist/src/atomics-sync/index.js'

const nowhere = new Int32Array(new SharedArrayBuffer(4))
const pause = (ms) => Atomics.wait(nowhere, 0, 0, ms)

/** Looks, and takes, in two steps: two threads may be in between. */
const CheckThenActMutex = {
  ...Mutex,
  lock(mutex) {
    while (Atomics.load(mutex, 0) !== 0) pause(1)
    pause(1)
    Atomics.store(mutex, 0, 1)
  },
  unlock(mutex) {
    Atomics.store(mutex, 0, 0)
  },
}

/** Does not wake anybody. */
const SilentMutex = {
  ...Mutex,
  unlock(mutex) {
    Atomics.store(mutex, 1, 0)
    Atomics.exchange(mutex, 0, 0)
  },
}

const CheckThenActSpinLock = { ...SpinLock, lock: CheckThenActMutex.lock, unlock: CheckThenActMutex.unlock }

const CheckThenActSemaphore = {
  ...Semaphore,
  wait(semaphore) {
    for (;;) {
      const permits = Atomics.load(semaphore, 0)
      pause(1)
      if (permits > 0) {
        Atomics.store(semaphore, 0, permits - 1)
        return
      }
    }
  },
}

/** Waits for a word that never changes: a signal between the unlock and the wait is gone. */
const DeafCondition = {
  ...Condition,
  wait(condition, mutex, threadId) {
    Mutex.unlock(mutex, threadId)
    pause(100)
    Atomics.wait(condition, 0, 0)
    Mutex.lock(mutex, threadId)
  },
  signal(condition) {
    Atomics.notify(condition, 0, 1)
  },
}

/** Sleeps until everybody has come, by the count: who is late to look finds it reset, and sleeps on. */
const OneWayBarrier = {
  ...Barrier,
  wait(barrier) {
    if (Atomics.add(barrier, 1, 1) + 1 === Atomics.load(barrier, 0)) {
      Atomics.store(barrier, 1, 0)
      Atomics.notify(barrier, 1)
      return true
    }
    for (;;) {
      const arrived = Atomics.load(barrier, 1)
      if (arrived === 0) return false
      Atomics.wait(barrier, 1, arrived)
      pause(20)
    }
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
  HastyOnce,
}
