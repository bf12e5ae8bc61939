// High-resolution timers: a heap of them on each CPU, and the CPU's clock event set to the one that expires first.
//
// A timer is armed on the CPU that arms it. Its function is called in that CPU's interrupt, without the base's lock and with
// interrupts off, and answers HRTIMER.norestart, or HRTIMER.restart when it has put its time forward. What is called may arm the timer itself as well,
// and so may anybody else meanwhile: it stays on this base then, so that it is never called twice at a time.
//
//   hrtimerCancel                             the interrupt
//   take the lock                             take the lock; off the heap; running = timer; drop the lock
//     armed? off the heap: done                 call the function
//     running? drop the lock, wait  <-------  take the lock; armed again? back into the heap; running = 0
//
// A CPU that dies gives its timers to another one (hrtimers:dying), with the last of its interrupts off: what is armed
// there from then on goes to another CPU at once.
import { Heap } from '../memory/heap.js'
import type { Memory } from '../memory/memory.js'
import { HRTIMER, HRTIMER_BASE } from '../memory/structs/hrtimers.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf } from '../ops/mask.js'
import { full, type Kernel, relaxed, release } from '../ops/operation.js'
import { VECTOR } from '../ops/vectors.js'
import { EVENT, withFunction } from '../trace/events.js'
import { HRTIMER_MODE, hrtimerStarted, timeHigh, timeLow } from '../trace/fields.js'

/** What a timer's function answers: whether it is to be armed again, for the time that it has been put forward to. */
export const HRTIMER_NORESTART = 0
export const HRTIMER_RESTART = 1

/** HRTIMER.base of a timer that is on its way from one base to another. */
const MIGRATING = -1

/** How far ahead a clock that is hasty is. */
const HASTE_NS = 2000

const ARMED = new Heap({
  child: HRTIMER.heapChild,
  next: HRTIMER.heapNext,
  previous: HRTIMER.heapPrevious,
  key: HRTIMER.expires,
})

/** Makes a timer that calls function number `fn` with `argument` and its own address. Nobody else may know of it yet. */
export function hrtimerInit(memory: Memory, timer: number, cpu: number, fn: number, argument: number): void {
  for (let w = 0; w < HRTIMER.$size; w++) memory.set(timer + w, 0)
  memory.set(timer + HRTIMER.base, cpu + 1)
  memory.set(timer + HRTIMER.function, fn)
  memory.set(timer + HRTIMER.argument, argument)
}

/**
 * Arms a timer for `expires` (ns), whether it is armed or not. Its function is not called before that. May be called with interrupts
 * off and with locks held, but for those that the timer's function takes outside of an interrupt.
 */
export function* hrtimerStart(cpu: Cpu, timer: number, expires: number): Kernel<void> {
  const { memory } = cpu
  let owner = yield* lockHrtimerBase(cpu, timer)
  const wasArmed = takeOff(cpu, owner, timer)
  if (memory.get(memory.hrtimerBase(owner) + HRTIMER_BASE.running) !== timer) {
    owner = yield* switchHrtimerBase(cpu, timer, owner)
  }
  const base = memory.hrtimerBase(owner)
  memory.setTime(timer + HRTIMER.expires, expires)
  enqueue(memory, base, timer)
  const started = withFunction(EVENT.hrtimer_start, memory.get(timer + HRTIMER.function))
  cpu.trace(started, timer, timeLow(expires), hrtimerStarted(expires, HRTIMER_MODE.abs, wasArmed))
  yield* reprogram(cpu, owner, timer)
  yield cpu.unlockIrq(base + HRTIMER_BASE.lock, 'hrtimer_start')
}

/** Disarms a timer. Answers 1, 0 when it was not armed, or -1 when its function is being called: that goes on. */
export function* hrtimerTryToCancel(cpu: Cpu, timer: number): Kernel<number> {
  const { memory } = cpu
  const owner = yield* lockHrtimerBase(cpu, timer)
  const base = memory.hrtimerBase(owner)
  const runs = memory.get(base + HRTIMER_BASE.running) === timer
  const armed = !runs && takeOff(cpu, owner, timer)
  yield cpu.unlockIrq(base + HRTIMER_BASE.lock, 'hrtimer_try_to_cancel')
  return runs ? -1 : armed ? 1 : 0
}

