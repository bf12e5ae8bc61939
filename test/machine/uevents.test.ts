import { expect } from 'vitest'
import { type Uevent, ueventLines, ueventMessage } from '#dist/src/index.js'
import { onEveryMachine, rejection } from '../support/machines.js'

/** Which device did what, and what had been answered when it was told. */
onEveryMachine('tells of devices that went offline and online, before it answers', { cpus: 3 }, async (machine) => {
  const told: (Uevent | string)[] = []
  machine.onUevent = (event) => told.push(event)
  await machine.offline(1)
  told.push('offline 1')
  await machine.write('cpu2/online', '0')
  told.push('write 0')
  await machine.write('cpu2/online', '1')
  told.push('write 1')
  await machine.online(1)
  const actions = told.map((event) => (typeof event === 'string' ? event : `${event.action} ${event.device.path}`))
  expect(actions).toEqual([
    'offline /devices/system/cpu/cpu1',
    'offline 1',
    'offline /devices/system/cpu/cpu2',
    'write 0',
    'online /devices/system/cpu/cpu2',
    'write 1',
    'online /devices/system/cpu/cpu1',
  ])
  expect(machine.files.read('/sys/kernel/uevent_seqnum')).toBe('4\n')
})

onEveryMachine('tells nothing of what changes no device', { cpus: 3 }, async (machine) => {
  const told: Uevent[] = []
  await machine.offline(2)
  machine.onUevent = (event) => told.push(event)
  // Off already; refused; failing on the way; by its target, which leaves the device as it is; and all of them, to suspend.
  await machine.offline(2)
  expect(await rejection(machine.offline(0))).toMatchObject({ code: 'EPERM' })
  await machine.write('cpu1/hotplug/fail', '235')
  expect(await rejection(machine.offline(1))).toMatchObject({ code: 'EAGAIN' })
  await machine.write('cpu1/hotplug/target', '0')
  await machine.write('cpu1/hotplug/target', '236')
  await machine.suspend('processors')
  expect(told).toEqual([])
})

onEveryMachine("says it in the kernel's words, and in those of udevadm", { cpus: 2 }, async (machine) => {
  const told: Uevent[] = []
  machine.onUevent = (event) => told.push(event)
  await machine.offline(1)
  const [event] = told
  expect(ueventMessage(event!)).toBe(
    'offline@/devices/system/cpu/cpu1\0ACTION=offline\0DEVPATH=/devices/system/cpu/cpu1\0SUBSYSTEM=cpu\0DRIVER=processor\0SEQNUM=1\0',
  )
  expect(event!.timeNs).toBeGreaterThan(0)
  expect(event!.timeNs).toBeLessThanOrEqual(machine.now())
  const lines = ueventLines({ ...event!, timeNs: 5_322_321_400 }).split('\n')
  expect(lines).toEqual([
    'KERNEL[5.322321] offline  /devices/system/cpu/cpu1 (cpu)',
    'ACTION=offline',
    'DEVPATH=/devices/system/cpu/cpu1',
    'SUBSYSTEM=cpu',
    'DRIVER=processor',
    'SEQNUM=1',
    '',
    '',
  ])
})
