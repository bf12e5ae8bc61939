// The steps that have a subsystem behind them: what each callback of the step table does here.
// A callback that is not in this list is a named step: it is called, traced and may be told to fail, and does nothing.

import { blkSoftirqCpuDead } from '../block/complete.js'
import { bringupCpu, finishCpu, takedownCpu } from '../hotplug/updown.js'
import { smpbootCreateThreads, smpbootParkThreads, smpbootUnparkThreads } from '../kthread/smpboot.js'
import { devCpuDead } from '../net/napi.js'
import type { KernelFunction } from '../ops/cpu.js'
import type { BugName } from '../ops/switches.js'
import type { Profile } from '../profiles/profile.js'
import { rcutreeDeadCpu } from '../rcu/hotplug.js'
import {
  schedCpuActivate,
  schedCpuDeactivate,
  schedCpuDying,
  schedCpuStarting,
  schedCpuWaitEmpty,
} from '../sched/hotplug.js'
import { smpcfdDeadCpu, smpcfdDyingCpu, smpcfdPrepareCpu } from '../smp/smp.js'
import { takeoverTasklets } from '../softirq/tasklet.js'
import { hrtimersCpuDying, hrtimersCpuStarting, hrtimersDeadCpu, hrtimersPrepareCpu } from '../time/hrtimer.js'
import { timersDeadCpu, timersPrepareCpu } from '../time/timer.js'
import { workqueueOfflineCpu, workqueueOnlineCpu, workqueuePrepareCpu } from '../workqueue/hotplug.js'

export const MODELLED: Readonly<Record<string, KernelFunction>> = {
  smpboot_create_threads: smpbootCreateThreads,
  smpcfd_prepare_cpu: smpcfdPrepareCpu,
  smpcfd_dead_cpu: smpcfdDeadCpu,
  smpcfd_dying_cpu: smpcfdDyingCpu,
  hrtimers_prepare_cpu: hrtimersPrepareCpu,
  hrtimers_dead_cpu: hrtimersDeadCpu,
  hrtimers_cpu_starting: hrtimersCpuStarting,
  takeover_tasklets: takeoverTasklets,
  timers_prepare_cpu: timersPrepareCpu,
  timers_dead_cpu: timersDeadCpu,
  hrtimers_cpu_dying: hrtimersCpuDying,
  rcutree_dead_cpu: rcutreeDeadCpu,
  bringup_cpu: bringupCpu,
  finish_cpu: finishCpu,
  takedown_cpu: takedownCpu,
  sched_cpu_starting: schedCpuStarting,
  sched_cpu_dying: schedCpuDying,
  sched_cpu_wait_empty: schedCpuWaitEmpty,
  sched_cpu_activate: schedCpuActivate,
  sched_cpu_deactivate: schedCpuDeactivate,
  smpboot_unpark_threads: smpbootUnparkThreads,
  smpboot_park_threads: smpbootParkThreads,
  workqueue_prepare_cpu: workqueuePrepareCpu,
  blk_softirq_cpu_dead: blkSoftirqCpuDead,
  dev_cpu_dead: devCpuDead,
  workqueue_online_cpu: workqueueOnlineCpu,
  workqueue_offline_cpu: workqueueOfflineCpu,
}

/** The step table as it was when Linux had those bugs. */
export function tableWith(profile: Profile, bugs: readonly BugName[]): Profile {
  // The fix of M01 is older than that of M03, without which nothing comes of it.
  if (!bugs.includes('M01') && !bugs.includes('M03')) return profile
  const states = profile.states.map((step) =>
    step.startup === 'hrtimers_prepare_cpu' ? { ...step, teardown: 'hrtimers_dead_cpu' } : step,
  )
  return { ...profile, states }
}
