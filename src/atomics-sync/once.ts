// Once: the first thread that comes does it; the others wait until it has been done.
//
//   the first                                 the others
//   state undone -> under way: mine           state is under way: sleep while it is
//   does it                                   look again
//   state = done; wake all                    state is done: go on
//
// Who does it must not come here again meanwhile: it would wait for itself.
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

  /** Whether it has been done: not while it is under way. */
  isExecuted(once: Int32Array): boolean {
    return Atomics.load(once, 0) === DONE
  },
} as const
