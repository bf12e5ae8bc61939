// What an interrupt puts aside is the whole of the operation that it came before.
import { expect, test } from 'vitest'
import { copyOperation, KIND, type Operation, ORDER, setOperation } from '#dist/src/ops/operation.js'

test('a copy of an operation has all of its fields, and gives them back', () => {
  const declared: Operation = {
    kind: KIND.compareExchange,
    word: 64,
    value: 7,
    expected: 5,
    order: ORDER.full,
    place: 'try_to_wake_up:state',
  }
  const register: Operation = { kind: KIND.fence, word: 0, value: 0, expected: 0, order: ORDER.relaxed, place: 'reset' }
  const kept = copyOperation(declared)
  expect(kept).toEqual(declared)
  expect(kept).not.toBe(declared)
  setOperation(register, kept)
  expect(register).toEqual(declared)
})
