// RCU: whom grace periods wait for.

import type { Memory } from '../memory/memory.js'
import { RCU_DATA, RCU_NODE, RCU_TASK } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import { TASK } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { callbacksOf } from '../rcu/callbacks.js'
import { bitOf, blockedTasks, nodesOf } from '../rcu/node.js'
import { isUnderWay, NO_QS } from '../rcu/state.js'
import { cpusOf, type Findings, type Invariant, nameOf, tasksOf, type World } from './invariant.js'

function* watched({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const online = testBit(memory, memory.online, cpu)
    const waitedFor = (memory.get(memory.rcuNode(cpu) + RCU_NODE.online) & bitOf(cpu)) !== 0
    if (online && !waitedFor) yield `CPU ${cpu} is online, and grace periods do not wait for it`
    if (!online && waitedFor) yield `CPU ${cpu} is offline, and grace periods wait for it`
  }
}

function* nobodyGone({ memory }: World): Findings {
  for (const [index, node] of nodesOf(memory)) {
    const online = memory.get(node + RCU_NODE.online)
    const gone = (memory.get(node + RCU_NODE.qsmask) | memory.get(node + RCU_NODE.expmask)) & ~online
    if (gone !== 0) yield `a grace period waits for CPUs of node ${index} that are gone: mask 0x${gone.toString(16)}`
    yield* tasksCounted(memory, index, node)
  }
}

function* tasksCounted(memory: Memory, index: number, node: number): Findings {
  for (const [kind, word] of [
    [NO_QS.normal, RCU_NODE.gpTasks],
    [NO_QS.expedited, RCU_NODE.expTasks],
  ] as const) {
    let count = 0
    for (const task of blockedTasks(memory, node))
      if ((memory.get(task + TASK.rcu + RCU_TASK.blocks) & kind) !== 0) count++
    const counted = memory.get(node + word)
    if (counted !== count) yield `node ${index} counts ${counted} tasks that hold a grace period up, there are ${count}`
  }
}

function* gracePeriods({ memory }: World): Findings {
  const kinds = [
    ['a grace period', RCU.gpSeq, RCU.pending],
    ['an expedited grace period', RCU.expSequence, RCU.expPending],
  ] as const
  for (const [says, sequence, pending] of kinds) {
    if (isUnderWay(memory.get(memory.rcu + sequence))) yield `${says} is under way`
    const left = memory.get(memory.rcu + pending)
    if (left !== 0) yield `${says} still waits for ${left} nodes`
  }
  for (const cpu of cpusOf(memory)) {
    if (memory.get(memory.rcuData(cpu) + RCU_DATA.noQs) !== 0) yield `CPU ${cpu} owes a quiescent state`
  }
}

function* readSides({ memory }: World): Findings {
  for (const task of tasksOf(memory)) {
    if (memory.get(task + TASK.rcu + RCU_TASK.nesting) !== 0) yield `${nameOf(memory, task)} is in a read side`
    if (memory.get(task + TASK.rcu + RCU_TASK.node) !== 0)
      yield `${nameOf(memory, task)} is on a list of preempted readers`
  }
}

function* adopted({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const callbacks = memory.get(memory.rcuData(cpu) + RCU_DATA.callbacks)
    if (callbacks !== 0 && !testBit(memory, memory.online, cpu))
      yield `CPU ${cpu} is offline, and ${callbacks} callbacks wait there`
  }
}

function* callbacksCounted({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const word = (offset: number): number => memory.get(memory.rcuData(cpu) + offset)
    const callbacks = word(RCU_DATA.callbacks)
    let listed = 0
    for (const _ of callbacksOf(memory, cpu)) if (++listed > callbacks) break
    if (listed !== callbacks)
      yield `CPU ${cpu} counts ${callbacks} callbacks, ${listed > callbacks ? 'more' : listed} are there`
    const left = (word(RCU_DATA.queued) + word(RCU_DATA.adopted) - word(RCU_DATA.invoked)) | 0
    if (left !== callbacks) yield `${left} callbacks of CPU ${cpu} ought to be left, there are ${callbacks}`
  }
}

function* allCalled({ memory }: World): Findings {
  for (const cpu of bitsOf(memory, memory.online)) {
    const callbacks = memory.get(memory.rcuData(cpu) + RCU_DATA.callbacks)
    if (callbacks !== 0) yield `${callbacks} callbacks of CPU ${cpu} have not been called`
  }
}

export const RCU_INVARIANTS: readonly Invariant[] = [
  { name: 'rcu-waits-for-online', says: 'grace periods wait for the online CPUs, for no others', check: watched },
  {
    name: 'rcu-nodes-sound',
    says: 'no grace period waits for a CPU that is gone, and each counts the preempted readers that hold it up',
    check: nobodyGone,
  },
  { name: 'grace-periods-over', atRest: true, says: 'nobody waits for a grace period', check: gracePeriods },
  { name: 'rcu-callbacks-adopted', says: 'an offline CPU has no callbacks', check: adopted },
  {
    name: 'rcu-callbacks-once',
    says: 'each callback that was queued is in one list until it has been called',
    check: callbacksCounted,
  },
  {
    name: 'rcu-callbacks-called',
    atRest: true,
    says: 'all callbacks of online CPUs have been called',
    check: allCalled,
  },
  { name: 'read-sides-over', atRest: true, says: 'no task is in a read side of RCU', check: readSides },
]
