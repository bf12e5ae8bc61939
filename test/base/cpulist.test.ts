import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCpuList, parseCpuList } from '#dist/src/base/cpulist.js'
import { UsageError } from '#dist/src/base/failure.js'

describe('formatCpuList', () => {
  test.each([
    [[], ''],
    [[0], '0'],
    [[0, 1], '0-1'],
    [[0, 2, 3], '0,2-3'],
    [[3, 0, 2, 0], '0,2-3'],
    [[0, 1, 2, 3, 7, 9, 10], '0-3,7,9-10'],
  ])('%j is shown as %j', (cpus, text) => {
    expect(formatCpuList(cpus)).toBe(text)
  })

  test('takes anything that can be iterated', () => {
    expect(formatCpuList(new Set([5, 4]))).toBe('4-5')
  })
})

describe('parseCpuList', () => {
  test.each([
    ['', []],
    ['\n', []],
    ['3', [3]],
    ['0-3\n', [0, 1, 2, 3]],
    ['0,2-3', [0, 2, 3]],
    ['3,1,1-2', [1, 2, 3]],
    ['0 2\t4', [0, 2, 4]],
    [',,1,,', [1]],
    ['0-7:2/4', [0, 1, 4, 5]],
    ['1-7:1/3', [1, 4, 7]],
    ['0-7:0/4', []],
    ['0-3:5/5', [0, 1, 2, 3]],
    ['all', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['ALL', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['all:1/2', [0, 2, 4, 6]],
    ['N', [7]],
    ['6-N', [6, 7]],
    ['0-N:1/N', [0, 7]],
    ['007', [7]],
  ])('of 8 CPUs %j is %j', (text, cpus) => {
    expect(parseCpuList(text, 8)).toEqual(cpus)
  })

  test.each([
    ['8', "cpu list '8': '8' goes beyond the last CPU, which is 7"],
    ['0-8', "cpu list '0-8': '0-8' goes beyond the last CPU, which is 7"],
    ['1,99999999999999999999999', 'goes beyond the last CPU'],
    ['3-1', "the range '3-1' runs downwards"],
    ['N-0', "the range 'N-0' runs downwards"],
    ['x', "'x' is not understood"],
    ['n', "'n' is not understood"],
    ['-1', "'-1' is not understood"],
    ['1-', "'1-' is not understood"],
    ['1 - 2', "'-' is not understood"],
    ['0-3:1', "'0-3:1' is not understood"],
    ['all-3', "'all-3' is not understood"],
    ['0x1', "'0x1' is not understood"],
    ['3:1/2', "'3:1/2' groups a single CPU"],
    ['0-3:1/0', "'0-3:1/0' takes 1 of each 0"],
    ['0-3:3/2', "'0-3:3/2' takes 3 of each 2"],
  ])('of 8 CPUs %j is refused', (text, message) => {
    expect(() => parseCpuList(text, 8)).toThrow(UsageError)
    expect(() => parseCpuList(text, 8)).toThrow(message)
  })

  test('an error is one line, whatever the text', () => {
    expect(() => parseCpuList('0\nx', 8)).toThrow(/^cpu list '0 x': [^\n]*$/)
  })

  test('reads back what formatCpuList writes', () => {
    const sets = fc.uniqueArray(fc.nat(511), { maxLength: 200 })
    fc.assert(
      fc.property(sets, (cpus) => {
        const ascending = [...cpus].sort((left, right) => left - right)
        expect(parseCpuList(formatCpuList(cpus), 512)).toEqual(ascending)
      }),
    )
  })

  test('a group takes, of each so many CPUs of its range, the first so many', () => {
    const cases = fc
      .record({ first: fc.nat(63), length: fc.nat(63), group: fc.integer({ min: 1, max: 20 }), used: fc.nat(20) })
      .filter(({ used, group }) => used <= group)
    fc.assert(
      fc.property(cases, ({ first, length, group, used }) => {
        const cpus = parseCpuList(`${first}-${first + length}:${used}/${group}`, 128)
        const expected: number[] = []
        for (let start = first; start <= first + length; start += group) {
          for (let cpu = start; cpu < start + used && cpu <= first + length; cpu++) expected.push(cpu)
        }
        expect(cpus).toEqual(expected)
      }),
    )
  })

  test('whatever the text, it answers CPUs that exist or throws a UsageError', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'0123456789,-:/Nal \n') })
    fc.assert(
      fc.property(texts, (text) => {
        try {
          return parseCpuList(text, 16).every((cpu) => Number.isInteger(cpu) && cpu >= 0 && cpu < 16)
        } catch (error) {
          return error instanceof UsageError
        }
      }),
      { numRuns: 2000 },
    )
  })
})
