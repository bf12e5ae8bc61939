// Booting: what lies in memory when the boot CPU starts, and what it does first.
//
//   power on -> swapper/0: idle          kernel_init: the boot CPU's threads, then every other CPU
//                                        one by one up to online, then says that the machine is up

import { formatCgroups } from '../cgroup/groups.js'
import { type DeviceConfig, formatDevices } from '../devices/config.js'
import { idleUntilDead, secondaryCpu } from '../hotplug/idle.js'
import { freeInstance, linkInstance, storeStep } from '../hotplug/setup.js'
import { formatSmt } from '../hotplug/smt.js'
import { CPUHP_STATE, INVALID } from '../hotplug/states.js'
import { cpuUp } from '../hotplug/updown.js'
import { threadOf, unparkThread, wakeUpProcess } from '../kthread/kthread.js'
import { smpbootCreateThreads, THREADS } from '../kthread/smpboot.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP_ROOT } from '../memory/structs/cgroups.js'
import { HRTIMER_BASE } from '../memory/structs/hrtimers.js'
import { TASK_GROUP } from '../memory/structs/task-groups.js'
import { CPUHP, GLOBAL, PERCPU, RUNQUEUE, STOPPER, TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN, type Functions } from '../ops/functions.js'
import { type Kernel, release } from '../ops/operation.js'
import type { Profile } from '../profiles/profile.js'
import { formatRcu } from '../rcu/state.js'
import { formatMms } from '../sched/mm.js'
import { CALLBACK } from '../sched/runqueue.js'
import { FLAG, initTask, nextPid, POLICY, STATE } from '../sched/task.js'
import { stopMachineUnpark } from '../stop/stopper.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { hrtimerInit } from '../time/hrtimer.js'
import { TICK_DO_TIMER_NONE } from '../time/jiffies.js'
import { workqueueInit } from '../workqueue/hotplug.js'
import { initWork } from '../workqueue/work.js'
import { formatWorkqueues } from '../workqueue/workqueue.js'
import { cpusetInitSmp } from './cpuset-hotplug.js'
import { openDevices } from './devices.js'
import { formatPort } from './port.js'

/** How many CPUs there are, and how many come up at boot (as the kernel parameter of that name). */
export interface BootConfig {
  readonly present: number
  readonly maxcpus: number
  /** threads of each core: CPUs that are neighbours by number */
  readonly threadsPerCore: number
  /** CPUs that are kept from the load balancing (isolcpus=); the boot CPU or another present one is none of them */
  readonly isolated: readonly number[]
  readonly devices?: readonly DeviceConfig[]
  /** whether synchronize_rcu is expedited, as with rcupdate.rcu_expedited=1 */
  readonly rcuExpedited: boolean
}

/** Lays out everything in fresh memory, before any CPU runs. */
export function formatMemory(memory: Memory, functions: Functions, profile: Profile, boot: BootConfig): void {
  const { cpus } = memory.layout.config
  const setBits = (mask: number, count: number): void => {
    for (let c = 0; c < count; c++) memory.set(mask + (c >> 5), memory.get(mask + (c >> 5)) | (1 << (c & 31)))
  }
  memory.set(memory.global + GLOBAL.stateControl, profile.stateControl ? 1 : 0)
  setBits(memory.possible, cpus)
  setBits(memory.present, boot.present)
  setBits(memory.online, 1)
  setBits(memory.active, 1)
  setBits(memory.housekeeping, cpus)
  for (const cpu of boot.isolated) clearBitBefore(memory, memory.housekeeping, cpu)
  formatSmt(memory, boot.threadsPerCore)
  formatCgroups(memory)
  initWork(memory, memory.cgroupRoot + CGROUP_ROOT.hotplugWork, FN.cpuset_hotplug_workfn, 0)
  memory.set(memory.global + GLOBAL.onlineCount, 1)
  memory.set(memory.global + GLOBAL.activeCount, 1)
  memory.set(memory.global + GLOBAL.tickDoTimerCpu, TICK_DO_TIMER_NONE)
  for (let cpu = 0; cpu < cpus; cpu++) formatCpu(memory, cpu)
  formatMms(memory)
  formatRcu(memory, boot.rcuExpedited)
  for (let group = 1; group < LIMITS.groups; group++) {
    const at = memory.taskGroup(group)
    hrtimerInit(memory, at + TASK_GROUP.periodTimer, 0, FN.sched_cfs_period_timer, group)
    hrtimerInit(memory, at + TASK_GROUP.slackTimer, 0, FN.sched_cfs_slack_timer, group)
  }
  formatSteps(memory, functions, profile)
  formatPort(memory)
  formatWorkqueues(memory)
  formatDevices(memory, boot.devices ?? [])
  const init = {
    comm: 'init',
    pid: nextPid(memory),
    cpu: 0,
    flags: FLAG.kthread | FLAG.perCpu,
    policy: POLICY.normal,
    entry: FN.kernel_init,
    argument: boot.maxcpus,
  }
  initTask(memory, memory.initTask, init, STATE.uninterruptible)
  const rcuThread = {
    comm: 'rcu_preempt',
    pid: nextPid(memory),
    cpu: 0,
    flags: FLAG.kthread,
    policy: POLICY.normal,
    entry: FN.rcu_gp_kthread,
    argument: 0,
  }
  initTask(memory, memory.rcuThread, rcuThread, STATE.interruptible)
}

