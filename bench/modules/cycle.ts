// Kernel code for the cycle benchmark: a task that writes to a CPU's `online` file again and again, as a shell on the machine does.
import { beginControl, CONTROL, storeControl } from '../../src/hotplug/control.js'
import { type Cpu, full, type Kernel } from '../../src/kernel-api.js'
import { RESTART } from '../../src/sched/task.js'

/** Scratch words: writes that have been begun, what the file is next, and when the first one was, in us. */
const AT = { begun: 0, writing: 1, since: 2 } as const
const RULES = { stateControl: true }

/** Takes `subject` down and up, `cycles` times each. Answers how long all of it took, in microseconds; negative: an errno. */
function* cycles(cpu: Cpu, subject: number, cycles: number): Kernel<number> {
  const { memory } = cpu
  const at = memory.scratch(0)
  for (;;) {
    const begun = memory.get(at + AT.begun)
    if (memory.get(at + AT.writing) === 0) {
      const now = Math.round((yield cpu.clock('cycles')) / 1000)
      if (begun === 0) memory.set(at + AT.since, now)
      if (begun === 2 * cycles) {
        yield cpu.store(at + AT.begun, 0, full, 'cycles:end')
        return now - memory.get(at + AT.since)
      }
      memory.set(at + AT.begun, begun + 1)
      memory.set(at + AT.writing, 1)
      beginControl(cpu)
    }
    const down = memory.get(at + AT.begun) % 2 === 1
    const result = yield* storeControl(cpu, CONTROL.online, subject, down ? '0' : '1', RULES)
    if (result === RESTART) return RESTART
    memory.set(at + AT.writing, 0)
    if (result !== 0) return result
  }
}

export const functions = { cycles }
