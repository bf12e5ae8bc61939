// Timers: functions that are called at a time, not before it and not much after it, by the TIMER softirq of the CPU that they
// were armed on.
//
//   modTimer                                  the CPU's timer interrupt, and its softirq
//   put it into this CPU's wheel              due? jiffies up to date; raise the softirq
//   the first of all? set the timer to it     as long as the first one is due:
//   (add_timer_on: another CPU's; that is       take it out; running = it; call its function without the lock
//   interrupted to do so)                       running = 0
//                                             set the timer to the first
//
// Linux's wheel has levels of buckets: who waits long is served in steps of 8, 64, 512... jiffies, always after its time. The
// buckets' times are kept here as they are there; what they are kept in is a heap by those times. An idle CPU does not tick for
// its timers: its timer is set to the first. When the CPU is dead they go to the wheel of the one that took it down.

import { Heap } from '../memory/heap.js'
import type { Memory } from '../memory/memory.js'
import { TIMER, TIMER_WHEEL } from '../memory/structs/deferred.js'
import { GLOBAL } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, type Kernel, relaxed, release } from '../ops/operation.js'
import { VECTOR } from '../ops/vectors.js'
import { updateJiffies } from '../sched/tick.js'
import { raiseSoftirq, SOFTIRQ } from '../softirq/softirq.js'
import { EVENT, withFunction } from '../trace/events.js'
import { JIFFY_NS, TIMER_FLAG, timerFlags } from '../trace/fields.js'

/** In a timer's base: it is on its way from that CPU's wheel to another one. */
const MIGRATING = TIMER_FLAG.migrating

/** Levels of the wheel; each has 64 buckets, 8 times as wide as those of the level below. */
const LEVELS = 9
const LEVEL_SHIFT = 8
const BUCKETS = 64
/** The widest bucket, and how far ahead one may be. */
const WIDEST = LEVEL_SHIFT ** (LEVELS - 1)
const FARTHEST = (BUCKETS - 1) * WIDEST - WIDEST

const wheel = new Heap({
  child: TIMER.heapChild,
  next: TIMER.heapNext,
  previous: TIMER.heapPrevious,
  key: TIMER.bucket,
})

/** The timers of a wheel, the one that is due first first, the others in no order: for checks. */
export function timersOf(memory: Memory, base: number): Generator<number, void, undefined> {
  return wheel.nodes(memory, base + TIMER_WHEEL.timers)
}

/** The jiffy at which a timer is served that is to expire in jiffy `expires`, on a wheel whose clock stands at `clock`. */
export function bucketOf(expires: number, clock: number): number {
  const ahead = expires - clock
  if (ahead < 0) return clock
  const time = Math.min(expires, clock + FARTHEST)
  let width = 1
  while (width < WIDEST && ahead >= (BUCKETS - 1) * width) width *= LEVEL_SHIFT
  return (Math.floor(time / width) + 1) * width
}

/** A timer in memory that nobody else knows of: `fn`(argument, timer) is what it calls. */
export function timerSetup(cpu: Cpu, timer: number, fn: number, argument: number): void {
  const { memory } = cpu
  for (let w = 0; w < TIMER.$size; w++) memory.set(timer + w, 0)
  memory.set(timer + TIMER.base, cpu.id)
  memory.set(timer + TIMER.function, fn)
  memory.set(timer + TIMER.argument, argument)
}

/**
 * Has a timer expire at `expiresNs`, wherever and whether or not it is armed already: on this CPU, unless its function is being
 * called elsewhere, where it stays then. Answers 1 when it was armed.
 */
export function* modTimer(cpu: Cpu, timer: number, expiresNs: number): Kernel<number> {
  return yield* arm(cpu, timer, cpu.id, expiresNs, false)
}

/** Arms a timer that is not armed on a CPU. The caller sees to it that this is online and stays so, or it waits until it is. */
export function* addTimerOn(cpu: Cpu, timer: number, target: number, expiresNs: number): Kernel<void> {
  const was = yield* arm(cpu, timer, target, expiresNs, true)
  cpu.warn(was === 1, 'add_timer_on', 'a timer is added that is armed already')
}

