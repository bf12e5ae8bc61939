// What the loads that run as kernel threads have in common: a thread's words, the pause between two rounds, and moving about.
//
// Every one of them counts what it has begun and what has been done, and whatever was not as it must be. The harness that
// started it holds the first two against each other when it has ended (stress/loads).
import { NS_PER_US } from '../base/time.js'
import { KTHREAD } from '../memory/structs/loads.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit, maskWord } from '../ops/mask.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { setCpusAllowed } from '../sched/affinity.js'
import { RESTART } from '../sched/task.js'
import { prepareToSleep } from '../time/sleep.js'

/** What thread.count[] holds for every load; from `own` on what the load itself says. */
export const COUNT = { begun: 0, done: 1, wrong: 2, own: 3 } as const
/** And thread.argument[]: how long a section takes and how long the pause after it, us; then what the load itself says. */
export const ARGUMENT = { us: 0, gapUs: 1, own: 2 } as const

export function argumentOf(cpu: Cpu, thread: number, n: number): number {
  return cpu.memory.get(thread + KTHREAD.argument + n)
}

/** Adds to one of a thread's counts, which others may add to as well. */
export function count(cpu: Cpu, thread: number, n: number, place: string) {
  return cpu.add(thread + KTHREAD.count + n, 1, full, place)
}

/** Spins for a section's length. Whether it may be interrupted or preempted meanwhile is the caller's business. */
export function* spin(cpu: Cpu, us: number, place: string): Kernel<void> {
  if (us <= 0) return
  const now = yield cpu.clock(place)
  yield cpu.spinUntil(now + us * NS_PER_US, place)
}

/** A round begins: the thread is on a CPU that is online and that it may use, or something is wrong. */
export function* beginRound(cpu: Cpu, thread: number): Kernel<void> {
  yield count(cpu, thread, COUNT.begun, 'load:begin')
  yield* checkPlace(cpu, thread)
}

function* checkPlace(cpu: Cpu, thread: number): Kernel<void> {
  const { memory, task } = cpu
  cpu.preemptDisable()
  const online = hasBit(yield loadBit(cpu, memory.online, cpu.id, 'load:online'), cpu.id)
  const allowed = hasBit(memory.get(maskWord(memory.affinity(task), cpu.id)), cpu.id)
  // One whose affinity has been changed goes when it wakes next.
  const leaves = (yield cpu.load(task + TASK.migrationPending, relaxed, 'load:pending')) === 1
  cpu.preemptEnable()
  if (!online || !(allowed || leaves)) yield count(cpu, thread, COUNT.wrong, 'load:place')
}

/** A round is over: the thread prepares to sleep for its pause; now and then it is to wake on another CPU. */
export function* endRound(cpu: Cpu, thread: number): Kernel<number> {
  yield count(cpu, thread, COUNT.done, 'load:done')
  cpu.memory.set(cpu.task + TASK.phase, 0)
  return yield* pause(cpu, thread)
}

/** The pause alone, for rounds that are through only later. */
export function* pause(cpu: Cpu, thread: number): Kernel<number> {
  yield* shuffle(cpu)
  yield* prepareToSleep(cpu, Math.max(1, argumentOf(cpu, thread, ARGUMENT.gapUs)) * NS_PER_US)
  return RESTART
}

/** One round in so many is followed by a change of CPU. */
const SHUFFLE = 8

/** As torture tests do: kernel threads stay where they are by themselves, and would all end up on the CPU that never goes. */
function* shuffle(cpu: Cpu): Kernel<void> {
  if ((yield cpu.choose(SHUFFLE, 'torture_shuffle')) !== 0) return
  yield* goTo(cpu, yield cpu.choose(cpu.memory.layout.config.cpus, 'torture_shuffle:cpu'))
}

/** Allows the current task one CPU and no other; it goes there when it sleeps next. -EINVAL when that is not online. */
export function* goTo(cpu: Cpu, target: number): Kernel<number> {
  return yield* setCpusAllowed(cpu, cpu.task, (w) => (w === target >> 5 ? 1 << (target & 31) : 0))
}
