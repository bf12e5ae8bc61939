// What the kernel counts of softirqs: /proc/softirqs, and a line of /proc/stat.

import type { Memory } from '../memory/memory.js'
import { SOFTIRQ_DATA } from '../memory/structs/deferred.js'
import { PERCPU } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { SOFTIRQ } from '../softirq/softirq.js'
import { sumOverCpus } from './accounting.js'

/** Linux's names: NET_RX for netRx. */
const NAMES = Object.keys(SOFTIRQ).map((name) => name.replace(/[A-Z]/, '_$&').toUpperCase())

/** How often a CPU has served a softirq. */
function served(memory: Memory, cpu: number, nr: number): number {
  return memory.get(memory.percpu(cpu) + PERCPU.softirq + SOFTIRQ_DATA.served + nr) >>> 0
}

/** /proc/softirqs: how often each CPU, online or not, has served each. */
export function softirqs(memory: Memory): string {
  const cpus = [...bitsOf(memory, memory.possible)]
  const head = `${' '.repeat(20)}${cpus.map((cpu) => `CPU${String(cpu).padEnd(8)}`).join('')}`
  const lines = NAMES.map((name, nr) => {
    const counts = cpus.map((cpu) => ` ${String(served(memory, cpu, nr)).padStart(10)}`)
    return `${name.padStart(12)}:${counts.join('')}`
  })
  return `${[head, ...lines].join('\n')}\n`
}

/** The line of /proc/stat: all of them, then each. */
export function softirqTotals(memory: Memory): string {
  const totals = NAMES.map((_, nr) => sumOverCpus(memory, (cpu) => served(memory, cpu, nr)))
  return ['softirq', totals.reduce((sum, total) => sum + total, 0), ...totals].join(' ')
}
