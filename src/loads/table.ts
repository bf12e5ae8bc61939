// The kernel functions of the loads, by their names: rounds of kernel threads, and what those have others run.
import type { KernelFunction } from '../ops/cpu.js'
import { ipiRun, ipis, pin, work, workRun } from './calls.js'
import { taskletRun, tasklets, taskletsEnd, timerRun, timers, timersEnd } from './deferred.js'
import { diskRequests, irqs } from './devices.js'
import { flood, floodEnd, floodRun } from './flood.js'
import { hrtimerRun, hrtimers, hrtimersEnd } from './hrtimers.js'
import { cpusRead, rwsem } from './locks.js'
import { rcu } from './rcu.js'
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
  load_flood: flood,
  load_flood_end: floodEnd,
  load_flood_run: floodRun,
  load_pin: pin,
  load_irqs: irqs,
  load_disk: diskRequests,
  load_timers: timers,
  load_timers_end: timersEnd,
  load_timer_run: timerRun,
  load_hrtimers: hrtimers,
  load_hrtimers_end: hrtimersEnd,
  load_hrtimer_run: hrtimerRun,
  load_tasklets: tasklets,
  load_tasklets_end: taskletsEnd,
  load_tasklet_run: taskletRun,
  load_rcu: rcu,
}
