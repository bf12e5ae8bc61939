// Functions by number: what a pointer to a function is in shared memory.
//
// A worker can only call what its own heap holds, so tasks, function calls by IPI, stopper work and hotplug steps name
// their functions by number. The numbers are places in one list that every worker builds in the same order: those that
// the kernel itself names (FN), the step table's callbacks, then those of the loaded modules.
import { assert } from '../base/assert.js'
import type { FunctionTable, KernelFunction } from './cpu.js'
import type { Kernel } from './operation.js'

const NAMES = [
  'null',
  'swapper',
  'kernel_init',
  'smpboot_thread_fn',
  'requester',
  'runner',
  'rcu_exp_handler',
  'multi_cpu_stop',
  'take_cpu_down',
  'push_cpu_stop',
  'migration_cpu_stop',
  'user_task',
  'worker_thread',
  'work_for_cpu_fn',
  'delayed_work_timer_fn',
  'freeze_for_host',
  'cpuhp_complete_idle_dead',
  'nic_interrupt',
  'disk_interrupt',
  'blk_complete_remote',
  'cpu_down_maps_locked',
  'hrtimer_wakeup',
  'sched_cfs_period_timer',
  'sched_cfs_slack_timer',
  'kthread',
  'cpuhp_kick_ap_work',
  'rcu_gp_kthread',
  'wakeme_after_rcu',
  'rcu_barrier_handler',
  'rcu_barrier_callback',
  'rcu_torture_cb',
] as const

export type SystemFunction = (typeof NAMES)[number]

/** Numbers of the functions that the kernel itself names. */
export const FN = Object.fromEntries(NAMES.map((name, number) => [name, number])) as { [K in SystemFunction]: number }

export class Functions implements FunctionTable {
  private readonly byNumber: KernelFunction[] = []
  private readonly names: string[] = []
  private readonly numbers = new Map<string, number>()

  constructor(system: Omit<Record<SystemFunction, KernelFunction>, 'null' | 'cpuhp_kick_ap_work'>) {
    const implementations: Partial<Record<SystemFunction, KernelFunction>> = system
    for (const name of NAMES) {
      const implementation = implementations[name]
      this.add(name, implementation ?? unreachable)
    }
  }

  /** Gives a function the next number. Names are unique; they appear in traces and reports. */
  add(name: string, implementation: KernelFunction): number {
    assert(!this.numbers.has(name), `two kernel functions are named ${name}`)
    this.numbers.set(name, this.byNumber.length)
    this.names.push(name)
    return this.byNumber.push(implementation) - 1
  }

  get(number: number): KernelFunction {
    const found = this.byNumber[number]
    assert(found !== undefined, `there is no kernel function ${number}`)
    return found
  }

  name(number: number): string {
    return this.names[number] ?? `function ${number}`
  }

  /** The number of a name, 0 when there is none. */
  find(name: string): number {
    return this.numbers.get(name) ?? 0
  }
}

function* unreachable(): Kernel<number> {
  throw new Error('this function is a name in traces, it is never called')
}
