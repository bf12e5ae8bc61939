// Scenarios of devices: their interrupts come, and are moved, while CPUs go down and come up.
import type { Machine } from '../../machine/machine.js'
import { DEVICE_QUEUE } from '../../memory/structs/devices.js'
import { call, look, offline, online, scenario, step, write } from '../scenario.js'
import { IRQ_KERNEL } from './irq-kernel.js'

/** What each queue has brought has been seen to, and it has brought something. */
function* allProcessed({ memory }: Machine): Generator<string> {
  for (let n = 0; n < memory.irqs; n++) {
    const queue = memory.queue(n)
    const [brought, processed] = [memory.get(queue + DEVICE_QUEUE.brought), memory.get(queue + DEVICE_QUEUE.processed)]
    if (brought === 0 || processed !== brought)
      yield `queue ${n} has brought ${brought} packets, ${processed} have been processed`
  }
}

const whileAPacketComes = step('sleep(15 us)', (machine) => machine.sleep(15_000))

export const movedInterrupts = scenario({
  name: 'moved-interrupts',
  says: 'an interrupt is sent from one CPU to another one and back while one of them goes down',
  machine: { cpus: 3, devices: [{ kind: 'nic', rate: 100_000, packets: 16 }] },
  async prepare(machine) {
    await machine.write('/proc/irq/1/smp_affinity_list', '1')
    await machine.sleep(25_000)
  },
  actors: [
    {
      name: 'moves',
      steps: [
        write('/proc/irq/1/smp_affinity_list', '2'),
        whileAPacketComes,
        write('/proc/irq/1/smp_affinity_list', '1-2'),
      ],
    },
    { name: 'A', steps: [offline(1), whileAPacketComes, online(1), offline(2), whileAPacketComes, online(2)] },
  ],
  check: allProcessed,
})

export const packets = scenario({
  name: 'packets',
  says: 'CPUs go down while packets come for them',
  machine: { cpus: 3, devices: [{ kind: 'nic', queues: 2, rate: 1_000_000, packets: 150 }] },
  async prepare(machine) {
    await machine.write('/proc/irq/1/smp_affinity_list', '1')
    await machine.write('/proc/irq/2/smp_affinity_list', '2')
    await machine.sleep(10_000)
  },
  actors: [
    { name: 'A', steps: [offline(1), online(1), offline(2), online(2)] },
    { name: 'observer', steps: [look, look] },
  ],
  check: allProcessed,
})

export const disk = scenario({
  name: 'disk',
  says: 'a CPU goes down while a disk carries out what has been submitted there',
  machine: { cpus: 3, modules: [IRQ_KERNEL], devices: [{ kind: 'disk', rate: 500_000 }] },
  actors: [
    { name: 'submits', steps: [call('explore_submit', 1, [6]), call('explore_reap', 0, [], 0)] },
    { name: 'reads', steps: [call('explore_read', 2, [4], 0)] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
})
