// What the CPUs of a deterministic machine get from it: its time, and a way to say something.
import type { Services } from '../../ops/cpu.js'
import type { EngineEvents } from '../engine.js'

/** `time`: the machine's, ns. `events`: who listens, null before the machine is started. */
export function servicesOf(words: Int32Array, time: () => number, events: () => EngineEvents | null): Services {
  let tickets = 0
  return {
    ticket: () => tickets++,
    now: time,
    publish: (word, value) => {
      words[word] = value
    },
    printk: (cpu, level, text) => events()?.log({ cpu, timeNs: time(), level, text }),
    uevent: (_cpu, action, subject) => events()?.uevent(action, subject, time()),
  }
}
