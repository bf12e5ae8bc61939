// Takes one CPU of a running machine offline, looks at it from outside as one would in /sys/devices/system/cpu, and
// brings it back.
//
//   node examples/offline-one-cpu.mjs
import { Machine } from 'cpuhp'

// Four CPUs, each a worker thread. `machine: 'deterministic', seed: 5` would run the same kernel in one thread.
const machine = await Machine.boot({ cpus: 4, machine: 'threads' })
try {
  console.log(`online: ${await machine.read('online')}`)

  await machine.offline(1)
  console.log(`after offline(1): ${await machine.read('online')}, state ${await machine.read('cpu1/hotplug/state')}`)

  // What Linux refuses is refused here, with Linux's error.
  for (const request of [() => machine.offline(0), () => machine.write('cpu1/hotplug/target', '93')]) {
    try {
      await request()
    } catch (error) {
      console.log(`refused: ${error.message}`)
    }
  }

  // Half the way up: the CPU is online, and takes no tasks yet.
  await machine.write('cpu1/hotplug/target', '155')
  console.log(`at 155: ${await machine.read('online')}, state ${await machine.read('cpu1/hotplug/state')}`)

  await machine.write('cpu1/hotplug/target', '236')
  console.log(`back: ${await machine.read('online')}, state ${await machine.read('cpu1/hotplug/state')}`)
} finally {
  await machine.shutdown()
}