/** Disarms a timer, and waits until its function has returned. Answers whether it was armed. Not for its own function. */
export function* hrtimerCancel(cpu: Cpu, timer: number): Kernel<boolean> {
  for (;;) {
    const result = yield* hrtimerTryToCancel(cpu, timer)
    if (result >= 0) return result === 1
    const owner = yield cpu.load(timer + HRTIMER.base, relaxed, 'hrtimer_cancel:base')
    if (owner === MIGRATING) continue
    yield cpu.waitWhile(cpu.memory.hrtimerBase(owner - 1) + HRTIMER_BASE.running, timer, 'hrtimer_cancel')
  }
}

/** Whether a timer is armed, as far as one can tell without a lock. */
export function* hrtimerIsQueued(cpu: Cpu, timer: number): Kernel<boolean> {
  return (yield cpu.load(timer + HRTIMER.queued, relaxed, 'hrtimer_is_queued')) === 1
}

/** In a timer's function: puts its time forward by so many times `interval` (ns) that it lies behind `now`. Answers how many. */
export function hrtimerForward(memory: Memory, timer: number, now: number, interval: number): number {
  const late = now - memory.getTime(timer + HRTIMER.expires)
  if (late < 0) return 0
  const times = Math.floor(late / interval) + 1
  memory.setTime(timer + HRTIMER.expires, memory.getTime(timer + HRTIMER.expires) + times * interval)
  return times
}

/** In the clock event's interrupt: calls the functions of the timers that have expired by `now`. */
export function* hrtimerInterrupt(cpu: Cpu, now: number): Kernel<void> {
  const { memory } = cpu
  const base = memory.hrtimerBase(cpu.id)
  if (cpu.wakeAt > now && memory.get(base + HRTIMER_BASE.changed) === 0) return
  const early = cpu.bugs.has('hasty-timers') ? HASTE_NS : 0
  yield cpu.lockIrq(base + HRTIMER_BASE.lock, 'hrtimer_interrupt')
  for (let timer = memory.get(base + HRTIMER_BASE.root); timer !== 0; timer = memory.get(base + HRTIMER_BASE.root)) {
    if (memory.getTime(timer + HRTIMER.expires) > now + early) break
    yield* runHrtimer(cpu, base, timer, now)
  }
  memory.set(base + HRTIMER_BASE.changed, 0)
  cpu.wakeAt = firstExpiry(memory, base)
  yield cpu.unlockIrq(base + HRTIMER_BASE.lock, 'hrtimer_interrupt')
}

/** The base's lock is held, and is again when this returns. The timer may be gone then, if it is not to be armed again. */
function* runHrtimer(cpu: Cpu, base: number, timer: number, now: number): Kernel<void> {
  const { memory } = cpu
  dequeue(memory, base, timer)
  memory.set(base + HRTIMER_BASE.running, timer)
  const fn = memory.get(timer + HRTIMER.function)
  const argument = memory.get(timer + HRTIMER.argument)
  cpu.trace(withFunction(EVENT.hrtimer_expire_entry, fn), timer, timeLow(now), timeHigh(now))
  yield cpu.unlockIrq(base + HRTIMER_BASE.lock, 'run_hrtimer')
  const answer = yield* cpu.functions.get(fn)(cpu, argument, timer)
  cpu.trace(EVENT.hrtimer_expire_exit, timer, 0, 0)
  yield cpu.lockIrq(base + HRTIMER_BASE.lock, 'run_hrtimer:again')
  if (answer === HRTIMER_RESTART && memory.get(timer + HRTIMER.queued) === 0) enqueue(memory, base, timer)
  yield cpu.store(base + HRTIMER_BASE.running, 0, release, 'run_hrtimer:done')
}

