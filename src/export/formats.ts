// The formats of the trace events, as a kernel describes them in events/SYSTEM/NAME/format. Layouts, numbers and texts are
// those of a real 6.1 on x86-64 (test/golden/ftrace).
import { layOut, type Member } from './layout.js'
import { printf } from './printf.js'

/** An event's own fields, under Linux's names: numbers, texts, and names of functions where Linux has addresses. */
export type Fields = Readonly<Record<string, number | string>>

export interface Format {
  readonly system: string
  /** the kernel's number for it, common_type */
  readonly id: number
  readonly members: readonly Member[]
  /** print fmt: the pattern, the arguments as C has them, and their values */
  readonly pattern: string
  readonly args: string
  readonly values: (fields: Fields) => (number | string)[]
}

type Value = (fields: Fields) => (number | string)[]

/** `members`: 'type name' in order. `values`: what the pattern takes, when that is not simply the members. */
function format(system: string, id: number, members: string[], pattern: string, args?: string, values?: Value): Format {
  const laidOut = layOut(members)
  const names = laidOut.map(({ name }) => name)
  return {
    system,
    id,
    members: laidOut,
    pattern,
    args: args ?? names.map((name) => `REC->${name}`).join(', '),
    values: values ?? ((fields) => names.map((name) => fields[name]!)),
  }
}

const ENTER = ['unsigned int cpu', 'int target', 'int idx', 'void * fun']
const ENTER_TEXT = 'cpu: %04u target: %3d step: %3d (%ps)'
const WAKEUP = ['char[16] comm', 'pid_t pid', 'int prio', 'int target_cpu']

const vectorEvent = (id: number): Format => format('irq_vectors', id, ['int vector'], 'vector=%d')

/** State bits as sched_switch shows them; REPORTED has them all. */
const STATES = ['S', 'D', 'T', 't', 'X', 'Z', 'P', 'I']
const REPORTED = 0xff
const STATE_SUM = `((((${['0x00000000', ...STATES.slice(0, 7).map((_, n) => hex8(1 << n))].join(' | ')}) + 1) << 1) - 1)`
const SWITCH_STATE =
  `(REC->prev_state & ${STATE_SUM}) ? __print_flags(REC->prev_state & ${STATE_SUM}, "|", ` +
  `${STATES.map((letter, n) => `{ ${hex8(1 << n)}, "${letter}" }`).join(', ')}) : "R", ` +
  `REC->prev_state & ${STATE_SUM.slice(1, -5)} ? "+" : ""`

function hex8(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

function stateLetters(state: number): string {
  return STATES.filter((_, n) => state & (1 << n)).join('|') || 'R'
}

/** A mask of CPUs as the kernel prints one: hexadecimal digits, a comma after every eight from the right. */
export function maskText(cpu: number): string {
  const digits = (1n << BigInt(cpu)).toString(16).padStart(maskBytes(cpu) * 2, '0')
  return digits.match(/.{8}/g)!.join(',')
}

/** Bytes of a mask that has room for `cpu`: whole longs. */
export function maskBytes(cpu: number): number {
  return (Math.floor(cpu / 64) + 1) * 8
}

const TABLE = {
  cpuhp_enter: format('cpuhp', 132, ENTER, ENTER_TEXT),
  cpuhp_multi_enter: format('cpuhp', 131, ENTER, ENTER_TEXT),
  cpuhp_exit: format(
    'cpuhp',
    130,
    ['unsigned int cpu', 'int state', 'int idx', 'int ret'],
    ' cpu: %04u  state: %3d step: %3d ret: %d',
  ),
  sched_switch: format(
    'sched',
    314,
    [
      ...['char[16] prev_comm', 'pid_t prev_pid', 'int prev_prio', 'long prev_state'],
      ...['char[16] next_comm', 'pid_t next_pid', 'int next_prio'],
    ],
    'prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> next_comm=%s next_pid=%d next_prio=%d',
    `REC->prev_comm, REC->prev_pid, REC->prev_prio, ${SWITCH_STATE}, REC->next_comm, REC->next_pid, REC->next_prio`,
    ({ prev_comm, prev_pid, prev_prio, prev_state, next_comm, next_pid, next_prio }) => {
      const state = Number(prev_state)
      const text = [stateLetters(state), state > REPORTED ? '+' : '']
      return [prev_comm!, prev_pid!, prev_prio!, ...text, next_comm!, next_pid!, next_prio!]
    },
  ),
  sched_wakeup: format('sched', 316, WAKEUP, 'comm=%s pid=%d prio=%d target_cpu=%03d'),
  sched_migrate_task: format(
    'sched',
    313,
    ['char[16] comm', 'pid_t pid', 'int prio', 'int orig_cpu', 'int dest_cpu'],
    'comm=%s pid=%d prio=%d orig_cpu=%d dest_cpu=%d',
  ),
  sched_process_fork: format(
    'sched',
    308,
    ['char[16] parent_comm', 'pid_t parent_pid', 'char[16] child_comm', 'pid_t child_pid'],
    'comm=%s pid=%d child_comm=%s child_pid=%d',
  ),
  irq_handler_entry: format(
    'irq',
    147,
    ['int irq', '__data_loc char[] name'],
    'irq=%d name=%s',
    'REC->irq, __get_str(name)',
  ),
  irq_handler_exit: format(
    'irq',
    146,
    ['int irq', 'int ret'],
    'irq=%d ret=%s',
    'REC->irq, REC->ret ? "handled" : "unhandled"',
    ({ irq, ret }) => [irq!, ret === 0 ? 'unhandled' : 'handled'],
  ),
  ipi_raise: format(
    'ipi',
    334,
    ['__data_loc unsigned long[] target_cpus', 'const char * reason'],
    'target_mask=%s (%s)',
    '__get_bitmask(target_cpus), REC->reason',
    ({ target_cpus, reason }) => [maskText(Number(target_cpus)), reason!],
  ),
  reschedule_entry: vectorEvent(78),
  reschedule_exit: vectorEvent(77),
  call_function_entry: vectorEvent(76),
  call_function_exit: vectorEvent(75),
  call_function_single_entry: vectorEvent(74),
  call_function_single_exit: vectorEvent(73),
  local_timer_entry: vectorEvent(84),
  local_timer_exit: vectorEvent(83),
  /** what was written to trace_marker */
  print: format('ftrace', 5, ['unsigned long ip', 'char[] buf'], '%ps: %s', '(void *)REC->ip, REC->buf'),
} as const

export type EventName = keyof typeof TABLE
export const FORMATS: Readonly<Record<EventName, Format>> = TABLE
export const FORMAT_NAMES = Object.keys(TABLE) as EventName[]

/** The text of an event behind its name, as the kernel prints it: 'comm=sh pid=144 prio=120 target_cpu=002'. */
export function eventText(name: EventName, fields: Fields): string {
  const { pattern, values } = FORMATS[name]
  return printf(pattern, values(fields))
}
