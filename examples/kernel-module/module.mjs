// A kernel module: functions that run inside the machine, on its CPUs. Every worker thread loads it. Kernel code is a
// generator: it yields each operation that another CPU could see, before it happens.
import { full, relaxed, smpCallFunctionMany } from 'cpuhp/kernel'

// Words of the machine's memory that are kept for modules.
const INTERRUPTED = 0
const COMING_UP = 1

export const functions = {
  /** Runs in the interrupt of every CPU that is called: counts. */
  *count_me(cpu, word) {
    yield cpu.add(word, 1, full, 'count_me')
    return 0
  },

  /** A kernel thread: calls all online CPUs but its own, and answers how many have counted. */
  *count_others(cpu) {
    const word = cpu.memory.scratch(INTERRUPTED)
    yield cpu.store(word, 0, relaxed, 'count_others:reset')
    const everybody = Array.from({ length: cpu.memory.layout.config.cpus }, (_, id) => id)
    yield* smpCallFunctionMany(cpu, everybody, cpu.functions.find('count_me'), word, true)
    return yield cpu.load(word, relaxed, 'count_others:answer')
  },

  /** A hotplug callback: runs on the CPU that comes up, in its thread cpuhp/N. */
  *note_coming_up(cpu) {
    yield cpu.add(cpu.memory.scratch(COMING_UP), 1, full, 'note_coming_up')
    return 0
  },

  /** A kernel thread: how often a CPU has come up through the callback. */
  *read_coming_up(cpu) {
    return yield cpu.load(cpu.memory.scratch(COMING_UP), relaxed, 'read_coming_up')
  },
}
