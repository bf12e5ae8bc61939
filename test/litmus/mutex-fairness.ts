// Result: always
//
// A mutex goes to whoever has waited longest: who gives it up and wants it again stands at the end of the queue.
//
//   CPU 0                       CPU 1                  CPU 2
//   lock; 1st                   0 holds it: lock       1 sleeps: lock
//   both sleep: unlock, lock    2nd                    3rd
//   4th
//
// Seen: that order.
import { type Cpu, full, type Kernel, MUTEX, mutexLock, mutexUnlock } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

const HAD = 64

/** Until `count` tasks wait for the mutex. */
function* queued(cpu: Cpu, at: number, count: number): Kernel<void> {
  for (;;) {
    yield cpu.lockIrq(at + MUTEX.waitLock, 'queued')
    const head = cpu.memory.get(at + MUTEX.head)
    const tail = cpu.memory.get(at + MUTEX.tail)
    yield cpu.unlockIrq(at + MUTEX.waitLock, 'queued')
    if (count === 1 ? head !== 0 : head !== tail) return
  }
}

function* take(cpu: Cpu, at: number): Kernel<number> {
  yield* mutexLock(cpu, at)
  return yield cpu.add(at + HAD, 1, full, 'had')
}

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      const first = yield* take(cpu, at)
      yield* queued(cpu, at, 2)
      yield* mutexUnlock(cpu, at)
      const last = yield* take(cpu, at)
      yield* mutexUnlock(cpu, at)
      return first * 10 + last
    },
    function* (cpu, at) {
      yield cpu.waitWhile(at + HAD, 0, 'held')
      const turn = yield* take(cpu, at)
      yield* mutexUnlock(cpu, at)
      return turn
    },
    function* (cpu, at) {
      yield* queued(cpu, at, 1)
      const turn = yield* take(cpu, at)
      yield* mutexUnlock(cpu, at)
      return turn
    },
  ],
  seen: ([outer, second, third], word) => outer === 3 && second === 1 && third === 2 && word(MUTEX.owner) === 0,
})
