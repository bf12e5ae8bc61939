// Cpusets and the scheduling domain: what follows from the set of active CPUs, when nobody is at work on it.
import { GLOBAL, MUTEX } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import type { Findings, Invariant, World } from './invariant.js'

/** Whether a hotplug operation is under way: what follows from the CPUs is made anew before it ends, and not at once. */
function isChanging({ memory }: World): boolean {
  return memory.get(memory.global + GLOBAL.addRemoveLock + MUTEX.owner) !== 0
}

function* domain(world: World): Findings {
  if (isChanging(world)) return
  const { memory } = world
  for (const cpu of bitsOf(memory, memory.possible)) {
    const balanced = testBit(memory, memory.active, cpu) && testBit(memory, memory.housekeeping, cpu)
    if (testBit(memory, memory.domain, cpu) !== balanced) {
      yield `CPU ${cpu} is ${balanced ? 'active and not isolated, and not in the domain' : 'in the domain, and not active or isolated'}`
    }
  }
}

export const CPUSET_INVARIANTS: readonly Invariant[] = [
  { name: 'domain-spans', says: 'the load is balanced over the active CPUs that are not isolated', check: domain },
]