/** Takes a timer off. Its function may be under way. Answers 1 when it was armed. */
export function* delTimer(cpu: Cpu, timer: number): Kernel<number> {
  const base = yield* lockBase(cpu, timer)
  const was = remove(cpu, base, timer)
  yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'del_timer')
  return was
}

/** The same, unless its function is under way: then -1, and it is left alone. */
export function* tryToDelTimerSync(cpu: Cpu, timer: number): Kernel<number> {
  const base = yield* lockBase(cpu, timer)
  const running = (yield cpu.load(base + TIMER_WHEEL.running, relaxed, 'try_to_del_timer_sync')) === timer
  const was = running ? -1 : remove(cpu, base, timer)
  yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'try_to_del_timer_sync')
  return was
}

/** Takes a timer off, and returns when its function is under way nowhere. Not for its function, nor for what that waits for. */
export function* delTimerSync(cpu: Cpu, timer: number): Kernel<number> {
  for (;;) {
    const was = yield* tryToDelTimerSync(cpu, timer)
    if (was >= 0) return was
    const owner = (yield cpu.load(timer + TIMER.base, relaxed, 'del_timer_sync:base')) & ~MIGRATING
    yield cpu.waitWhile(cpu.memory.timerWheel(owner) + TIMER_WHEEL.running, timer, 'del_timer_sync:wait')
  }
}

/** Takes the lock of the wheel that a timer belongs to, with interrupts off; answers the wheel. */
function* lockBase(cpu: Cpu, timer: number): Kernel<number> {
  for (;;) {
    const owner = yield cpu.load(timer + TIMER.base, acquire, 'lock_timer_base:look')
    if ((owner & MIGRATING) !== 0) {
      yield cpu.waitWhile(timer + TIMER.base, owner, 'lock_timer_base:migrating')
      continue
    }
    const base = cpu.memory.timerWheel(owner)
    yield cpu.lockIrq(base + TIMER_WHEEL.lock, 'lock_timer_base')
    if ((yield cpu.load(timer + TIMER.base, relaxed, 'lock_timer_base:again')) === owner) return base
    yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'lock_timer_base:another')
  }
}

function* arm(cpu: Cpu, timer: number, target: number, expiresNs: number, there: boolean): Kernel<number> {
  const { memory } = cpu
  const jiffies = yield* updateJiffies(cpu, yield cpu.clock('mod_timer:now'))
  const wanted = memory.timerWheel(target)
  // Nothing comes between one wheel and the other: the timer would be in neither.
  cpu.irqDisable()
  let base = yield* lockBase(cpu, timer)
  const was = remove(cpu, base, timer)
  const stays = !there && (yield cpu.load(base + TIMER_WHEEL.running, relaxed, 'mod_timer:running')) === timer
  if (base !== wanted && !stays) {
    const owner = memory.get(timer + TIMER.base)
    yield cpu.store(timer + TIMER.base, owner | MIGRATING, relaxed, 'mod_timer:migrating')
    yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'mod_timer:from')
    base = wanted
    yield cpu.lockIrq(base + TIMER_WHEEL.lock, 'mod_timer:to')
    yield cpu.store(timer + TIMER.base, target, release, 'mod_timer:base')
  }
  memory.set(timer + TIMER.expires, Math.max(0, Math.floor(expiresNs / JIFFY_NS)))
  memory.setTime(timer + TIMER.due, expiresNs)
  count(memory, base + TIMER_WHEEL.armed)
  enqueue(cpu, base, timer, jiffies)
  const owner = memory.get(timer + TIMER.base)
  const started = withFunction(EVENT.timer_start, memory.get(timer + TIMER.function))
  cpu.trace(started, timer, memory.get(timer + TIMER.expires), timerFlags(owner, there ? TIMER_FLAG.pinned : 0))
  if (memory.get(base + TIMER_WHEEL.timers) === timer) yield* setToFirst(cpu, base, owner)
  yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'mod_timer')
  cpu.irqEnable()
  return was
}

