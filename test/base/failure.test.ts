import { expect, test } from 'vitest'
import { assert } from '#dist/src/base/assert.js'
import { KernelError } from '#dist/src/base/errno.js'
import { Defect, EXIT, exitCodeFor, InvariantViolation, UsageError, WorkerDied } from '#dist/src/base/failure.js'

test('an invariant violation names its invariant, in a field and in its message', () => {
  const violation = new InvariantViolation('masks-nest', 'cpu 2 is active but not online')
  expect(violation.invariant).toBe('masks-nest')
  expect(`${violation}`).toBe('InvariantViolation: masks-nest: cpu 2 is active but not online')
})

test('each kind of failure ends the process with its own code', () => {
  expect(EXIT).toMatchObject({ ok: 0, violation: 1, usage: 2, panic: 3 })
  expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length)
  expect(exitCodeFor(new InvariantViolation('a', 'b'))).toBe(1)
  expect(exitCodeFor(new KernelError('EBUSY'))).toBe(1)
  expect(exitCodeFor(new UsageError('what?'))).toBe(2)
  expect(exitCodeFor(new UsageError('what?', { exitCode: EXIT.brokenToken }))).toBe(4)
  expect(exitCodeFor(new WorkerDied('at schedule 7'))).toBe(10)
  expect(exitCodeFor(new Defect('how?'))).toBe(3)
})

test('what nobody foresaw is a defect', () => {
  expect(exitCodeFor(new TypeError('x is undefined'))).toBe(3)
  expect(exitCodeFor('text')).toBe(3)
  expect(exitCodeFor(undefined)).toBe(3)
})

test('an assertion that holds says nothing', () => {
  expect(() => assert(1 + 1 === 2, 'arithmetic')).not.toThrow()
})

test('an assertion that fails is a Defect with its message', () => {
  expect(() => assert(false, 'the runqueue is locked')).toThrow(Defect)
  expect(() => assert(0, 'the runqueue is locked')).toThrow('the runqueue is locked')
})