/** hrtimers:prepare, by the CPU that brings it up: what a base that nobody uses begins with. */
export function* hrtimersPrepareCpu(cpu: Cpu, subject: number): Kernel<number> {
  const base = cpu.memory.hrtimerBase(subject)
  cpu.memory.set(base + HRTIMER_BASE.running, 0)
  if (cpu.bugs.has('M05')) cpu.memory.set(base + HRTIMER_BASE.online, 1)
  return 0
}

/** hrtimers:dying on the way up, by the CPU itself, on every way up, also one that began half-way down. It arms its clock event later. */
export function* hrtimersCpuStarting(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const base = memory.hrtimerBase(subject)
  if (!cpu.bugs.has('M05')) memory.set(base + HRTIMER_BASE.online, 1)
  memory.set(base + HRTIMER_BASE.changed, 0)
  cpu.wakeAt = firstExpiry(memory, base)
  return 0
}

/** hrtimers:dying, by the dying CPU's stopper: its timers expire elsewhere. */
export function* hrtimersCpuDying(cpu: Cpu, subject: number): Kernel<number> {
  if (!cpu.bugs.has('M03') && !cpu.bugs.has('M01')) yield* migrateHrtimers(cpu, subject, onlineCpu(cpu, subject))
  return 0
}

/** M01 and M03: hrtimers:prepare on the way down, where that was done once, by the CPU that takes the other one down. */
export function* hrtimersDeadCpu(cpu: Cpu, subject: number): Kernel<number> {
  yield* migrateHrtimers(cpu, subject, cpu.id)
  return 0
}

function* migrateHrtimers(cpu: Cpu, subject: number, heir: number): Kernel<void> {
  const { memory } = cpu
  const from = memory.hrtimerBase(subject)
  const to = memory.hrtimerBase(heir)
  yield cpu.lockIrq(from + HRTIMER_BASE.lock, 'migrate_hrtimers')
  const some = memory.get(from + HRTIMER_BASE.root) !== 0
  if (some) {
    yield cpu.lockIrq(to + HRTIMER_BASE.lock, 'migrate_hrtimers:to')
    if (cpu.bugs.has('lost-timer')) dequeue(memory, from, memory.get(from + HRTIMER_BASE.root))
    for (let timer = memory.get(from + HRTIMER_BASE.root); timer !== 0; timer = memory.get(from + HRTIMER_BASE.root)) {
      dequeue(memory, from, timer)
      yield cpu.store(timer + HRTIMER.base, heir + 1, relaxed, 'migrate_hrtimers:base')
      enqueue(memory, to, timer, cpu.bugs.has('unsorted-timers'))
    }
    memory.set(to + HRTIMER_BASE.changed, 1)
    yield cpu.unlockIrq(to + HRTIMER_BASE.lock, 'migrate_hrtimers:to')
  }
  memory.set(from + HRTIMER_BASE.online, 0)
  yield cpu.unlockIrq(from + HRTIMER_BASE.lock, 'migrate_hrtimers')
  // It sets its clock event when it takes the interrupt.
  if (some) yield cpu.sendIpi(heir, VECTOR.timer, 'migrate_hrtimers')
}

/** Locks the base that a timer is on. Answers whose that is. */
function* lockHrtimerBase(cpu: Cpu, timer: number): Kernel<number> {
  const { memory } = cpu
  for (;;) {
    const owner = yield cpu.load(timer + HRTIMER.base, relaxed, 'lock_hrtimer_base:base')
    if (owner === MIGRATING) {
      yield cpu.waitWhile(timer + HRTIMER.base, MIGRATING, 'lock_hrtimer_base:migrating')
      continue
    }
    const lock = memory.hrtimerBase(owner - 1) + HRTIMER_BASE.lock
    yield cpu.lockIrq(lock, 'lock_hrtimer_base')
    if (memory.get(timer + HRTIMER.base) === owner) return owner - 1
    yield cpu.unlockIrq(lock, 'lock_hrtimer_base:moved')
  }
}

