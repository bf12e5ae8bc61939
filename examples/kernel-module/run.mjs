// Loads a kernel module into both machines: calls across CPUs by interrupt, and a hotplug step that is added at run time.
//
//   node examples/kernel-module/run.mjs
import { Machine } from 'cpuhp'

const modules = [new URL('./module.mjs', import.meta.url)]

for (const options of [
  { machine: 'threads', workers: 2 },
  { machine: 'deterministic', seed: 5 },
]) {
  const machine = await Machine.boot({ cpus: 4, modules, ...options })
  try {
    console.log(`${options.machine}:`)
    console.log(`  CPU 1 counts ${await machine.run('count_others', { cpu: 1 })} others`)
    await machine.offline(3)
    console.log(`  with CPU 3 offline, ${await machine.run('count_others', { cpu: 1 })}`)

    // A step with a startup callback, without calling it for the CPUs that are up already.
    const state = await machine.addState({
      name: 'example:online',
      state: 'online',
      startup: 'note_coming_up',
      invoke: false,
    })
    await machine.online(3)
    console.log(`  CPUs that came up through state ${state}: ${await machine.run('read_coming_up')}`)
    await machine.removeState(state)
  } finally {
    await machine.shutdown()
  }
}
