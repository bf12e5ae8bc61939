import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatCpuMask, parseCpuMask } from '#dist/src/base/cpulist.js'

test.each<[number[], number, string]>([
  [[0, 2], 4, '5'],
  [[0, 2], 8, '05'],
  [[1], 1024, `${'00000000,'.repeat(31)}00000002`],
  [[31], 32, '80000000'],
  [[32], 33, '1,00000000'],
  [[], 4, '0'],
])('the mask of CPUs %j of %i is %s', (cpus, possible, mask) => {
  expect(formatCpuMask(cpus, possible)).toBe(mask)
})

test('a mask that is written is read again', () => {
  const machine = fc
    .integer({ min: 1, max: 200 })
    .chain((possible) =>
      fc.record({ possible: fc.constant(possible), cpus: fc.uniqueArray(fc.integer({ min: 0, max: possible - 1 })) }),
    )
  fc.assert(
    fc.property(machine, ({ possible, cpus }) => {
      const sorted = cpus.sort((a, b) => a - b)
      expect(parseCpuMask(formatCpuMask(sorted, possible))).toEqual(sorted)
      expect(parseCpuMask(`0x${formatCpuMask(sorted, possible)}`)).toEqual(sorted)
    }),
  )
})

test.each(['', '0x', 'g', '1-3', '-1', '1 2'])("'%s' is no mask", (text) => {
  expect(parseCpuMask(text)).toBe(null)
})
