// Locks and whoever waits: nobody holds any, nobody waits for any.

import type { Layout } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import type { Struct } from '../memory/struct.js'
import { COMPLETION, GLOBAL, MUTEX, PERCPU, PERCPU_RWSEM, TASK, WAIT_QUEUE } from '../memory/structs.js'
import { cpusOf, type Findings, type Invariant, nameOf, tasksOf, type World } from './invariant.js'

interface Places {
  readonly locks: ReadonlyMap<string, number>
  readonly mutexes: readonly number[]
  /** heads of wait lists; the tail is the next word */
  readonly waitLists: readonly number[]
}

const found = new WeakMap<Layout, Places>()

/** Where a machine's locks and wait lists are; looked for once. */
function placesOf(layout: Layout): Places {
  let places = found.get(layout)
  if (places === undefined) {
    const at = (shape: Struct): number[] => addressesOf(layout, shape)
    const lists = (shape: Struct & { readonly head: number }): number[] => at(shape).map((base) => base + shape.head)
    const waitLists = [...lists(COMPLETION), ...lists(WAIT_QUEUE), ...lists(MUTEX)]
    places = { locks: layout.locks(), mutexes: at(MUTEX), waitLists }
    found.set(layout, places)
  }
  return places
}

/** The addresses of all structures of a shape, wherever they are inside others. */
function addressesOf(layout: Layout, shape: Struct): number[] {
  const addresses: number[] = []
  const visit = (inside: Struct, base: number): void => {
    if (inside === shape) addresses.push(base)
    for (const { offset, kind } of inside.$fields.values()) {
      if (typeof kind === 'object' && '$fields' in kind) visit(kind, base + offset)
    }
  }
  for (const { shape: element, base, stride, count } of layout.regions) {
    if (element !== null) for (let i = 0; i < count; i++) visit(element, base + i * stride)
  }
  return addresses
}

function* spinlocks({ memory }: World): Findings {
  for (const [name, address] of placesOf(memory.layout).locks) {
    const holder = memory.get(address)
    if (holder !== 0) yield `CPU ${holder - 1} holds ${name}`
  }
}

function* mutexes({ memory }: World): Findings {
  for (const mutex of placesOf(memory.layout).mutexes) {
    const owner = memory.get(mutex + MUTEX.owner)
    if (owner !== 0) yield `${nameOf(memory, owner)} holds ${structureAt(memory, mutex)}`
  }
  for (const task of tasksOf(memory)) {
    const handed = memory.get(task + TASK.handedMutex)
    if (handed !== 0) yield `${nameOf(memory, task)} was handed ${structureAt(memory, handed)}, and did not take it`
  }
}

/** The name of a structure whose first field is at an address: 'global.addRemoveLock'. */
function structureAt(memory: Memory, address: number): string {
  return memory.layout.describe(address).replace(/\.\w+$/, '')
}

function* waiters({ memory }: World): Findings {
  for (const head of placesOf(memory.layout).waitLists) {
    const first = memory.get(head)
    if (first !== 0) yield `${nameOf(memory, first)} waits for ${structureAt(memory, head)}`
    else if (memory.get(head + 1) !== 0) yield `the wait list of ${structureAt(memory, head)} ends without a beginning`
  }
  for (const task of tasksOf(memory)) {
    const address = memory.get(task + TASK.waitsFor)
    if (address !== 0) yield `${nameOf(memory, task)} says that it waits for ${structureAt(memory, address)}`
  }
}

function* hotplugLock({ memory }: World): Findings {
  const sem = memory.global + GLOBAL.hotplugLock
  const writer = memory.get(sem + PERCPU_RWSEM.writer)
  if (memory.get(sem + PERCPU_RWSEM.block) !== 0) yield 'cpu_hotplug_lock is held for writing'
  if (writer !== 0) yield `${nameOf(memory, writer)} waits for the readers of cpu_hotplug_lock`
  let readers = 0
  for (const cpu of cpusOf(memory)) readers += memory.get(memory.percpu(cpu) + PERCPU.hotplugReaders)
  if (readers !== 0) yield `cpu_hotplug_lock has ${readers} readers`
}

export const LOCK_INVARIANTS: readonly Invariant[] = [
  { name: 'spinlocks-free', says: 'nobody holds a spinlock', check: spinlocks },
  { name: 'mutexes-free', atRest: true, says: 'nobody holds a mutex', check: mutexes },
  { name: 'nobody-waits', atRest: true, says: 'the wait lists are empty', check: waiters },
  {
    name: 'hotplug-lock-free',
    atRest: true,
    says: 'cpu_hotplug_lock has no writer, and as many readers have left as came',
    check: hotplugLock,
  },
]
