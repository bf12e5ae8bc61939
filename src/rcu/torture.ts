// Torture: readers look at something that a writer keeps replacing, as rcutorture does it.
//
//   reader                                   writer
//   rcuReadLock                              a new one, pipe 0; current = it (full)
//   p = current        (acquire)             the old one: pipe 1; after each grace period 1 more; after ten it is used again
//   ... look at p's version, twice
//   p.pipe: 0, or 1 when it was replaced meanwhile. 2: a grace period has gone by: an error
//   rcuReadUnlock
import { NS_PER_US } from '../base/time.js'
import type { Memory } from '../memory/memory.js'
import { PIPE_LENGTH, RCU_TORTURE, TORTURE_ITEM, TORTURE_ITEMS } from '../memory/structs/rcu-torture.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { acquire, full, type Kernel, relaxed } from '../ops/operation.js'
import { rcuReadLock, rcuReadUnlock } from '../sched/read-side.js'
import { callRcu } from './callbacks.js'
import { synchronizeRcuExpedited } from './expedited.js'
import { waitForGracePeriod } from './synchronize.js'

/** One read side, `us` microseconds long. Answers 0, or 1 when something was freed under its eyes. */
export function* tortureRead(cpu: Cpu, us: number): Kernel<number> {
  const { memory } = cpu
  const state = memory.rcuTorture
  rcuReadLock(cpu)
  const item = yield cpu.load(state + RCU_TORTURE.current, acquire, 'rcu_torture_one_read')
  if (item === 0) {
    yield* rcuReadUnlock(cpu)
    return 0
  }
  const version = yield cpu.load(item + TORTURE_ITEM.version, relaxed, 'rcu_torture_one_read:version')
  if (us > 0) yield cpu.spinUntil((yield cpu.clock('rcu_read_delay')) + us * NS_PER_US, 'rcu_read_delay')
  const pipe = yield cpu.load(item + TORTURE_ITEM.pipe, relaxed, 'rcu_torture_one_read:pipe')
  const same = (yield cpu.load(item + TORTURE_ITEM.version, relaxed, 'rcu_torture_one_read:again')) === version
  yield* rcuReadUnlock(cpu)
  const seen = state + RCU_TORTURE.readers + Math.min(Math.max(pipe, 0), PIPE_LENGTH)
  yield cpu.add(seen, 1, relaxed, 'rcu_torture_one_read:count')
  if (!same) yield cpu.add(state + RCU_TORTURE.wrong, 1, relaxed, 'rcu_torture_one_read:wrong')
  return same && pipe <= 1 ? 0 : 1
}

/** How a writer has what it has replaced freed. */
export const FREE_BY = { callback: 0, gracePeriod: 1, expedited: 2 } as const

/** Replaces what readers look at. Waits for grace periods, but for FREE_BY.callback. Answers 1; 0 when there was nothing to replace it with. */
export function* tortureWrite(cpu: Cpu, by: number): Kernel<number> {
  const { memory } = cpu
  const state = memory.rcuTorture
  yield* layOut(cpu)
  const item = yield* take(cpu)
  if (item === 0) return 0
  yield cpu.store(item + TORTURE_ITEM.pipe, 0, relaxed, 'rcu_torture_writer:new')
  const old = yield cpu.exchange(state + RCU_TORTURE.current, item, full, 'rcu_torture_writer')
  if (old === 0) return 1
  yield cpu.add(old + TORTURE_ITEM.pipe, 1, relaxed, 'rcu_torture_writer:old')
  if (by === FREE_BY.callback) {
    callRcu(cpu, old + TORTURE_ITEM.head, FN.rcu_torture_cb)
    return 1
  }
  do {
    if (by === FREE_BY.expedited) yield* synchronizeRcuExpedited(cpu)
    else yield* waitForGracePeriod(cpu)
  } while (!(yield* agedOut(cpu, old)))
  yield* give(cpu, old)
  return 1
}

/** The callback: after each grace period, until it has been through enough of them. */
export function* rcuTortureCallback(cpu: Cpu, _argument: number, head: number): Kernel<number> {
  const item = head - TORTURE_ITEM.head
  if (yield* agedOut(cpu, item)) yield* give(cpu, item)
  else callRcu(cpu, head, FN.rcu_torture_cb)
  return 0
}

/** Waits for a grace period for no reason. */
export function* tortureFakeWrite(cpu: Cpu, by: number): Kernel<number> {
  if (by === FREE_BY.expedited) yield* synchronizeRcuExpedited(cpu)
  else yield* waitForGracePeriod(cpu)
  yield cpu.add(cpu.memory.rcuTorture + RCU_TORTURE.faked, 1, relaxed, 'rcu_torture_fakewriter')
  return 0
}

/** One grace period more; whether those were enough. */
function* agedOut(cpu: Cpu, item: number): Kernel<boolean> {
  return (yield cpu.add(item + TORTURE_ITEM.pipe, 1, relaxed, 'rcu_torture_pipe_update_one')) + 1 >= PIPE_LENGTH
}