/** Has the timer of the CPU that a wheel belongs to set to its first timer. Its lock is held. */
function* setToFirst(cpu: Cpu, base: number, owner: number): Kernel<void> {
  if (owner === cpu.id) {
    cpu.timersAt = firstAt(cpu.memory, base)
    yield cpu.armTimer('mod_timer:arm')
    return
  }
  yield cpu.store(base + TIMER_WHEEL.changed, 1, release, 'wake_up_nohz_cpu')
  yield cpu.sendIpi(owner, VECTOR.timer, 'wake_up_nohz_cpu:send')
}

/** When the first timer of a wheel is served, ns; its lock is held. */
function firstAt(memory: Memory, base: number): number {
  const first = memory.get(base + TIMER_WHEEL.timers)
  return first === 0 ? Number.POSITIVE_INFINITY : memory.getTime(first + TIMER.bucket) * JIFFY_NS
}

function enqueue(cpu: Cpu, base: number, timer: number, jiffies: number): void {
  const { memory } = cpu
  // What lies behind the wheel's clock and holds nothing is left behind: a clock that lags makes for wide buckets.
  const first = memory.get(base + TIMER_WHEEL.timers)
  const upTo = first === 0 ? jiffies : Math.min(jiffies, memory.getTime(first + TIMER.bucket))
  const clock = Math.max(memory.get(base + TIMER_WHEEL.clock), upTo)
  memory.set(base + TIMER_WHEEL.clock, clock)
  const expires = memory.get(timer + TIMER.expires)
  memory.setTime(
    timer + TIMER.bucket,
    cpu.bugs.has('early-timers') ? Math.max(clock, expires) : bucketOf(expires, clock),
  )
  memory.set(timer + TIMER.pending, 1)
  wheel.insert(memory, base + TIMER_WHEEL.timers, timer)
}

/** Takes a timer out of the wheel whose lock is held, if it is in there; answers 1 when it was. */
function remove(cpu: Cpu, base: number, timer: number): number {
  const { memory } = cpu
  if (memory.get(timer + TIMER.pending) === 0) return 0
  detach(cpu, base, timer)
  count(memory, base + TIMER_WHEEL.deleted)
  return 1
}

function detach(cpu: Cpu, base: number, timer: number): void {
  cpu.trace(EVENT.timer_cancel, timer, 0, 0)
  wheel.remove(cpu.memory, base + TIMER_WHEEL.timers, timer)
  cpu.memory.set(timer + TIMER.pending, 0)
}

function count(memory: Memory, word: number): void {
  memory.set(word, (memory.get(word) + 1) | 0)
}

/** In the timer's interrupt, which arms the timer again afterwards: has the softirq look at the timers, if any is due. */
export function* runLocalTimers(cpu: Cpu, now: number): Kernel<void> {
  const base = cpu.memory.timerWheel(cpu.id)
  if (yield cpu.load(base + TIMER_WHEEL.changed, acquire, 'run_local_timers:changed')) yield* setupWheel(cpu)
  if (cpu.timersAt > now) return
  // The softirq sets it again.
  cpu.timersAt = Number.POSITIVE_INFINITY
  yield* updateJiffies(cpu, now)
  yield* raiseSoftirq(cpu, SOFTIRQ.timer)
}

/** Sets when this CPU's timers are due; whoever calls it arms its timer. A CPU that comes up may have some already. */
export function* setupWheel(cpu: Cpu): Kernel<void> {
  const base = cpu.memory.timerWheel(cpu.id)
  yield cpu.lockIrq(base + TIMER_WHEEL.lock, 'setup_timers')
  yield cpu.store(base + TIMER_WHEEL.changed, 0, relaxed, 'setup_timers:changed')
  cpu.timersAt = firstAt(cpu.memory, base)
  yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'setup_timers')
}

/** The TIMER softirq: calls the functions of the timers that are due. */
export function* runTimerSoftirq(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const base = memory.timerWheel(cpu.id)
  yield cpu.lockIrq(base + TIMER_WHEEL.lock, 'run_timers')
  for (;;) {
    const first = memory.get(base + TIMER_WHEEL.timers)
    if (first === 0) break
    const jiffies = yield cpu.load(memory.global + GLOBAL.jiffies, relaxed, 'run_timers:jiffies')
    if (memory.getTime(first + TIMER.bucket) > jiffies) break
    yield* expire(cpu, base, first, jiffies)
  }
  cpu.timersAt = firstAt(memory, base)
  yield cpu.armTimer('run_timers:arm')
  yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'run_timers')
}

