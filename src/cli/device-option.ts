// `--device KIND[:NAME=VALUE,...]`, once for each device: 'nic:queues=4,rate=20000', 'disk'.
import { Option } from 'commander'
import { UsageError } from '../base/failure.js'
import { type DeviceConfig, deviceProblem } from '../devices/config.js'

export function deviceOption(): Option {
  const text = 'a network card (nic) or a disk, as in nic:queues=4,rate=20000; again for another one'
  return new Option('--device <device>', text).argParser(
    (given: string, before: readonly DeviceConfig[] | undefined) => {
      const devices = [...(before ?? []), parseDevice(given)]
      const problem = deviceProblem(devices)
      if (problem !== null) throw new UsageError(`--device: ${problem}`)
      return devices
    },
  )
}

/** A device in the words of the command line; what is in it is checked by deviceProblem. */
export function parseDevice(text: string): DeviceConfig {
  const [kind = '', list] = text.split(/:(.*)/s)
  const parameters: Record<string, number> = {}
  for (const assignment of list === undefined ? [] : list.split(',')) {
    const [, name, digits] = /^([a-z]+)=(\d{1,10})$/.exec(assignment) ?? []
    if (name === undefined) {
      throw new UsageError(`--device: '${assignment}' is not NAME=NUMBER, with queues, rate or packets as the name`)
    }
    parameters[name] = Number(digits)
  }
  return { kind, ...parameters } as DeviceConfig
}
