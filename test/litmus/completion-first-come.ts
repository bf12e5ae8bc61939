// Result: always
//
// A completion lets those who wait go in the order in which they came, one for each time it is completed.
//
//   CPU 0                  CPU 1                  CPU 2
//   wait; who = 1st        0 sleeps; wait; 2nd    both sleep; complete; somebody went; complete
//
// Seen: CPU 0 went first.
import { acquire, COMPLETION, type Cpu, complete, full, type Kernel, waitForCompletion } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

const WENT = 64

/** Until `count` tasks are on the completion's list: its lock is only held to look. */
function* queued(cpu: Cpu, at: number, count: number): Kernel<void> {
  for (;;) {
    yield cpu.lockIrq(at + COMPLETION.lock, 'queued')
    const head = cpu.memory.get(at + COMPLETION.head)
    const tail = cpu.memory.get(at + COMPLETION.tail)
    yield cpu.unlockIrq(at + COMPLETION.lock, 'queued')
    if (count === 1 ? head !== 0 : head !== tail) return
  }
}

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield* waitForCompletion(cpu, at)
      return yield cpu.add(at + WENT, 1, full, 'went')
    },
    function* (cpu, at) {
      yield* queued(cpu, at, 1)
      yield* waitForCompletion(cpu, at)
      return yield cpu.add(at + WENT, 1, full, 'went')
    },
    function* (cpu, at) {
      yield* queued(cpu, at, 2)
      yield* complete(cpu, at)
      yield cpu.waitWhile(at + WENT, 0, 'somebody')
      const went = yield cpu.load(at + WENT, acquire, 'one')
      yield* complete(cpu, at)
      return went
    },
  ],
  seen: ([first, second, went]) => first === 0 && second === 1 && went === 1,
})
