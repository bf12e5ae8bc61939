// The test of a checker is a mutation that it must catch: as mutations.test.ts, for a machine with devices.
import { describe, expect, test } from 'vitest'
import { brokenOf, lab } from '../support/lab.js'
import { DEVICES, IRQ_MUTATIONS } from './irq-broken.js'

describe('an invariant says so, and no other, when', () => {
  test.each(IRQ_MUTATIONS)('%s: %s', async (invariant, _what, mutate) => {
    const machine = await lab({ devices: DEVICES })
    try {
      await machine.sleep(5_000_000)
      await machine.offline(2)
      await machine.online(2)
      while (machine.step(1000) === 1000);
      expect(brokenOf(machine)).toEqual([])
      mutate(machine.memory)
      expect(brokenOf(machine)).toEqual([invariant])
    } finally {
      await machine.shutdown()
    }
  })
})
