import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kernelIntErrno, parseKernelBool, parseKernelInt } from '#dist/src/base/kstrto.js'

describe('parseKernelInt', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['+0', 0],
    ['155', 155],
    ['155\n', 155],
    ['+7', 7],
    ['-1', -1],
    ['0236', 236],
    ['2147483647', 2147483647],
    ['-2147483648', -2147483648],
  ])('%j is %d', (text, value) => {
    expect(parseKernelInt(text)).toBe(value)
  })

  test.each([
    '',
    '\n',
    ' 1',
    '1 ',
    '1\n\n',
    '\n1',
    '1.0',
    '0x10',
    '1e3',
    '--1',
    '+-1',
    '-+1',
    '- 1',
    'abc',
    '1a',
    '１',
  ])('%j is no number: EINVAL', (text) => {
    expect(parseKernelInt(text)).toBeNull()
    expect(kernelIntErrno(text)).toBe('EINVAL')
  })

  test.each(['2147483648', '-2147483649', '4294967296\n', '9'.repeat(400)])('%j is too large: ERANGE', (text) => {
    expect(parseKernelInt(text)).toBeNull()
    expect(kernelIntErrno(text)).toBe('ERANGE')
  })

  test('reads every int32, with or without a newline', () => {
    const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
    fc.assert(fc.property(int32, (n) => parseKernelInt(`${n}`) === n && parseKernelInt(`${n}\n`) === n))
  })
})

describe('parseKernelBool', () => {
  test.each(['1', '1\n', '10', 'y', 'Y', 'yes', 'yellow', 't', 'T', 'true', 'on', 'On', 'oN', 'ON\n', 'only'])(
    '%j is true',
    (text) => {
      expect(parseKernelBool(text)).toBe(true)
    },
  )

  test.each(['0', '0\n', '01', 'n', 'N', 'no', 'f', 'F', 'false', 'of', 'off', 'OFF\n', 'oF'])(
    '%j is false',
    (text) => {
      expect(parseKernelBool(text)).toBe(false)
    },
  )

  test.each(['', '\n', ' 1', '2', '-1', 'x', 'o', 'o\n', 'oo', '+1'])('%j is neither', (text) => {
    expect(parseKernelBool(text)).toBeNull()
  })

  test('looks at no more than the first two letters', () => {
    fc.assert(fc.property(fc.string(), (text) => parseKernelBool(text) === parseKernelBool(text.slice(0, 2))))
  })
})
