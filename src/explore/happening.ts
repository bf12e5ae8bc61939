// What a CPU that is given its turn does, as far as the order of turns makes a difference to others: two happenings that do not
// depend on each other may come in either order, and the same comes of it.
//
//   the same word, one of them writes it         depend on each other
//   an interrupt for a CPU, and what that does   depend: it may take the interrupt before or after
//   two that tell the host                       depend
//   a CPU and its store buffer                   depend
//
// Not looked at: what is read and written plainly, which locks must guard (--races checks that); what time it is; and what user
// programs do natively.
import { STEP, type View } from '../machine/deterministic/strategy.js'
import { GLOBAL } from '../memory/structs.js'
import { KIND } from '../ops/operation.js'
import { isWrite, wordOf } from './shared-words.js'

/** Stands for the host, as a word that whoever tells it something writes. */
const HOST = 1

export interface Happening {
  readonly actor: number
  /** the word that is used, 0: none */
  readonly word: number
  readonly writes: boolean
  /** the CPU where store buffers count, -1 without */
  readonly owner: number
  /** the CPU that an interrupt is raised for, -1: none */
  readonly target: number
  /** of the operation; -1 for an interrupt that is taken, and its like */
  readonly kind: number
}

/** What an actor is about to do; an interrupt that may be late counts as taken. */
export function happeningOf(view: View, actor: number): Happening {
  return view.stepOf(actor) === STEP.operation ? operationOf(view, actor) : noneOf(view, actor)
}

function noneOf(view: View, actor: number): Happening {
  const weak = view.actors > view.memory.layout.masters
  return { actor, word: 0, writes: false, owner: weak ? view.cpuOf(actor) : -1, target: -1, kind: -1 }
}

/** The operation that an actor has declared. */
export function operationOf(view: View, actor: number): Happening {
  const { memory } = view
  const none = noneOf(view, actor)
  const operation = view.declared(actor)
  const { kind } = operation
  if (kind === KIND.sendIpi) return { ...none, kind, target: operation.word }
  if (kind === KIND.notifyHost) {
    // The host asks for the next thing at once.
    return { ...none, kind, word: HOST, writes: true, target: memory.words[memory.global + GLOBAL.portCpu]! }
  }
  const word = wordOf(operation)
  return { ...none, kind, word, writes: word !== 0 && isWrite(kind) }
}

export function depend(one: Happening, other: Happening): boolean {
  if (one.actor === other.actor || one.target === other.actor || other.target === one.actor) return true
  if (one.owner >= 0 && one.owner === other.owner) return true
  return one.word !== 0 && one.word === other.word && (one.writes || other.writes)
}
