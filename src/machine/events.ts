// Trace events as text.
import type { Memory } from '../memory/memory.js'
import { TASK } from '../memory/structs.js'
import type { FunctionTable } from '../ops/cpu.js'
import { VECTOR_NAMES } from '../ops/vectors.js'
import { MIGRATION } from '../sched/placement.js'
import { commOf, FLAG } from '../sched/task.js'
import { MARK_NAMES, PREEMPTED } from '../trace/events.js'
import type { TraceEvent } from '../trace/ring.js'

const MIGRATION_NAMES = Object.keys(MIGRATION)

/** One line for a person: '12.345678 [001] cpuhp/1: cpuhp_enter: cpu 1 target 153 step 235 (sched_cpu_deactivate)'. */
export function formatEvent(event: TraceEvent, memory: Memory, functions: FunctionTable): string {
  const head = `${(event.timeNs / 1e9).toFixed(6)} [${String(event.cpu).padStart(3, '0')}] ${commOf(memory, event.task)}`
  return `${head}: ${event.event}: ${fields(event, memory, functions)}`
}

function fields(event: TraceEvent, memory: Memory, functions: FunctionTable): string {
  const { a, b, c } = event
  switch (event.event) {
    case 'cpuhp_enter':
    case 'cpuhp_multi_enter':
      return `cpu ${a} target ${b} step ${c} (${functions.name(event.function)})`
    case 'cpuhp_exit':
      return `cpu ${a} state ${b} step ${c & 0xffff} ret ${c >> 16}`
    case 'sched_switch':
      return `${commOf(memory, a)} (state ${b & ~PREEMPTED}) ==> ${commOf(memory, c)}`
    case 'sched_wakeup':
      return `${commOf(memory, a)} on CPU ${b}`
    case 'sched_migrate_task':
      return `${commOf(memory, a)} from CPU ${b & 0xffff} to CPU ${c} (${MIGRATION_NAMES[b >> 16]})`
    case 'ipi_raise':
      return `CPU ${a} (${VECTOR_NAMES[b]})`
    case 'cpuhp_mark':
      return `cpu ${a} ${MARK_NAMES[b]} ${c}`
    case 'irq_entry':
    case 'irq_exit':
      return `${VECTOR_NAMES[a]}`
    case 'sched_process_fork':
      return `${commOf(memory, a)} pid ${b}`
    case 'sched_waking':
    case 'sched_wakeup_new':
      return `${commOf(memory, a)} on CPU ${b}`
    default:
      return `${a} ${b} ${c}${event.function === 0 ? '' : ` (${functions.name(event.function)})`}`
  }
}

/**
 * The hotplug events in the form of Linux's trace lines: `<cpu> <task> enter <cpu> <target> <step> <function>`, `multi`
 * for an instance, `<cpu> <task> exit <cpu> <state> <step> <ret>`. User processes are called `task` and their CPU `*`:
 * where they run is not part of what the kernel does. Null for other events.
 */
export function hotplugLine(event: TraceEvent, memory: Memory, functions: FunctionTable): string | null {
  const user = (memory.get(event.task + TASK.flags) & FLAG.kthread) === 0
  const comm = commOf(memory, event.task)
  const where = user ? '* task' : `${event.cpu} ${comm.startsWith('kworker/') ? 'kworker' : comm}`
  const { a, b, c } = event
  switch (event.event) {
    case 'cpuhp_enter':
      return `${where} enter ${a} ${b} ${c} ${functions.name(event.function)}`
    case 'cpuhp_multi_enter':
      return `${where} multi ${a} ${b} ${c} ${functions.name(event.function)}`
    case 'cpuhp_exit':
      return `${where} exit ${a} ${b} ${c & 0xffff} ${c >> 16}`
    default:
      return null
  }
}
