// `--device` of the commands that choose a machine.
import { expect, test } from 'vitest'
import { parseDevice } from '#dist/src/cli/device-option.js'
import { deviceProblem } from '#dist/src/devices/config.js'
import { runCommand } from '../support/run.js'

test.each([
  ['nic', { kind: 'nic' }],
  ['nic:queues=4,rate=20000', { kind: 'nic', queues: 4, rate: 20_000 }],
  ['disk:rate=1', { kind: 'disk', rate: 1 }],
])('%s', (text, device) => {
  expect(parseDevice(text)).toEqual(device)
  expect(deviceProblem([parseDevice(text)])).toBe(null)
})
