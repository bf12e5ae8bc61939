// The events of timers in the words of Linux's.
import { hrtimerMode, JIFFY_NS, timeOf, wasArmed } from '../trace/fields.js'
import type { EventName } from './formats.js'
import { pointer, type Translate } from './translation.js'

const onlyTimer =
  (name: EventName): Translate =>
  ({ a }) => ({ name, fields: { timer: pointer(a) } })

const onlyHrtimer =
  (name: EventName): Translate =>
  ({ a }) => ({ name, fields: { hrtimer: pointer(a) } })

export const TIMER_EVENTS: Readonly<Record<string, Translate>> = {
  timer_start: ({ a, b: expires, c: flags, function: fn, timeNs }, names) => {
    const now = Math.floor(timeNs / JIFFY_NS)
    return { name: 'timer_start', fields: { timer: pointer(a), function: names.function(fn), expires, now, flags } }
  },
  timer_expire_entry: ({ a, b: now, c: baseclk, function: fn }, names) => ({
    name: 'timer_expire_entry',
    fields: { timer: pointer(a), now, function: names.function(fn), baseclk },
  }),
  timer_expire_exit: onlyTimer('timer_expire_exit'),
  timer_cancel: onlyTimer('timer_cancel'),
  hrtimer_start: ({ a, b, c, function: fn }, names) => {
    const expires = timeOf(b, c)
    const fields = {
      hrtimer: pointer(a),
      function: names.function(fn),
      expires,
      // No timer here may expire later than it says.
      softexpires: expires,
      mode: hrtimerMode(c),
      was_armed: wasArmed(c) ? 1 : 0,
    }
    return { name: 'hrtimer_start', fields }
  },
  hrtimer_expire_entry: ({ a, b, c, function: fn }, names) => ({
    name: 'hrtimer_expire_entry',
    fields: { hrtimer: pointer(a), now: timeOf(b, c), function: names.function(fn) },
  }),
  hrtimer_expire_exit: onlyHrtimer('hrtimer_expire_exit'),
  hrtimer_cancel: onlyHrtimer('hrtimer_cancel'),
  tick_stop: ({ a: success, b: dependency }) => ({ name: 'tick_stop', fields: { success, dependency } }),
}
