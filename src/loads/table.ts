// The kernel functions of the loads, by their names: rounds of kernel threads, and what those have others run.
import type { KernelFunction } from '../ops/cpu.js'
import { ipiRun, ipis, pin, work, workRun } from './calls.js'
import { cpusRead, rwsem } from './locks.js'
import { irqOff, loop, migrateOff, preemptOff } from './sections.js'

export const LOAD_FUNCTIONS: Readonly<Record<string, KernelFunction>> = {
  load_irq_off: irqOff,
  load_preempt_off: preemptOff,
  load_loop: loop,
  load_migrate_off: migrateOff,
  load_cpus_read: cpusRead,
  load_rwsem: rwsem,
  load_ipi: ipis,
  load_ipi_run: ipiRun,
  load_work: work,
  load_work_run: workRun,
  load_pin: pin,
}
