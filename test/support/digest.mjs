// Runs a few fixed scenarios on deterministic machines and prints what came out, one line of JSON for each:
//
//   {"name":"cycles, seed 5","operations":50849,"timeNs":508490,"digest":1683251466}
//
// The same on every version of Node and on every computer. Needs nothing but the build.
import { Machine } from '../../dist/src/index.js'

const modules = ['smp', 'sched', 'workqueue'].map(
  (name) => new URL(`../../dist/test/modules/${name}.js`, import.meta.url),
)

async function cycle(machine, cpus) {
  for (const cpu of cpus) {
    await machine.offline(cpu)
    await machine.online(cpu)
  }
}

const SCENARIOS = {
  'cycles, seed 5': [{ cpus: 4, seed: 5 }, (machine) => cycle(machine, [1, 2, 3, 2, 1])],
  'cycles, a large seed': [{ cpus: 4, seed: 0xdead_beef }, (machine) => cycle(machine, [1, 2, 3])],
  'cycles, in a fixed order': [{ cpus: 4, strategy: 'fixed' }, (machine) => cycle(machine, [3, 2, 1])],
  'function calls from everywhere meanwhile': [
    { cpus: 4, seed: 7 },
    (machine) =>
      Promise.all([...[0, 1, 2].map((cpu) => machine.run('smp_storm', { cpu, args: [40] })), cycle(machine, [3, 3])]),
  ],
  'tasks that sleep and wander meanwhile': [
    { cpus: 4, seed: 9 },
    (machine) => Promise.all([machine.run('sched_flock', { cpu: 0, args: [12, 8] }), cycle(machine, [1, 2, 3])]),
  ],
  'a failure and its undoing': [
    { cpus: 3, seed: 11 },
    async (machine) => {
      await machine.write('cpu1/hotplug/fail', 200)
      await machine.offline(1).catch(() => {})
    },
  ],
  '64 CPUs': [{ cpus: 64, seed: 3 }, (machine) => cycle(machine, [63])],
}

for (const [name, [options, scenario]] of Object.entries(SCENARIOS)) {
  const machine = await Machine.boot({ ...options, machine: 'deterministic', modules })
  await scenario(machine)
  const { operations, timeNs, digest } = machine.counters()
  console.log(JSON.stringify({ name, operations, timeNs, digest }))
  await machine.shutdown()
}
