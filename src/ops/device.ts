// A device as its own model sees it: what it does on the bus. It is hardware, neither a CPU nor the host: a generator beside
// those of the CPUs, driven by the machine as they are, with operations that are theirs (docs/decisions/0022-devices.md).
import type { Memory } from '../memory/memory.js'
import { Master } from './master.js'
import { acquire, KIND, type Operation } from './operation.js'

export class Device extends Master {
  /** its number among the devices, and as a master: after all CPUs */
  readonly index: number
  readonly id: number

  constructor(index: number, memory: Memory) {
    super(memory)
    this.index = index
    this.id = memory.layout.config.cpus + index
  }

  /** Waits until the word is another than `value`, or it is that time (ns). Answers with the word. */
  wait(word: number, value: number, until: number, place: string): Operation {
    this.operation.expected = until
    return this.declare(KIND.waitWhile, word, value, acquire, place)
  }

  /** Waits until it is that time (ns). */
  sleep(until: number, place: string): Operation {
    return this.wait(0, 0, until, place)
  }
}
