// Result: always
//
// Of those who try to take a free mutex at once, one gets it.
import { mutexTryLock } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const taker: Role = function* (cpu, at) {
  return (yield* mutexTryLock(cpu, at)) ? 1 : 0
}

export const { litmus, functions } = litmusModule({
  roles: [taker, taker, taker],
  seen: (taken) => taken.reduce((sum, one) => sum + one, 0) === 1,
})
