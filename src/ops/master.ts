// Who can be on the machine's bus: a CPU, or a device that reads and writes memory by itself and raises interrupts.
//
// Each method that declares an operation fills the operation register and returns it, to be yielded at once.
import type { Memory } from '../memory/memory.js'
import { KIND, type Operation, ORDER, type Order } from './operation.js'
import type { Vector } from './vectors.js'

export class Master {
  readonly memory: Memory
  /** the declared operation */
  readonly operation: Operation = {
    kind: KIND.fence,
    word: 0,
    value: 0,
    expected: 0,
    order: ORDER.full,
    place: 'reset',
  }

  constructor(memory: Memory) {
    this.memory = memory
  }

  protected declare(kind: Operation['kind'], word: number, value: number, order: Order, place: string): Operation {
    const operation = this.operation
    operation.kind = kind
    operation.word = word
    operation.value = value
    operation.order = order
    operation.place = place
    return operation
  }

  load(word: number, order: Order, place: string): Operation {
    return this.declare(KIND.load, word, 0, order, place)
  }

  store(word: number, value: number, order: Order, place: string): Operation {
    return this.declare(KIND.store, word, value, order, place)
  }

  /** Answers with the value before. */
  add(word: number, value: number, order: Order, place: string): Operation {
    return this.declare(KIND.add, word, value, order, place)
  }

  and(word: number, value: number, order: Order, place: string): Operation {
    return this.declare(KIND.and, word, value, order, place)
  }

  or(word: number, value: number, order: Order, place: string): Operation {
    return this.declare(KIND.or, word, value, order, place)
  }

  exchange(word: number, value: number, order: Order, place: string): Operation {
    return this.declare(KIND.exchange, word, value, order, place)
  }

  /** Answers with the value before: the exchange happened when that is `expected`. */
  compareExchange(word: number, expected: number, value: number, order: Order, place: string): Operation {
    this.operation.expected = expected
    return this.declare(KIND.compareExchange, word, value, order, place)
  }

  fence(order: Order, place: string): Operation {
    return this.declare(KIND.fence, 0, 0, order, place)
  }

  /** Spins until the word is another than `value`; answers with it. Interrupts are taken meanwhile, where enabled. */
  waitWhile(word: number, value: number, place: string): Operation {
    return this.declare(KIND.waitWhile, word, value, ORDER.acquire, place)
  }

  sendIpi(cpu: number, vector: Vector, place: string): Operation {
    return this.declare(KIND.sendIpi, cpu, vector, ORDER.release, place)
  }

  /** Answers with the time, in ns since the machine was powered on. */
  clock(place: string): Operation {
    return this.declare(KIND.clock, 0, 0, ORDER.relaxed, place)
  }

  /** Answers with 0..n-1. */
  choose(n: number, place: string): Operation {
    return this.declare(KIND.choose, 0, n, ORDER.relaxed, place)
  }
}
