// The CPU masks among themselves, and what is counted along with them.

import type { MaskName } from '../memory/layout.js'
import { GLOBAL } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import type { Findings, Invariant, World } from './invariant.js'

const INSIDE: readonly (readonly [MaskName, MaskName])[] = [
  ['present', 'possible'],
  ['online', 'present'],
  ['active', 'online'],
  ['dying', 'present'],
]

function* nest({ memory }: World): Findings {
  for (const [inner, outer] of INSIDE) {
    for (const cpu of bitsOf(memory, memory[inner])) {
      if (!testBit(memory, memory[outer], cpu)) yield `CPU ${cpu} is ${inner} and not ${outer}`
    }
  }
}

function* count({ memory }: World): Findings {
  for (const [mask, word] of [
    ['online', GLOBAL.onlineCount],
    ['active', GLOBAL.activeCount],
  ] as const) {
    const counted = memory.get(memory.global + word)
    const set = [...bitsOf(memory, memory[mask])].length
    if (counted !== set) yield `${counted} CPUs are counted as ${mask}, ${set} are in the mask`
  }
}

function* interruptCpu({ memory }: World): Findings {
  const cpu = memory.get(memory.global + GLOBAL.portCpu)
  if (!testBit(memory, memory.online, cpu)) yield `the port's interrupt goes to CPU ${cpu}, which is not online`
}

export const MASK_INVARIANTS: readonly Invariant[] = [
  { name: 'masks-nest', says: 'possible >= present >= online >= active, and only present CPUs are dying', check: nest },
  { name: 'masks-counted', says: 'the counts of online and active CPUs are those of the masks', check: count },
  { name: 'device-interrupts-online', says: 'device interrupts go to an online CPU', check: interruptCpu },
]
