// Trace events of the machine in the words of Linux's: which event it is there, and what its fields are.
import { VECTOR, type Vector } from '../ops/vectors.js'
import { STATE } from '../sched/task.js'
import { MARK_NAMES, PREEMPTED } from '../trace/events.js'
import type { TraceEvent } from '../trace/ring.js'
import type { Mark } from './entry.js'
import type { EventName } from './formats.js'
import { TIMER_EVENTS } from './translate-timers.js'
import { WORK_EVENTS } from './translate-work.js'
import type { Names, Translate, Translation } from './translation.js'

/** sched_switch shows this state of a task that has ended; EXIT_DEAD. */
const EXIT_DEAD = 0x10
/** What a handler answers that has done something; IRQ_HANDLED. */
const IRQ_HANDLED = 1

/** What each interrupt is on x86: its events, and its vector there. The port is a device. */
const INTERRUPTS: Readonly<
  Record<Vector, { readonly enter: EventName; readonly exit: EventName; readonly vector: number }>
> = {
  [VECTOR.reschedule]: { enter: 'reschedule_entry', exit: 'reschedule_exit', vector: 253 },
  [VECTOR.callFunction]: { enter: 'call_function_entry', exit: 'call_function_exit', vector: 252 },
  [VECTOR.callFunctionSingle]: { enter: 'call_function_single_entry', exit: 'call_function_single_exit', vector: 251 },
  [VECTOR.timer]: { enter: 'local_timer_entry', exit: 'local_timer_exit', vector: 236 },
  [VECTOR.port]: { enter: 'irq_handler_entry', exit: 'irq_handler_exit', vector: 0 },
}
/** As /proc/interrupts has it. */
const PORT = { irq: 0, name: 'host port' } as const
const IPI_REASONS: Partial<Record<number, string>> = { [VECTOR.reschedule]: 'Rescheduling interrupts' }
const FUNCTION_CALL = 'Function call interrupts'

export function translate(event: TraceEvent, names: Names): Translation {
  return { mark: null, ...events[event.event]!(event, names) }
}

const enter =
  (name: 'cpuhp_enter' | 'cpuhp_multi_enter'): Translate =>
  ({ a: cpu, b: target, c: idx, function: fn }, names) => ({
    name,
    fields: { cpu, target, idx, fun: names.function(fn) },
  })

const wakeup =
  (name: 'sched_waking' | 'sched_wakeup' | 'sched_wakeup_new'): Translate =>
  ({ a, b: target_cpu, function: prio }, names) => ({ name, fields: { ...names.task(a), prio, target_cpu } })

const events: Readonly<Record<string, Translate>> = {
  cpuhp_enter: enter('cpuhp_enter'),
  cpuhp_multi_enter: enter('cpuhp_multi_enter'),
  cpuhp_exit: ({ a: cpu, b: state, c }) => ({
    name: 'cpuhp_exit',
    fields: { cpu, state, idx: c & 0xffff, ret: c >> 16 },
  }),
  sched_switch: ({ a, b, c, function: priorities }, names) => {
    const [before, after] = [names.task(a), names.task(c)]
    const fields = {
      prev_comm: before.comm,
      prev_pid: before.pid,
      prev_prio: priorities & 0xff,
      prev_state: stateOf(b),
      next_comm: after.comm,
      next_pid: after.pid,
      next_prio: priorities >> 8,
    }
    return { name: 'sched_switch', fields }
  },
  sched_waking: wakeup('sched_waking'),
  sched_wakeup: wakeup('sched_wakeup'),
  sched_wakeup_new: wakeup('sched_wakeup_new'),
  sched_migrate_task: ({ a, b, c: dest_cpu, function: prio }, names) => ({
    name: 'sched_migrate_task',
    fields: { ...names.task(a), prio, orig_cpu: b & 0xffff, dest_cpu },
  }),
  sched_process_fork: ({ a, b: child_pid, task }, names) => {
    const parent = names.task(task)
    const fields = {
      parent_comm: parent.comm,
      parent_pid: parent.pid,
      child_comm: names.task(a).comm,
      child_pid,
    }
    return { name: 'sched_process_fork', fields }
  },
  sched_process_exit: ({ a, function: prio }, names) => ({
    name: 'sched_process_exit',
    fields: { ...names.task(a), prio },
  }),
  ipi_raise: ({ a, b }) => ({
    name: 'ipi_raise',
    fields: { target_cpus: a, reason: IPI_REASONS[b] ?? FUNCTION_CALL },
  }),
  irq_entry: ({ a }) => {
    const { enter: name, vector } = INTERRUPTS[a as Vector]
    return { name, fields: a === VECTOR.port ? PORT : { vector } }
  },
  irq_exit: ({ a }) => {
    const { exit: name, vector } = INTERRUPTS[a as Vector]
    return { name, fields: a === VECTOR.port ? { irq: PORT.irq, ret: IRQ_HANDLED } : { vector } }
  },
  ...TIMER_EVENTS,
  ...WORK_EVENTS,
  cpuhp_mark: ({ a, b, c }) => {
    const result = MARK_NAMES[b] === 'done' ? ` ${c}` : ''
    return {
      name: 'print',
      fields: { ip: 'tracing_mark_write', buf: `cpuhp: cpu ${a} ${MARK_NAMES[b]}${result}` },
      mark: { subject: a, point: b as Mark['point'], result: c },
    }
  },
}

/** A task's state as sched_switch has it. */
function stateOf(state: number): number {
  if (state & PREEMPTED) return PREEMPTED
  if (state === STATE.dead) return EXIT_DEAD
  return state === STATE.new ? STATE.running : state
}