/** Before any CPU runs. */
function clearBitBefore(memory: Memory, mask: number, cpu: number): void {
  memory.set(mask + (cpu >> 5), memory.get(mask + (cpu >> 5)) & ~(1 << (cpu & 31)))
}

function formatCpu(memory: Memory, cpu: number): void {
  const record = memory.cpuhp(cpu)
  memory.set(record + CPUHP.fail, INVALID)
  // The boot CPU's target is not set before it is first changed: 6.1 as it is.
  memory.set(record + CPUHP.state, cpu === 0 ? CPUHP_STATE.online : CPUHP_STATE.offline)
  memory.set(record + CPUHP.deviceOffline, cpu === 0 ? 0 : 1)
  const idle = memory.idleTask(cpu)
  const description = {
    comm: `swapper/${cpu}`,
    pid: 0,
    cpu,
    flags: FLAG.kthread | FLAG.perCpu | FLAG.idle,
    policy: POLICY.idle,
    entry: FN.swapper,
    argument: 0,
  }
  initTask(memory, idle, description, STATE.running)
  memory.set(idle + TASK.onCpu, 1)
  memory.set(idle + TASK.pinned, 1)
  const rq = memory.runqueue(cpu)
  memory.set(rq + RUNQUEUE.idle, idle)
  memory.set(rq + RUNQUEUE.current, idle)
  memory.set(memory.percpu(cpu) + PERCPU.startedTo, cpu === 0 ? CPUHP_STATE.apOnline : 0)
  memory.set(rq + RUNQUEUE.online, cpu === 0 ? 1 : 0)
  memory.set(rq + RUNQUEUE.balanceCallback, cpu === 0 ? CALLBACK.none : CALLBACK.balancePush)
  memory.set(memory.hrtimerBase(cpu) + HRTIMER_BASE.online, cpu === 0 ? 1 : 0)
  memory.set(memory.stopper(cpu) + STOPPER.enabled, 0)
}

function formatSteps(memory: Memory, functions: Functions, profile: Profile): void {
  for (const { state, name, startup, teardown, multi, instances, cantStop } of profile.states) {
    const callback = (fn: string | null): number => (fn === null ? 0 : functions.find(fn))
    storeStep(memory, state, { name, startup: callback(startup), teardown: callback(teardown), multi }, cantStop)
    for (let i = 0; i < instances; i++) linkInstance(memory, state, freeInstance(memory))
  }
}

/** The idle task of every CPU. The boot CPU's starts the kernel. */
export function* swapper(cpu: Cpu): Kernel<number> {
  if (cpu.id !== 0) return yield* secondaryCpu(cpu)
  yield* wakeUpProcess(cpu, cpu.memory.initTask)
  yield* idleUntilDead(cpu)
  return yield* secondaryCpu(cpu)
}

/** The first task. */
export function* kernelInit(cpu: Cpu, _task: number, maxcpus: number): Kernel<number> {
  const { memory } = cpu
  yield* smpbootCreateThreads(cpu, 0)
  yield* workqueueInit(cpu)
  yield* unparkThread(cpu, threadOf(memory, 0, THREADS.cpuhp))
  yield* stopMachineUnpark(cpu, 0)
  yield* unparkThread(cpu, threadOf(memory, 0, THREADS.ksoftirqd))
  for (let subject = 1; subject < maxcpus; subject++) {
    yield* mutexLock(cpu, memory.global + GLOBAL.addRemoveLock)
    const result = yield* cpuUp(cpu, subject, CPUHP_STATE.online)
    bugOn(result !== 0, 'bringup_nonboot_cpus', `CPU ${subject} does not come up: ${result}`)
    memory.set(memory.cpuhp(subject) + CPUHP.deviceOffline, 0)
    yield* mutexUnlock(cpu, memory.global + GLOBAL.addRemoveLock)
  }
  yield* cpusetInitSmp(cpu)
  yield* openDevices(cpu)
  yield cpu.store(memory.global + GLOBAL.booted, 1, release, 'kernel_init:booted')
  yield cpu.notifyHost('kernel_init')
  return 0
}
