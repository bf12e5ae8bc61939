// What the fields of trace events are put together from: numbers with a meaning of their own, and several in one word.

/** ns of a jiffy: HZ is 250. A machine's first jiffy is 0. */
export const JIFFY_NS = 4_000_000

/** Asks for no CPU in particular. */
export const WORK_CPU_UNBOUND = 8192

/** In cpu_idle: the state of a CPU that has halted; no idle state any more. */
export const IDLE_HALTED = 1
export const IDLE_LEFT = -1

/** What a tick may be needed for, in tick_stop. */
export const TICK_DEP = {
  none: 0,
  posixTimer: 1,
  perfEvents: 2,
  sched: 4,
  clockUnstable: 8,
  rcu: 16,
  rcuExp: 32,
} as const

/** Flags of timer_start's `c`, above the CPU. */
export const TIMER_FLAG = {
  migrating: 0x0004_0000,
  deferrable: 0x0008_0000,
  pinned: 0x0010_0000,
  irqSafe: 0x0020_0000,
} as const

/** timer_start's `c`: the CPU whose timers it is among, flags (TIMER_FLAG), and the bucket of the wheel, 0 without one. */
export function timerFlags(cpu: number, flags: number, bucket = 0): number {
  return cpu | flags | (bucket << 22)
}

/** A time of whole ns below 2^52 (52 days) in two words. Infinity is 0. */
export function timeLow(ns: number): number {
  return ns | 0
}

export function timeHigh(ns: number): number {
  return (ns / 2 ** 32) | 0
}

export function timeOf(low: number, high: number): number {
  return (high & 0xf_ffff) * 2 ** 32 + (low >>> 0)
}

/** Bits of an hrtimer's mode, as in Linux; the sum of some. */
export const HRTIMER_MODE = { abs: 0, rel: 1, pinned: 2, soft: 4, hard: 8 } as const
const MODE_SHIFT = 20
const ARMED_SHIFT = 24

/** hrtimer_start's `c`: the upper word of when it expires, its mode, and whether it was armed already. */
export function hrtimerStarted(expiresNs: number, mode: number, wasArmed: boolean): number {
  return timeHigh(expiresNs) | (mode << MODE_SHIFT) | ((wasArmed ? 1 : 0) << ARMED_SHIFT)
}

export function hrtimerMode(started: number): number {
  return (started >> MODE_SHIFT) & 0xf
}

export function wasArmed(started: number): boolean {
  return ((started >> ARMED_SHIFT) & 1) === 1
}

export const RCU_UTILIZATION = {
  startContextSwitch: 0,
  endContextSwitch: 1,
  startTick: 2,
  endTick: 3,
  startCore: 4,
  endCore: 5,
} as const
