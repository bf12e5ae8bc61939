// A program that uses machines, one way or another, run by test/threads/lifecycle.test.ts as a process of its own. Each
// way prints `done` when it has come to its end; whether the process then ends by itself is what is tested.
import { Machine } from '../../dist/src/index.js'

const faults = new URL('../../dist/test/modules/faults.js', import.meta.url)

const WAYS = {
  async shutdown() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads' })
    await machine.offline(1)
    await machine.shutdown()
  },

  async forgotten() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads' })
    await machine.offline(1)
  },

  async 'forgotten, one worker'() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads', workers: 1 })
    await machine.offline(1)
  },

  async 'forgotten, deterministic'() {
    const machine = await Machine.boot({ cpus: 3, machine: 'deterministic' })
    await machine.offline(1)
  },

  // A request keeps the process alive until it has been answered, whoever waits for it.
  async 'not waited for'() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads' })
    machine.offline(1).then(() => console.log('answered'))
  },

  async 'failed boot'() {
    const modules = [new URL('./no-module.mjs', import.meta.url)]
    await Machine.boot({ cpus: 3, machine: 'threads', modules }).catch(() => console.log('refused'))
    console.log(process.getActiveResourcesInfo().filter((name) => /worker|message/i.test(name)).length)
  },

  async panic() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads', modules: [faults] })
    await machine.run('faults_throw', { cpu: 1, args: [1] }).catch((error) => console.log(error.name))
  },

  async stuck() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads', modules: [faults], watchdog: { stuckMs: 500 } })
    await machine.run('faults_endless', { cpu: 1 }).catch((error) => console.log(error.report.cause.kind))
  },

  async 'not handled'() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads', modules: [faults] })
    console.log('done')
    await machine.run('faults_throw', { cpu: 1, args: [1] })
  },

  // Goes on until it is killed.
  async 'for ever'() {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads' })
    console.log('done')
    for (;;) {
      await machine.offline(1)
      await machine.online(1)
    }
  },
}

await WAYS[process.argv[2]]()
console.log('done')