/** Calls a timer's function, without the wheel's lock, which is held before and afterwards. */
function* expire(cpu: Cpu, base: number, timer: number, jiffies: number): Kernel<void> {
  const { memory } = cpu
  // One that its function arms for now is for the next jiffy.
  const bucket = memory.getTime(timer + TIMER.bucket)
  memory.set(base + TIMER_WHEEL.clock, Math.max(memory.get(base + TIMER_WHEEL.clock), bucket + 1))
  // What the wheel's clock had come to when it was found.
  const clock = memory.get(base + TIMER_WHEEL.clock) - 1
  if (memory.getTime(timer + TIMER.due) > jiffies * JIFFY_NS) count(memory, base + TIMER_WHEEL.early)
  detach(cpu, base, timer)
  count(memory, base + TIMER_WHEEL.served)
  const fn = memory.get(timer + TIMER.function)
  const argument = memory.get(timer + TIMER.argument)
  yield cpu.store(base + TIMER_WHEEL.running, timer, relaxed, 'expire_timers:running')
  yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'expire_timers')
  cpu.trace(withFunction(EVENT.timer_expire_entry, fn), timer, jiffies, clock)
  yield* cpu.functions.get(fn)(cpu, argument, timer)
  cpu.trace(EVENT.timer_expire_exit, timer, 0, 0)
  yield cpu.lockIrq(base + TIMER_WHEEL.lock, 'expire_timers:again')
  yield cpu.store(base + TIMER_WHEEL.running, 0, relaxed, 'expire_timers:done')
}

/** timers:prepare: the wheel's clock of a CPU that is to come up has stood still. */
export function* timersPrepareCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const base = memory.timerWheel(subject)
  const jiffies = yield cpu.load(memory.global + GLOBAL.jiffies, relaxed, 'timers_prepare_cpu:jiffies')
  yield cpu.lockIrq(base + TIMER_WHEEL.lock, 'timers_prepare_cpu')
  memory.set(base + TIMER_WHEEL.clock, Math.max(memory.get(base + TIMER_WHEEL.clock), jiffies))
  yield cpu.unlockIrq(base + TIMER_WHEEL.lock, 'timers_prepare_cpu')
  return 0
}

/** timers:dead: this CPU gets the timers that `subject` has left behind. */
export function* timersDeadCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const from = memory.timerWheel(subject)
  yield cpu.lockIrq(from + TIMER_WHEEL.lock, 'timers_dead_cpu:look')
  const none = memory.get(from + TIMER_WHEEL.timers) === 0
  yield cpu.unlockIrq(from + TIMER_WHEEL.lock, 'timers_dead_cpu:look')
  if (none || cpu.bugs.has('stranded-timers')) return 0
  const jiffies = yield* updateJiffies(cpu, yield cpu.clock('timers_dead_cpu:now'))
  const to = memory.timerWheel(cpu.id)
  yield cpu.lockIrq(to + TIMER_WHEEL.lock, 'timers_dead_cpu')
  yield cpu.lockIrq(from + TIMER_WHEEL.lock, 'timers_dead_cpu:from')
  bugOn(memory.get(from + TIMER_WHEEL.running) !== 0, 'timers_dead_cpu', `CPU ${subject} is dead, and runs a timer`)
  for (let timer = memory.get(from + TIMER_WHEEL.timers); timer !== 0; timer = memory.get(from + TIMER_WHEEL.timers)) {
    detach(cpu, from, timer)
    yield cpu.store(timer + TIMER.base, cpu.id, release, 'migrate_timer_list')
    enqueue(cpu, to, timer, jiffies)
  }
  yield* setToFirst(cpu, to, cpu.id)
  yield cpu.unlockIrq(from + TIMER_WHEEL.lock, 'timers_dead_cpu:from')
  yield cpu.unlockIrq(to + TIMER_WHEEL.lock, 'timers_dead_cpu')
  return 0
}
