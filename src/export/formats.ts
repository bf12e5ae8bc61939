// The formats of all trace events. Layouts, numbers and texts are those of a real 6.1 on x86-64 (test/golden/ftrace). It
// has not shown workqueue_activate_work and tick_stop: their numbers are those between, and before, their neighbours'.
import { type Fields, type Format, format } from './format.js'
import { IRQ_FORMATS } from './irq-formats.js'
import { printf } from './printf.js'
import { SCHED_FORMATS } from './sched-formats.js'
import { TIMER_FORMATS } from './timer-formats.js'

const ENTER = ['unsigned int cpu', 'int target', 'int idx', 'void * fun']
const ENTER_TEXT = 'cpu: %04u target: %3d step: %3d (%ps)'

const EXECUTE = ['void * work', 'void * function']
const EXECUTE_TEXT = 'work struct %p: function %ps'

const TABLE = {
  cpuhp_enter: format('cpuhp', 132, ENTER, ENTER_TEXT),
  cpuhp_multi_enter: format('cpuhp', 131, ENTER, ENTER_TEXT),
  cpuhp_exit: format(
    'cpuhp',
    130,
    ['unsigned int cpu', 'int state', 'int idx', 'int ret'],
    ' cpu: %04u  state: %3d step: %3d ret: %d',
  ),
  ...SCHED_FORMATS,
  ...IRQ_FORMATS,
  ...TIMER_FORMATS,
  workqueue_queue_work: format(
    'workqueue',
    259,
    ['void * work', 'void * function', '__data_loc char[] workqueue', 'int req_cpu', 'int cpu'],
    'work struct=%p function=%ps workqueue=%s req_cpu=%d cpu=%d',
    'REC->work, REC->function, __get_str(workqueue), REC->req_cpu, REC->cpu',
  ),
  workqueue_activate_work: format('workqueue', 258, ['void * work'], 'work struct %p'),
  workqueue_execute_start: format('workqueue', 257, EXECUTE, EXECUTE_TEXT),
  workqueue_execute_end: format('workqueue', 256, EXECUTE, EXECUTE_TEXT),
  cpu_idle: format(
    'power',
    467,
    ['u32 state', 'u32 cpu_id'],
    'state=%lu cpu_id=%lu',
    '(unsigned long)REC->state, (unsigned long)REC->cpu_id',
  ),
  rcu_utilization: format('rcu', 343, ['const char * s'], '%s'),
  /** what was written to trace_marker */
  print: format('ftrace', 5, ['unsigned long ip', 'char[] buf'], '%ps: %s', '(void *)REC->ip, REC->buf'),
} as const satisfies Record<string, Format>

export type EventName = keyof typeof TABLE
export const FORMATS: Readonly<Record<EventName, Format>> = TABLE
export const FORMAT_NAMES = Object.keys(TABLE) as EventName[]

/** The text of an event behind its name, as the kernel prints it: 'comm=sh pid=144 prio=120 target_cpu=002'. */
export function eventText(name: EventName, fields: Fields): string {
  const { pattern, values } = FORMATS[name]
  return printf(pattern, values(fields))
}
