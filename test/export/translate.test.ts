import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventText } from '#dist/src/export/formats.js'
import { translate } from '#dist/src/export/translate.js'
import { type EVENT, EVENT_NAMES } from '#dist/src/trace/events.js'
import {
  HRTIMER_MODE,
  hrtimerStarted,
  IDLE_LEFT,
  JIFFY_NS,
  RCU_UTILIZATION,
  TICK_DEP,
  TIMER_FLAG,
  timeHigh,
  timeLow,
  timeOf,
  timerFlags,
  WORK_CPU_UNBOUND,
} from '#dist/src/trace/fields.js'

const names = {
  task: (address: number) => ({ pid: address, comm: `task-${address}` }),
  function: (number: number) => `fn_${number}`,
  workqueue: (number: number) => `wq_${number}`,
  irq: (number: number) => `irq_${number}`,
}

/** An event as a kernel prints it, name and text. */
function printed(event: keyof typeof EVENT, a: number, b = 0, c = 0, fn = 0): string {
  const recorded = { cpu: 3, ticket: 0, event, function: fn, flags: 0, task: 1, a, b, c, timeNs: 10 * JIFFY_NS + 1 }
  const { name, fields } = translate(recorded, names)
  return `${name}: ${eventText(name, fields)}`
}

const LATER = 2 ** 40 + 2 ** 31 + 5
const BOUND = HRTIMER_MODE.pinned | HRTIMER_MODE.hard

test.each([
  [
    printed('timer_start', 16, 12, timerFlags(2, TIMER_FLAG.deferrable | TIMER_FLAG.pinned, 5), 7),
    'timer_start: timer=0000000000000040 function=fn_7 expires=12 [timeout=2] cpu=2 idx=5 flags=D|P',
  ],
  [printed('timer_start', 16, 8, timerFlags(0, 0), 7), /expires=8 \[timeout=-2\] cpu=0 idx=0 flags=$/],
  [
    printed('timer_expire_entry', 16, 12, 11, 7),
    'timer_expire_entry: timer=0000000000000040 function=fn_7 now=12 baseclk=11',
  ],
  [printed('timer_expire_exit', 16), 'timer_expire_exit: timer=0000000000000040'],
  [printed('timer_cancel', 16), 'timer_cancel: timer=0000000000000040'],
  [
    printed('hrtimer_start', 16, timeLow(LATER), hrtimerStarted(LATER, BOUND, true), 7),
    `hrtimer_start: hrtimer=0000000000000040 function=fn_7 expires=${LATER} softexpires=${LATER} mode=ABS|PINNED|HARD was_armed=1`,
  ],
  [printed('hrtimer_start', 16, timeLow(1), hrtimerStarted(1, HRTIMER_MODE.rel, false)), /mode=REL was_armed=0$/],
  [
    printed('hrtimer_expire_entry', 16, timeLow(LATER), timeHigh(LATER), 7),
    `hrtimer_expire_entry: hrtimer=0000000000000040 function=fn_7 now=${LATER}`,
  ],
  [printed('hrtimer_expire_exit', 16), 'hrtimer_expire_exit: hrtimer=0000000000000040'],
  [printed('hrtimer_cancel', 16), 'hrtimer_cancel: hrtimer=0000000000000040'],
  [printed('tick_stop', 1), 'tick_stop: success=1 dependency=NONE'],
  [printed('tick_stop', 0, TICK_DEP.sched), 'tick_stop: success=0 dependency=SCHED'],
  [printed('softirq_raise', 1), 'softirq_raise: vec=1 [action=TIMER]'],
  [printed('softirq_entry', 9), 'softirq_entry: vec=9 [action=RCU]'],
  [printed('softirq_exit', 6), 'softirq_exit: vec=6 [action=TASKLET]'],
  [
    printed('workqueue_queue_work', 16, WORK_CPU_UNBOUND | (3 << 16), 2, 7),
    'workqueue_queue_work: work struct=0000000000000040 function=fn_7 workqueue=wq_3 req_cpu=8192 cpu=2',
  ],
  [printed('workqueue_activate_work', 16), 'workqueue_activate_work: work struct 0000000000000040'],
  [
    printed('workqueue_execute_start', 16, 0, 0, 7),
    'workqueue_execute_start: work struct 0000000000000040: function fn_7',
  ],
  [printed('workqueue_execute_end', 16, 0, 0, 7), 'workqueue_execute_end: work struct 0000000000000040: function fn_7'],
  [printed('irq_handler_entry', 24), 'irq_handler_entry: irq=24 name=irq_24'],
  [printed('irq_handler_exit', 24, 1), 'irq_handler_exit: irq=24 ret=handled'],
  [printed('irq_handler_exit', 24, 0), 'irq_handler_exit: irq=24 ret=unhandled'],
  [printed('cpu_idle', 1), 'cpu_idle: state=1 cpu_id=3'],
  [printed('cpu_idle', IDLE_LEFT), 'cpu_idle: state=4294967295 cpu_id=3'],
  [printed('rcu_utilization', RCU_UTILIZATION.startTick), 'rcu_utilization: Start scheduler-tick'],
  [printed('rcu_utilization', RCU_UTILIZATION.endCore), 'rcu_utilization: End RCU core'],
  [printed('sched_waking', 5, 2, 0, 120), 'sched_waking: comm=task-5 pid=5 prio=120 target_cpu=002'],
  [printed('sched_wakeup_new', 5, 2, 0, 120), 'sched_wakeup_new: comm=task-5 pid=5 prio=120 target_cpu=002'],
  [printed('sched_process_exit', 5, 0, 0, 120), 'sched_process_exit: comm=task-5 pid=5 prio=120'],
])('%s', (text, expected) => {
  if (typeof expected === 'string') expect(text).toBe(expected)
  else expect(text).toMatch(expected)
})

test('every event that can be recorded can be exported', () => {
  for (const name of EVENT_NAMES.slice(1)) {
    const [a, b, c] = [1, 1, 1]
    expect(printed(name as keyof typeof EVENT, a, b, c), name).toMatch(/^\w+: /)
  }
})

test('a time of whole ns goes through two words, beside a mode', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 52 - 1 }), fc.nat(11), fc.boolean(), (ns, mode, armed) => {
      expect(timeOf(timeLow(ns), timeHigh(ns))).toBe(ns)
      expect(timeOf(timeLow(ns), hrtimerStarted(ns, mode, armed))).toBe(ns)
    }),
  )
})
