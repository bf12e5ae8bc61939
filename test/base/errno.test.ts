import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { ERRNO, type ErrnoName, errnoMessage, errnoName, isErrnoName, KernelError } from '#dist/src/base/errno.js'

const NAMES = Object.keys(ERRNO) as ErrnoName[]

describe('error numbers', () => {
  test('each number has one name, whichever sign it has', () => {
    for (const name of NAMES) {
      expect(errnoName(ERRNO[name])).toBe(name)
      expect(errnoName(-ERRNO[name])).toBe(name)
    }
  })

  test('0 and unknown numbers have no name', () => {
    expect(errnoName(0)).toBeNull()
    expect(errnoName(4095)).toBeNull()
    expect(errnoName(-4095)).toBeNull()
  })

  test('only names of the table are names', () => {
    expect(isErrnoName('EBUSY')).toBe(true)
    expect(isErrnoName('EFUNNY')).toBe(false)
    expect(isErrnoName('toString')).toBe(false)
  })

  test.runIf(process.platform === 'linux')('the numbers are the ones of the Linux this runs on', () => {
    const host: Record<string, number> = constants.errno
    for (const name of NAMES) if (name in host) expect([name, ERRNO[name]]).toEqual([name, host[name]])
  })

  test('messages are what strerror says', () => {
    expect(errnoMessage('EBUSY')).toBe('Device or resource busy')
    expect(errnoMessage('EINVAL')).toBe('Invalid argument')
    expect(errnoMessage('ENXIO')).toBe('No such device or address')
    expect(errnoMessage('ERANGE')).toBe('Numerical result out of range')
  })
})

describe('KernelError', () => {
  test('looks like an error of Node', () => {
    const error = new KernelError('EBUSY', 'write', 'cpu1/online')
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toBe("EBUSY: device or resource busy, write 'cpu1/online'")
    expect(error).toMatchObject({
      name: 'KernelError',
      code: 'EBUSY',
      errno: -16,
      syscall: 'write',
      path: 'cpu1/online',
    })
    expect(`${error}`).toBe("KernelError: EBUSY: device or resource busy, write 'cpu1/online'")
  })

  test('says no more than it knows', () => {
    expect(new KernelError('ENOMEM').message).toBe('ENOMEM: cannot allocate memory')
    expect(new KernelError('EINTR', 'read').message).toBe('EINTR: interrupted system call, read')
    expect(new KernelError('ENOMEM').path).toBeUndefined()
  })
})
