// Result: always
//
// Atomic additions add up, whoever adds: seen is the sum.
import { relaxed } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const ADDITIONS = 8

const adder: Role = function* (cpu, at) {
  for (let n = 0; n < ADDITIONS; n++) yield cpu.add(at, 1, relaxed, 'add')
  return 0
}

export const { litmus, functions } = litmusModule({
  roles: [adder, adder, adder],
  seen: (_, word) => word(0) === 3 * ADDITIONS,
})
