// The scheduler's events.
import { type Format, flagNames, format, hex8, type Symbols, symbolList } from './format.js'

const WAKEUP = ['char[16] comm', 'pid_t pid', 'int prio', 'int target_cpu']
const WAKEUP_TEXT = 'comm=%s pid=%d prio=%d target_cpu=%03d'

/** State bits as sched_switch shows them; REPORTED has them all. */
const STATES: Symbols = [...'SDTtXZPI'].map((letter, n) => [hex8(1 << n), 1 << n, letter])
const REPORTED = 0xff
const STATE_SUM = `((((${['0x00000000', ...STATES.slice(0, 7).map(([text]) => text)].join(' | ')}) + 1) << 1) - 1)`
const SWITCH_STATE =
  `(REC->prev_state & ${STATE_SUM}) ? __print_flags(REC->prev_state & ${STATE_SUM}, "|", ` +
  `${symbolList(STATES)}) : "R", ` +
  `REC->prev_state & ${STATE_SUM.slice(1, -5)} ? "+" : ""`

export const SCHED_FORMATS = {
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
      const text = [flagNames(STATES, state) || 'R', state > REPORTED ? '+' : '']
      return [prev_comm!, prev_pid!, prev_prio!, ...text, next_comm!, next_pid!, next_prio!]
    },
  ),
  sched_wakeup: format('sched', 316, WAKEUP, WAKEUP_TEXT),
  sched_waking: format('sched', 317, WAKEUP, WAKEUP_TEXT),
  sched_wakeup_new: format('sched', 315, WAKEUP, WAKEUP_TEXT),
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
  sched_process_exit: format('sched', 311, ['char[16] comm', 'pid_t pid', 'int prio'], 'comm=%s pid=%d prio=%d'),
} as const satisfies Record<string, Format>
