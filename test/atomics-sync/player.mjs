// A thread of a scenario: workerData says which, and which implementation it is to be played with. The order of what
// matters is forced: threads wait for each other at the places where a race would need luck.
import { parentPort, workerData } from 'node:worker_threads'
import { IMPLEMENTATIONS } from './broken.mjs'
import { pause, until } from './until.mjs'

const { scenario, implementation, words, me, players, data } = workerData
const It = IMPLEMENTATIONS[implementation]
const { Mutex } = IMPLEMENTATIONS

/** data[15]: threads that are there. */
const MET = 15

/** In a section for `most`: whoever should not be let in has time to come in all the same. data[1]: threads inside. */
function holdOpen(most) {
  until(() => Atomics.load(data, 1) > most)
  if (Atomics.load(data, 1) > most) Atomics.store(data, 2, 1)
}

const SCENARIOS = {
  /** data[0]: times inside; data[1]: threads inside; data[2]: there were two. The first time others have time to come. */
  count() {
    for (let n = 0; n < 10; n++) {
      It.lock(words, me)
      const first = Atomics.add(data, 0, 1) === 0
      if (Atomics.add(data, 1, 1) > 0) Atomics.store(data, 2, 1)
      if (first) holdOpen(1)
      Atomics.sub(data, 1, 1)
      It.unlock(words, me)
    }
  },
  /** The same, for two at a time: data[2]: there were three. */
  crowd() {
    for (let n = 0; n < 10; n++) {
      It.wait(words)
      const first = Atomics.add(data, 0, 1) === 0
      if (Atomics.add(data, 1, 1) > 1) Atomics.store(data, 2, 1)
      if (first) holdOpen(2)
      else pause(1)
      Atomics.sub(data, 1, 1)
      It.post(words)
    }
  },
  /** data[0]: what is waited for; data[1]: the waiter has the mutex; data[2]: signalled; data.subarray(4): the mutex. */
  signal() {
    const mutex = data.subarray(4, 6)
    if (me === 1) {
      Mutex.lock(mutex, me)
      Atomics.store(data, 1, 1)
      // The signal comes after the waiter has unlocked, and before it sleeps.
      const { unlock } = Mutex
      Mutex.unlock = (...given) => {
        unlock(...given)
        until(() => Atomics.load(data, 2) === 1)
      }
      while (data[0] === 0) It.wait(words, mutex, me)
      Mutex.unlock = unlock
    } else {
      until(() => Atomics.load(data, 1) === 1, 10_000)
      Mutex.lock(mutex, me)
      data[0] = 1
      It.signal(words)
      Atomics.store(data, 2, 1)
    }
    Mutex.unlock(mutex, me)
  },
  /** data[0]: how many came; in round r nobody is to leave before all have come. data[1]: who did all the same. */
  rounds() {
    for (let round = 1; round <= 10; round++) {
      Atomics.add(data, 0, 1)
      It.wait(words, me)
      if (Atomics.load(data, 0) < 2 * round) Atomics.add(data, 1, 1)
      It.wait(words, me)
    }
  },
  /**
   * Four threads meet by twos. data[0]: came; data[1]: left; data[2]: left without one to go with. The third has looked at
   * the generation when the first two meet, if the barrier lets them; the fourth comes when the third could have left.
   */
  pairs() {
    if (me < 3) until(() => Atomics.load(data, 3) === 1, 10_000)
    if (me === 3) {
      const { load } = Atomics
      Atomics.load = (array, index) => {
        const value = load(array, index)
        if (array.buffer !== words.barrier.buffer || index !== 2) return value
        Atomics.load = load
        Atomics.store(data, 3, 1)
        until(() => load(data, 1) === 2)
        return value
      }
      Atomics.add(data, 0, 1)
    } else {
      if (me === 4) until(() => Atomics.load(data, 1) === 3, 1000)
      Atomics.add(data, 0, 1)
    }
    It.wait(words, me)
    const left = Atomics.add(data, 1, 1) + 1
    // The third is counted as there while it is held up, but nobody can have gone with it: so among the others by twos.
    const came = Atomics.load(data, 0)
    if (left > came - (came % 2)) Atomics.store(data, 2, 1)
  },
  /** data[0]: what is made once; data[1]: how often it was made; data[2]: who went on without it. */
  once() {
    It.execute(words, () => {
      until(() => Atomics.load(data, 2) > 0)
      Atomics.add(data, 1, 1)
      Atomics.store(data, 0, 42)
    })
    if (Atomics.load(data, 0) !== 42) Atomics.add(data, 2, 1)
  },
}

// All start together, however long a thread takes to start.
Atomics.add(data, MET, 1)
until(() => Atomics.load(data, MET) === players, 20_000)
parentPort.postMessage('met')
SCENARIOS[scenario]()
parentPort.postMessage('done')
