// Once: the first thread that comes does it; the others wait until it has been done.
import { sharedWords } from './errors.js'

const UNDONE = 0
const UNDER_WAY = 1
const DONE = 2

export const Once = {
  init(): Int32Array {
    return sharedWords(1)
  },

  /** Has `act` done by one thread. Returns when it has been done; when it throws, the next to come does it again. */
  execute(once: Int32Array, act: () => void): void {
    for (;;) {
      const state = Atomics.compareExchange(once, 0, UNDONE, UNDER_WAY)
      if (state === DONE) return
      if (state === UNDER_WAY) {
        Atomics.wait(once, 0, UNDER_WAY)
        continue
      }
      let done = false
      try {
        act()
        done = true
      } finally {
        Atomics.store(once, 0, done ? DONE : UNDONE)
        Atomics.notify(once, 0)
      }
      return
    }
  },

  isDone(once: Int32Array): boolean {
    return Atomics.load(once, 0) === DONE
  },
} as const
