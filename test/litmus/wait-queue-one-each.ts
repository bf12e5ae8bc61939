// Result: always
//
// Waking one waiter at a time: none is left behind, where each that goes looks whether it has had another one's wakeup. It
// may have: it is on the list until it leaves, also when it has found its ticket by itself.
//
//   CPU 0, 1                         CPU 2
//   wait for a ticket, take it       tickets + 1; wake one; tickets + 1; wake one
//   tickets left? wake one
//
// Seen: both have gone on, and no ticket is left.
import { acquire, type Cpu, full, type Kernel, waitEvent, wakeUp } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const TICKETS = 16

function* takeTicket(cpu: Cpu, at: number): Kernel<boolean> {
  for (;;) {
    const tickets = yield cpu.load(at + TICKETS, acquire, 'tickets')
    if (tickets === 0) return false
    if ((yield cpu.compareExchange(at + TICKETS, tickets, tickets - 1, full, 'take')) === tickets) return true
  }
}

const waiter: Role = function* (cpu, at) {
  yield* waitEvent(cpu, at, () => takeTicket(cpu, at))
  if ((yield cpu.load(at + TICKETS, acquire, 'left')) > 0) yield* wakeUp(cpu, at, 1)
  return 1
}

export const { litmus, functions } = litmusModule({
  roles: [
    waiter,
    waiter,
    function* (cpu, at) {
      for (let n = 0; n < 2; n++) {
        yield cpu.add(at + TICKETS, 1, full, 'give')
        yield* wakeUp(cpu, at, 1)
      }
      return 0
    },
  ],
  seen: ([one, other], word) => one === 1 && other === 1 && word(TICKETS) === 0,
})
