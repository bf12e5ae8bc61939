// What drives a device's model: its generator, one operation after the other. Both machines use it.
import { modelOf } from '../devices/models.js'
import type { Memory } from '../memory/memory.js'
import { Device } from '../ops/device.js'
import { type Kernel, KIND, type Operation } from '../ops/operation.js'

export class DeviceProcessor {
  readonly device: Device
  private readonly model: Kernel<void>
  /** it does nothing any more */
  ended = false

  constructor(index: number, memory: Memory) {
    this.device = new Device(index, memory)
    this.model = modelOf(this.device)
    this.resume(0)
  }

  /** The declared operation. */
  get declared(): Readonly<Operation> {
    return this.device.operation
  }

  /** When it goes on, ns, if nobody writes the word that it waits for; Infinity: never, or it does not wait. */
  get until(): number {
    const { kind, expected } = this.device.operation
    return kind === KIND.waitWhile ? expected : Number.POSITIVE_INFINITY
  }

  /** Gives the model the result of its operation; when this returns, another one has been declared, or it has ended. */
  resume(result: number): void {
    this.ended = this.model.next(result).done === true
  }
}
