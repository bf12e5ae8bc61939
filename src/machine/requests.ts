// The host's side of the port: requests on their way into the machine, and their answers (kernel/port.ts).
import { NS_PER_MS } from '../base/time.js'
import { REQUEST, SLOT_STATUS } from '../kernel/port.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { PORT_SLOT } from '../memory/structs.js'
import { type Engine, NO_REQUEST } from './engine.js'

export interface Answer {
  readonly result: number
  readonly value: number
}

interface Request {
  /** counts the requests of a machine, from 1 */
  readonly sequence: number
  readonly kind: number
  readonly cpu: number
  readonly arguments: readonly number[]
  readonly text: string
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

export class Requests {
  private readonly engine: Engine
  private readonly memory: Memory
  private readonly changed: () => void
  private readonly free: number[] = []
  private readonly underWay = new Map<number, Request>()
  private readonly queue: Request[] = []
  private asked = 0

  /** `changed` is called whenever `count` or `oldest` may have. */
  constructor(engine: Engine, changed: () => void) {
    this.engine = engine
    this.memory = engine.memory
    this.changed = changed
    for (let slot = LIMITS.portSlots - 1; slot >= 0; slot--) this.free.push(slot)
  }

  /** How many have no answer yet. */
  get count(): number {
    return this.underWay.size + this.queue.length
  }

  /** Which of those has waited longest, by its number; NO_REQUEST for none. */
  get oldest(): number {
    return this.first?.sequence ?? NO_REQUEST
  }

  /** For how long that one has asked to be left waiting, ns: only afterwards is it late. */
  get allowanceNs(): number {
    const { first } = this
    if (first?.kind !== REQUEST.sleep) return 0
    const [ms = 0, ns = 0] = first.arguments
    return ms * NS_PER_MS + ns
  }

  /** Slots stand in the order in which they were posted. */
  private get first(): Request | undefined {
    const [oldest] = this.underWay.values()
    return oldest
  }

  ask(kind: number, cpu: number, args: readonly number[], text = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.queue.push({ sequence: ++this.asked, kind, cpu, arguments: args, text, resolve, reject })
      this.post()
    })
  }

  private post(): void {
    const { memory } = this
    while (this.queue.length > 0 && this.free.length > 0) {
      const slot = this.free.pop()!
      const request = this.queue.shift()!
      const address = memory.slot(slot)
      memory.set(address + PORT_SLOT.kind, request.kind)
      memory.set(address + PORT_SLOT.cpu, request.cpu)
      request.arguments.forEach((word, n) => {
        memory.set(address + PORT_SLOT.argument + n, word)
      })
      memory.setText(address + PORT_SLOT.text, 32, request.text)
      this.underWay.set(slot, request)
      this.engine.store(address + PORT_SLOT.status, SLOT_STATUS.posted)
      this.engine.post(slot)
    }
    this.changed()
  }

  /** Takes the answers that are there. */
  collect(): void {
    const { memory } = this
    for (const [slot, request] of this.underWay) {
      const address = memory.slot(slot)
      if (this.engine.load(address + PORT_SLOT.status) !== SLOT_STATUS.done) continue
      this.engine.store(address + PORT_SLOT.status, SLOT_STATUS.free)
      this.underWay.delete(slot)
      this.free.push(slot)
      request.resolve({
        result: this.engine.load(address + PORT_SLOT.result),
        value: this.engine.load(address + PORT_SLOT.value),
      })
    }
    this.post()
  }

  /** The machine has ended. */
  reject(error: Error): void {
    for (const request of [...this.underWay.values(), ...this.queue]) request.reject(error)
    this.underWay.clear()
    this.queue.length = 0
  }
}
