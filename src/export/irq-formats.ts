// Events of interrupts: of devices, between CPUs, the local timer's, and softirqs.
import { type Format, format, type Symbols, symbolic, symbolList } from './format.js'

const vectorEvent = (id: number): Format => format('irq_vectors', id, ['int vector'], 'vector=%d')

const SOFTIRQS: Symbols = [
  'HI',
  'TIMER',
  'NET_TX',
  'NET_RX',
  'BLOCK',
  'IRQ_POLL',
  'TASKLET',
  'SCHED',
  'HRTIMER',
  'RCU',
].map((name, n) => [`${n}`, n, name])

const softirqEvent = (id: number): Format =>
  format(
    'irq',
    id,
    ['unsigned int vec'],
    'vec=%u [action=%s]',
    `REC->vec, __print_symbolic(REC->vec, ${symbolList(SOFTIRQS)})`,
    ({ vec }) => [vec!, softirqName(Number(vec))],
  )

/** A softirq's name: 'TIMER'. */
export function softirqName(vec: number): string {
  return symbolic(SOFTIRQS, vec)
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

export const IRQ_FORMATS = {
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
  softirq_entry: softirqEvent(145),
  softirq_exit: softirqEvent(144),
  softirq_raise: softirqEvent(143),
} as const satisfies Record<string, Format>
