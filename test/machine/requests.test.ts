// What the host asks of the kernel is told apart by a number: rooms that name requests of their own must not share one.
import { expect, test } from 'vitest'
import { CGROUP_REQUEST } from '#dist/src/kernel/cgroup.js'
import { REQUEST } from '#dist/src/kernel/port.js'

test('every request has a number of its own, and those of control groups are the last', () => {
  const numbers = Object.values(REQUEST)
  expect(new Set(numbers).size).toBe(numbers.length)
  // The kernel tells them by that.
  const others = numbers.filter((number) => !(Object.values(CGROUP_REQUEST) as number[]).includes(number))
  expect(Math.max(...others)).toBeLessThan(Math.min(...Object.values(CGROUP_REQUEST)))
})
