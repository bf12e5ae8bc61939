// `--device` of the commands that choose a machine.
import { expect, test } from 'vitest'
import { parseDevice } from '#dist/src/cli/device-option.js'
import { deviceProblem } from '#dist/src/devices/config.js'
import { cpuhp } from '../support/run.js'

test.each([
  ['nic', { kind: 'nic' }],
  ['nic:queues=4,rate=20000', { kind: 'nic', queues: 4, rate: 20_000 }],
  ['disk:rate=1', { kind: 'disk', rate: 1 }],
])('%s', (text, device) => {
  expect(parseDevice(text)).toEqual(device)
  expect(deviceProblem([parseDevice(text)])).toBe(null)
})

test.each([
  ['nic:q', "--device: 'q' is not NAME=NUMBER, with queues, rate or packets as the name"],
  ['nic:speed=1', '--device: a device has kind, queues, rate and packets, no speed'],
  ['modem', "--device: a device's kind is nic or disk, not modem"],
  ['nic:queues=17', "--device: a device's queues is a whole number from 1 to 16, not 17"],
])('--device %s is refused in a line', async (text, message) => {
  const { code, stderr } = await cpuhp(['shell', '--device', text])
  expect([code, stderr]).toEqual([2, `cpuhp: ${message}\n`])
})

test('a shell shows the interrupts of its devices, and says where they may go', async () => {
  const input = 'echo 3 > /proc/irq/2/smp_affinity_list\nsleep 1\ncat /proc/irq/2/effective_affinity_list\n'
  const args = ['shell', '--machine', 'deterministic', '--device', 'nic:queues=2', '--device', 'disk']
  const { code, stdout } = await cpuhp(args, { input })
  expect([code, stdout]).toEqual([0, '3\n'])
})