/** Brings a timer that is not armed to the base that it is to be armed on, and locks that in place of the other. Answers whose that is. */
function* switchHrtimerBase(cpu: Cpu, timer: number, owner: number): Kernel<number> {
  const { memory } = cpu
  const target = targetOf(cpu)
  if (target === owner) return owner
  // A handler here that wants the timer would wait for ever.
  cpu.irqDisable()
  yield cpu.store(timer + HRTIMER.base, MIGRATING, relaxed, 'switch_hrtimer_base:migrating')
  yield cpu.unlockIrq(memory.hrtimerBase(owner) + HRTIMER_BASE.lock, 'switch_hrtimer_base')
  yield cpu.lockIrq(memory.hrtimerBase(target) + HRTIMER_BASE.lock, 'switch_hrtimer_base:new')
  cpu.irqEnable()
  yield cpu.store(timer + HRTIMER.base, target + 1, full, 'switch_hrtimer_base:there')
  return target
}

/** The CPU whose base takes what this one arms. Interrupts are off: this CPU's own base stays as it is. */
function targetOf(cpu: Cpu): number {
  const online = cpu.memory.get(cpu.memory.hrtimerBase(cpu.id) + HRTIMER_BASE.online) === 1
  return online || cpu.bugs.has('M04') ? cpu.id : onlineCpu(cpu, cpu.id)
}

/** The lowest-numbered online CPU but `except`: stop_machine, or the hotplug operation under way, keeps it online. */
function onlineCpu(cpu: Cpu, except: number): number {
  for (const other of bitsOf(cpu.memory, cpu.memory.online)) if (other !== except) return other
  return except
}

/** Has the clock event of the base's CPU come when a timer there expires that has just been armed. The base's lock is held. */
function* reprogram(cpu: Cpu, owner: number, timer: number): Kernel<void> {
  const { memory } = cpu
  const base = memory.hrtimerBase(owner)
  // Who calls a timer's function looks again when it has returned.
  if (memory.get(base + HRTIMER_BASE.running) !== 0) return
  if (owner === cpu.id) {
    const expires = memory.getTime(timer + HRTIMER.expires)
    if (expires >= cpu.wakeAt) return
    cpu.wakeAt = expires
    yield cpu.armTimer('hrtimer_reprogram')
  } else if (memory.get(base + HRTIMER_BASE.root) === timer) {
    memory.set(base + HRTIMER_BASE.changed, 1)
    yield cpu.sendIpi(owner, VECTOR.timer, 'hrtimer_reprogram:other')
  }
}

// What follows is plain work on guarded data: the base's lock is held.

/** Disarms a timer, if it is armed. */
function takeOff(cpu: Cpu, owner: number, timer: number): boolean {
  if (cpu.memory.get(timer + HRTIMER.queued) === 0) return false
  dequeue(cpu.memory, cpu.memory.hrtimerBase(owner), timer)
  cpu.trace(EVENT.hrtimer_cancel, timer, 0, 0)
  return true
}

function enqueue(memory: Memory, base: number, timer: number, first = false): void {
  const expires = memory.getTime(timer + HRTIMER.expires)
  if (first) memory.setTime(timer + HRTIMER.expires, Number.NEGATIVE_INFINITY)
  ARMED.insert(memory, base + HRTIMER_BASE.root, timer)
  memory.setTime(timer + HRTIMER.expires, expires)
  memory.set(timer + HRTIMER.queued, 1)
}

function dequeue(memory: Memory, base: number, timer: number): void {
  ARMED.remove(memory, base + HRTIMER_BASE.root, timer)
  memory.set(timer + HRTIMER.queued, 0)
}

function firstExpiry(memory: Memory, base: number): number {
  const first = memory.get(base + HRTIMER_BASE.root)
  return first === 0 ? Number.POSITIVE_INFINITY : memory.getTime(first + HRTIMER.expires)
}

/** The timers that are armed on a base, the first one first, the others in no order. */
export function hrtimersOf(memory: Memory, base: number): Generator<number, void, undefined> {
  return ARMED.nodes(memory, base + HRTIMER_BASE.root)
}
