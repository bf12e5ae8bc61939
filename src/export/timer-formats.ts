// Events of timers, high-resolution timers, and the tick.
import { TIMER_FLAG } from '../trace/fields.js'
import { type Format, flagNames, format, hex8, type Symbols, symbolic, symbolList, take } from './format.js'

const TIMER = ['void * timer']
const HRTIMER = ['void * hrtimer']

const FLAGS: Symbols = [
  [TIMER_FLAG.migrating, 'M'] as const,
  [TIMER_FLAG.deferrable, 'D'] as const,
  [TIMER_FLAG.pinned, 'P'] as const,
  [TIMER_FLAG.irqSafe, 'I'] as const,
].map(([bit, name]) => [hex8(bit), bit, name])

/** Modes: relative, pinned; then in the softirq, or in the interrupt whatever else is said. */
const MODES: Symbols = ['', 'SOFT', 'HARD'].flatMap((kind, n) =>
  ['ABS', 'REL', 'ABS|PINNED', 'REL|PINNED'].map((name, m): Symbols[number] => {
    const mode = kind === '' ? name : `${name}|${kind}`
    return [`HRTIMER_MODE_${mode.replaceAll('|', '_')}`, m | (n << 2), mode]
  }),
)

/** What the tick may be needed for: their bits in C, and their names. */
const DEPENDENCIES: Symbols = [
  ['0', 0, 'NONE'],
  ...['POSIX_TIMER', 'PERF_EVENTS', 'SCHED', 'CLOCK_UNSTABLE', 'RCU', 'RCU_EXP'].map((name, n): Symbols[number] => [
    `(1 << ${n})`,
    1 << n,
    name,
  ]),
]

export const TIMER_FORMATS = {
  timer_start: format(
    'timer',
    379,
    [...TIMER, 'void * function', 'unsigned long expires', 'unsigned long now', 'unsigned int flags'],
    'timer=%p function=%ps expires=%lu [timeout=%ld] cpu=%u idx=%u flags=%s',
    'REC->timer, REC->function, REC->expires, (long)REC->expires - REC->now, REC->flags & 0x0003FFFF, REC->flags >> 22, ' +
      `__print_flags(REC->flags & (${FLAGS.map(([text]) => text).join(' | ')}), "|", ${symbolList(FLAGS)})`,
    ({ timer, function: fn, expires, now, flags }) => {
      const bits = Number(flags)
      const timeout = Number(expires) - Number(now)
      return [timer!, fn!, expires!, timeout, bits & 0x3ffff, bits >>> 22, flagNames(FLAGS, bits)]
    },
  ),
  timer_expire_entry: format(
    'timer',
    378,
    [...TIMER, 'unsigned long now', 'void * function', 'unsigned long baseclk'],
    'timer=%p function=%ps now=%lu baseclk=%lu',
    'REC->timer, REC->function, REC->now, REC->baseclk',
    take('timer', 'function', 'now', 'baseclk'),
  ),
  timer_expire_exit: format('timer', 377, TIMER, 'timer=%p'),
  timer_cancel: format('timer', 376, TIMER, 'timer=%p'),
  hrtimer_start: format(
    'timer',
    374,
    [...HRTIMER, 'void * function', 's64 expires', 's64 softexpires', 'enum hrtimer_mode mode', 'bool was_armed'],
    'hrtimer=%p function=%ps expires=%llu softexpires=%llu mode=%s was_armed=%d',
    'REC->hrtimer, REC->function, (unsigned long long) REC->expires, (unsigned long long) REC->softexpires, ' +
      `__print_symbolic(REC->mode, ${symbolList(MODES)}), REC->was_armed`,
    ({ hrtimer, function: fn, expires, softexpires, mode, was_armed }) => {
      return [hrtimer!, fn!, expires!, softexpires!, symbolic(MODES, Number(mode)), was_armed!]
    },
  ),
  hrtimer_expire_entry: format(
    'timer',
    373,
    [...HRTIMER, 's64 now', 'void * function'],
    'hrtimer=%p function=%ps now=%llu',
    'REC->hrtimer, REC->function, (unsigned long long) REC->now',
    take('hrtimer', 'function', 'now'),
  ),
  hrtimer_expire_exit: format('timer', 372, HRTIMER, 'hrtimer=%p'),
  hrtimer_cancel: format('timer', 371, HRTIMER, 'hrtimer=%p'),
  tick_stop: format(
    'timer',
    368,
    ['int success', 'int dependency'],
    'success=%d dependency=%s',
    `REC->success, __print_symbolic(REC->dependency, ${symbolList(DEPENDENCIES)})`,
    ({ success, dependency }) => [success!, symbolic(DEPENDENCIES, Number(dependency))],
  ),
} as const satisfies Record<string, Format>
