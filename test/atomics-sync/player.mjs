// A thread of a scenario: workerData says which, and which implementation it is to be played with.
import { parentPort, workerData } from 'node:worker_threads'
import { IMPLEMENTATIONS } from './broken.mjs'

const { scenario, implementation, words, me, data } = workerData
const It = IMPLEMENTATIONS[implementation]
const { Mutex } = IMPLEMENTATIONS
const nowhere = new Int32Array(new SharedArrayBuffer(4))
const pause = (ms) => Atomics.wait(nowhere, 0, 0, ms)

const SCENARIOS = {
  /** data[0]: a counter that is read and written in two steps under the lock. */
  count() {
    for (let n = 0; n < 30; n++) {
      It.lock(words, me)
      const before = data[0]
      pause(1)
      data[0] = before + 1
      It.unlock(words, me)
    }
  },
  /** data[0]: threads inside; data[1]: the most that there were. */
  crowd() {
    for (let n = 0; n < 20; n++) {
      It.wait(words)
      const inside = Atomics.add(data, 0, 1) + 1
      if (inside > Atomics.load(data, 1)) Atomics.store(data, 1, inside)
      pause(1)
      Atomics.sub(data, 0, 1)
      It.post(words)
    }
  },
  /** data[0]: what is waited for; data.subarray(2): the mutex; data[1]: the waiter has let go of it. */
  signal() {
    const mutex = data.subarray(2, 4)
    Mutex.lock(mutex, me)
    if (me === 1) {
      while (data[0] === 0) It.wait(words, mutex, me)
    } else {
      data[0] = 1
      It.signal(words)
    }
    Mutex.unlock(mutex, me)
  },
  /** data[0]: how many came through; in round r nobody is to leave before all have come. data[1]: who did all the same. */
  rounds() {
    for (let round = 1; round <= 10; round++) {
      Atomics.add(data, 0, 1)
      It.wait(words)
      if (Atomics.load(data, 0) < 2 * round) Atomics.add(data, 1, 1)
      It.wait(words)
    }
  },
  /** data[0]: what is made once; data[1]: how often it was made; data[2]: who went on without it. */
  once() {
    It.execute(words, () => {
      pause(50)
      Atomics.add(data, 1, 1)
      Atomics.store(data, 0, 42)
    })
    if (Atomics.load(data, 0) !== 42) Atomics.add(data, 2, 1)
  },
}

// The second player of a signal comes when the first is there.
if (scenario === 'signal' && me === 2) pause(50)
SCENARIOS[scenario]()
parentPort.postMessage('done')
