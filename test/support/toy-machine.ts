// A machine of operations on words and spinlocks and nothing else, for strategies and whatever watches them.
import fc from 'fast-check'
import { depend, type Happening, happeningOf } from '#dist/src/explore/happening.js'
import type { Strategy, View } from '#dist/src/index.js'
import { KIND, type Kind, type Operation, ORDER } from '#dist/src/ops/operation.js'

/** For each CPU its operations: kind and word. */
export type Program = readonly (readonly (readonly [Kind, number])[])[]

/** A machine of operations on words and locks, and nothing else. */
export class ToyMachine {
  readonly at: number[]
  private readonly held = new Set<number>()
  private readonly program: Program

  constructor(program: Program) {
    this.program = program
    this.at = program.map(() => 0)
  }

  declared(cpu: number): Operation {
    const [kind, word] = this.program[cpu][this.at[cpu]] ?? [KIND.halt, 0]
    return { kind, word, value: 0, expected: 0, order: ORDER.relaxed, place: 'toy' }
  }

  get runnable(): number[] {
    return [...this.program.keys()].filter((cpu) => {
      const { kind, word } = this.declared(cpu)
      return kind !== KIND.halt && !(kind === KIND.lock && this.held.has(word))
    })
  }

  step(cpu: number): void {
    const { kind, word } = this.declared(cpu)
    if (kind === KIND.lock) this.held.add(word)
    if (kind === KIND.unlock) this.held.delete(word)
    this.at[cpu]++
  }

  get view(): View {
    const actors = this.program.length
    const memory = { layout: { config: { cpus: actors } }, words: new Int32Array(64), cpuhp: () => 0 }
    const looks = { cpuOf: (actor: number) => actor, declared: (cpu: number) => this.declared(cpu), stepOf: () => 0 }
    return { actors, memory, sinceProgress: 0, ...looks } as unknown as View
  }
}

/** The trace of an order, written as the first of all orders that are the same but for what is independent. */
export function traceOf(order: readonly Happening[]): string {
  const left = [...order]
  let text = ''
  while (left.length > 0) {
    const free = left.filter((one, n) => !left.slice(0, n).some((before) => depend(before, one)))
    const next = free.reduce((a, b) => (a.actor < b.actor ? a : b))
    left.splice(left.indexOf(next), 1)
    text += `${next.actor} `
  }
  return text
}

/** Runs a program in the order of a strategy; `watch` is told of each operation before it is done. */
export function run(program: Program, strategy: Strategy, watch?: (view: View, cpu: number) => void): Happening[] {
  const machine = new ToyMachine(program)
  const { view } = machine
  const order: Happening[] = []
  strategy.attach?.(view)
  for (let { runnable } = machine; runnable.length > 0; runnable = machine.runnable) {
    const cpu = runnable[strategy.next(Int32Array.from(runnable), runnable.length)]
    watch?.(view, cpu)
    order.push(happeningOf(view, cpu))
    machine.step(cpu)
  }
  return order
}

export const writes = (word: number) => [KIND.store, word] as const
export const reads = (word: number) => [KIND.load, word] as const
export const locks = (word: number) => [KIND.lock, word] as const
export const unlocks = (word: number) => [KIND.unlock, word] as const

const operation = fc.tuple(fc.constantFrom(KIND.load, KIND.store), fc.constantFrom(100, 101))
const section = operation.map((one) => [locks(200), one, unlocks(200)])
const piece = fc.oneof({ weight: 4, arbitrary: operation.map((one) => [one]) }, { weight: 1, arbitrary: section })
const cpu = fc.array(piece, { minLength: 1, maxLength: 2 }).map((pieces) => pieces.flat())
/** Small programs for two or three CPUs: every order of them can be tried. */
export const programs: fc.Arbitrary<Program> = fc
  .array(cpu, { minLength: 2, maxLength: 3 })
  .filter((program) => program.flat().length <= 8)
