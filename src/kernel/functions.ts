// The kernel's functions by number, and the hooks of lower rooms filled with what higher rooms provide.

import { UsageError } from '../base/failure.js'
import { blkCompleteRemote, blkDoneSoftirq, diskInterrupt } from '../block/complete.js'
import { cpusetCpusAllowedFallback } from '../cgroup/cpuset.js'
import { namedStep } from '../hotplug/callbacks.js'
import { cpuDownMapsLocked } from '../hotplug/control.js'
import { completeIdleDead } from '../hotplug/idle.js'
import { syscoreOps } from '../hotplug/suspend.js'
import { hotplugThread } from '../hotplug/thread.js'
import { takeCpuDown } from '../hotplug/updown.js'
import { type HotplugThread, hotplugThreads, smpbootThreadFn, THREADS } from '../kthread/smpboot.js'
import { kvmSyscoreOps } from '../kvm/hardware.js'
import { KVM_FUNCTIONS } from '../kvm/table.js'
import { schedIn, schedOut } from '../kvm/vcpu.js'
import { LOAD_FUNCTIONS } from '../loads/table.js'
import { netRxAction, nicInterrupt } from '../net/napi.js'
import type { KernelFunction } from '../ops/cpu.js'
import { Functions } from '../ops/functions.js'
import { userTask } from '../process/process.js'
import type { Profile } from '../profiles/profile.js'
import { rcuBarrierCallback, rcuBarrierHandler } from '../rcu/barrier.js'
import { rcuCore, rcuNeedsCpu, rcuTick } from '../rcu/core.js'
import { rcuGpKthread } from '../rcu/grace-period.js'
import { contextSwitchCounts, noteContextSwitch, rcuExpHandler, readUnlockSpecial } from '../rcu/quiescent.js'
import { synchronizeRcu, wakemeAfterRcu } from '../rcu/synchronize.js'
import { rcuTortureCallback } from '../rcu/torture.js'
import { bandwidthHooks, schedCfsPeriodTimer, schedCfsSlackTimer } from '../sched/bandwidth.js'
import { cpusetHooks } from '../sched/cpuset-hooks.js'
import { pushCpuStop, schedHooks } from '../sched/push.js'
import { rcuHooks } from '../sched/read-side.js'
import { POLICY } from '../sched/task.js'
import { ksoftirqd, SOFTIRQ, softirqActions } from '../softirq/softirq.js'
import { taskletAction, taskletHiAction } from '../softirq/tasklet.js'
import { affineMoveTask, migrationCpuStop } from '../stop/migration.js'
import { multiCpuStop } from '../stop/stop-machine.js'
import { stopOneCpuNowait, stopperThread } from '../stop/stopper.js'
import { hrtimerForward, hrtimerStart } from '../time/hrtimer.js'
import { hrtimerWakeup } from '../time/sleep.js'
import { runTimerSoftirq } from '../time/timer.js'
import { delayedWorkTimerFn } from '../workqueue/delayed.js'
import { workerRunning, workerSleeping } from '../workqueue/pool.js'
import { workForCpuFn } from '../workqueue/work-on-cpu.js'
import { workerThread } from '../workqueue/worker.js'
import { kernelInit, swapper } from './boot.js'
import { MODELLED } from './callbacks.js'
import {
  cpusetHotplugWorkfn,
  cpusetOperationOver,
  cpusetUpdateActiveCpus,
  cpusetWaitForHotplug,
} from './cpuset-hotplug.js'
import { kthread } from './kthreads.js'
import type { KernelModule } from './module.js'
import { freezeForHost, requester, runner } from './port.js'

const softirqThread: HotplugThread = {
  comm: 'ksoftirqd',
  policy: POLICY.normal,
  selfParking: false,
  ...ksoftirqd,
}

