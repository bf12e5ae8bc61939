// A scenario of virtual machines (src/kvm), while CPUs go down and come up.
import { KVM_STEP } from '../../kvm/hardware.js'
import type { KernelThread } from '../../machine/kthreads.js'
import type { Machine } from '../../machine/machine.js'
import { look, offline, online, scenario, step } from '../scenario.js'

/** Threads of virtual CPUs, as `cpuhp stress --load kvm` has them. */
const GUESTS = { function: 'load_kvm', end: 'load_kvm_end', user: true } as const

async function prepare(machine: Machine): Promise<KernelThread[]> {
  await machine.addState(KVM_STEP)
  return []
}

export const guests = scenario<KernelThread[]>({
  name: 'guests',
  says: 'virtual machines are made and end while CPUs that their virtual CPUs are loaded on go down and come up',
  machine: { cpus: 3, kthreads: 2 },
  prepare,
  actors: [
    {
      name: 'guests',
      steps: [
        step('start two', async (machine, threads) => {
          for (const cpu of [1, 2]) {
            threads.push(await machine.kthread({ ...GUESTS, name: `vcpu/${cpu}`, cpu, args: [1, 20, 3] }))
          }
        }),
        step('sleep(150 us)', (machine) => machine.sleep(150_000)),
        step('end them', async (_machine, threads) => {
          for (const thread of threads.splice(0)) await thread.stop()
        }),
      ],
    },
    { name: 'A', steps: [offline(1), look, online(1)] },
    { name: 'B', steps: [offline(2), online(2), look] },
  ],
})