/** All are free when the first writer comes. */
function* layOut(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const state = memory.rcuTorture
  if ((yield cpu.load(state + RCU_TORTURE.begun, acquire, 'rcu_torture_init:look')) === 1) return
  yield cpu.lockIrq(state + RCU_TORTURE.lock, 'rcu_torture_init')
  if (memory.get(state + RCU_TORTURE.free) === 0 && memory.get(state + RCU_TORTURE.allocated) === 0) {
    for (let n = 0; n < TORTURE_ITEMS; n++) {
      const item = memory.tortureItem(n)
      memory.set(item + TORTURE_ITEM.nextFree, memory.get(state + RCU_TORTURE.free))
      memory.set(state + RCU_TORTURE.free, item)
    }
  }
  yield cpu.store(state + RCU_TORTURE.begun, 1, full, 'rcu_torture_init:begun')
  yield cpu.unlockIrq(state + RCU_TORTURE.lock, 'rcu_torture_init')
}

/** One that is free, 0 when there is none. */
function* take(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  const state = memory.rcuTorture
  yield cpu.lockIrq(state + RCU_TORTURE.lock, 'rcu_torture_alloc')
  const item = memory.get(state + RCU_TORTURE.free)
  const counted = state + (item === 0 ? RCU_TORTURE.allocationsFailed : RCU_TORTURE.allocated)
  memory.set(counted, memory.get(counted) + 1)
  if (item !== 0) {
    const version = memory.get(state + RCU_TORTURE.version) + 1
    memory.set(state + RCU_TORTURE.free, memory.get(item + TORTURE_ITEM.nextFree))
    memory.set(state + RCU_TORTURE.version, version)
    yield cpu.store(item + TORTURE_ITEM.version, version, relaxed, 'rcu_torture_alloc:version')
  }
  yield cpu.unlockIrq(state + RCU_TORTURE.lock, 'rcu_torture_alloc')
  return item
}

function* give(cpu: Cpu, item: number): Kernel<void> {
  const { memory } = cpu
  const state = memory.rcuTorture
  yield cpu.lockIrq(state + RCU_TORTURE.lock, 'rcu_torture_free')
  memory.set(item + TORTURE_ITEM.nextFree, memory.get(state + RCU_TORTURE.free))
  memory.set(state + RCU_TORTURE.free, item)
  memory.set(state + RCU_TORTURE.freed, memory.get(state + RCU_TORTURE.freed) + 1)
  yield cpu.unlockIrq(state + RCU_TORTURE.lock, 'rcu_torture_free')
}

/** What has come of it so far, for whoever looks from outside. */
export interface TortureCounts {
  readonly current: number
  readonly version: number
  readonly freeListEmpty: boolean
  readonly allocated: number
  readonly allocationsFailed: number
  readonly freed: number
  /** readers by how many grace periods had gone by since what they looked at was replaced; more than 1 is an error */
  readonly pipe: readonly number[]
  readonly wrong: number
  readonly faked: number
}

export function tortureCounts(memory: Memory): TortureCounts {
  const word = (offset: number): number => memory.get(memory.rcuTorture + offset)
  return {
    current: word(RCU_TORTURE.current),
    version: word(RCU_TORTURE.version),
    freeListEmpty: word(RCU_TORTURE.free) === 0,
    allocated: word(RCU_TORTURE.allocated),
    allocationsFailed: word(RCU_TORTURE.allocationsFailed),
    freed: word(RCU_TORTURE.freed),
    pipe: Array.from({ length: PIPE_LENGTH + 1 }, (_, n) => word(RCU_TORTURE.readers + n) >>> 0),
    wrong: word(RCU_TORTURE.wrong),
    faked: word(RCU_TORTURE.faked),
  }
}

/** What is wrong with that, a line each. */
export function* tortureErrors({ pipe, wrong }: TortureCounts): Generator<string, void, undefined> {
  const late = pipe.slice(2).reduce((sum, n) => sum + n, 0)
  if (late > 0)
    yield `${late} readers looked at something that a grace period had gone by since (Reader Pipe: ${pipe.join(' ')})`
  if (wrong > 0) yield `${wrong} readers looked at something that was freed and used again`
}

/** What rcutorture's users read. Figures of what is not tested here are left out; `rtmbe` counts readers that saw something used again. */
export function tortureLines(counts: TortureCounts): string[] {
  const { current, version, freeListEmpty, allocated, allocationsFailed, freed, pipe, wrong } = counts
  const address = current.toString(16).padStart(16, '0')
  const [ver, empty] = [current === 0 ? 'VER' : 'ver', freeListEmpty ? 1 : 0]
  return [
    `rcu-torture: rtc: ${address} ${ver}: ${version} tfle: ${empty} rta: ${allocated} rtaf: ${allocationsFailed} rtf: ${freed} rtmbe: ${wrong}`,
    `rcu-torture: Reader Pipe:  ${pipe.join(' ')}`,
  ]
}