hotplugThreads[THREADS.cpuhp] = hotplugThread
hotplugThreads[THREADS.migration] = stopperThread
hotplugThreads[THREADS.ksoftirqd] = softirqThread
syscoreOps[0] = kvmSyscoreOps
softirqActions[SOFTIRQ.hi] = taskletHiAction
softirqActions[SOFTIRQ.timer] = runTimerSoftirq
softirqActions[SOFTIRQ.tasklet] = taskletAction
softirqActions[SOFTIRQ.rcu] = rcuCore
schedHooks.stopOneCpuNowait = stopOneCpuNowait
schedHooks.affineMoveTask = affineMoveTask
schedHooks.schedOut = schedOut
schedHooks.schedIn = schedIn
cpusetHooks.updateActiveCpus = cpusetUpdateActiveCpus
cpusetHooks.operationOver = cpusetOperationOver
cpusetHooks.waitForHotplug = cpusetWaitForHotplug
cpusetHooks.allowedFallback = cpusetCpusAllowedFallback
schedHooks.workerSleeping = workerSleeping
schedHooks.workerRunning = workerRunning
Object.assign(rcuHooks, {
  readUnlockSpecial,
  contextSwitchCounts,
  noteContextSwitch,
  synchronize: synchronizeRcu,
  tick: rcuTick,
  needsCpu: rcuNeedsCpu,
})
bandwidthHooks.hrtimerStart = hrtimerStart
bandwidthHooks.hrtimerForward = hrtimerForward

softirqActions[SOFTIRQ.netRx] = netRxAction
softirqActions[SOFTIRQ.block] = blkDoneSoftirq

/** The same list on every worker: the kernel's own, the callbacks of the profile in its order, the loads', the modules'. */
export function buildFunctions(profile: Profile, modules: readonly KernelModule[]): Functions {
  const functions = new Functions({
    swapper,
    kernel_init: kernelInit,
    smpboot_thread_fn: smpbootThreadFn,
    requester,
    runner,
    rcu_exp_handler: rcuExpHandler,
    multi_cpu_stop: multiCpuStop,
    take_cpu_down: takeCpuDown,
    push_cpu_stop: pushCpuStop,
    migration_cpu_stop: migrationCpuStop,
    user_task: userTask,
    worker_thread: workerThread,
    work_for_cpu_fn: workForCpuFn,
    delayed_work_timer_fn: delayedWorkTimerFn,
    freeze_for_host: freezeForHost,
    cpuhp_complete_idle_dead: completeIdleDead,
    cpu_down_maps_locked: cpuDownMapsLocked,
    nic_interrupt: nicInterrupt,
    disk_interrupt: diskInterrupt,
    blk_complete_remote: blkCompleteRemote,
    cpuset_hotplug_workfn: cpusetHotplugWorkfn,
    rcu_gp_kthread: rcuGpKthread,
    wakeme_after_rcu: wakemeAfterRcu,
    rcu_barrier_handler: rcuBarrierHandler,
    rcu_barrier_callback: rcuBarrierCallback,
    rcu_torture_cb: rcuTortureCallback,
    hrtimer_wakeup: hrtimerWakeup,
    sched_cfs_period_timer: schedCfsPeriodTimer,
    sched_cfs_slack_timer: schedCfsSlackTimer,
    kthread,
  })
  const callbacks = new Set<string>()
  for (const { state, startup, teardown } of profile.states) {
    for (const name of [startup, teardown]) {
      if (name === null || callbacks.has(name)) continue
      callbacks.add(name)
      const implementation = Object.hasOwn(MODELLED, name) ? MODELLED[name]! : namedStep
      addNew(functions, name, implementation, `${profile.name}: state ${state}: `)
    }
  }
  for (const table of [KVM_FUNCTIONS, LOAD_FUNCTIONS]) {
    for (const [name, fn] of Object.entries(table)) addNew(functions, name, fn)
  }
  for (const module of modules) for (const [name, fn] of Object.entries(module.functions)) addNew(functions, name, fn)
  return functions
}

function addNew(functions: Functions, name: string, fn: KernelFunction, whose = ''): void {
  // 'null' is number 0, which find() answers for what is not there.
  if (functions.find(name) !== 0 || name === functions.name(0)) {
    throw new UsageError(`${whose}there is a kernel function ${name} already: choose another name`)
  }
  functions.add(name, fn)
}
