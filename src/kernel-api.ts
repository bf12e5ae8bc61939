// The door for kernel modules: what their functions may use. See examples/ and docs/kernel-modules.md.
export type { KernelModule } from './kernel/module.js'
export { TASKLET, TIMER } from './memory/structs/deferred.js'
export { HRTIMER } from './memory/structs/hrtimers.js'
export { RCU_HEAD } from './memory/structs/rcu.js'
export { DELAYED_WORK, WORK } from './memory/structs/workqueues.js'
export { COMPLETION, MUTEX, PERCPU_RWSEM, WAIT_QUEUE } from './memory/structs.js'
export type { Cpu, KernelFunction } from './ops/cpu.js'
export { acquire, full, type Kernel, type Operation, type Order, relaxed, release } from './ops/operation.js'
export { rcuBarrier } from './rcu/barrier.js'
export { callRcu } from './rcu/callbacks.js'
export { synchronizeRcuExpedited } from './rcu/expedited.js'
export { synchronizeRcu } from './rcu/synchronize.js'
export { schedule } from './sched/core.js'
export { rcuReadLock, rcuReadUnlock } from './sched/read-side.js'
export { rtMutexSetprio, schedSetscheduler } from './sched/setscheduler.js'
export { POLICY, type Policy, RESTART } from './sched/task.js'
export { smpCallFunctionMany, smpCallFunctionSingle } from './smp/smp.js'
export {
  localBhDisable,
  localBhEnable,
  raiseSoftirq,
  SOFTIRQ,
  type Softirq,
  softirqActions,
} from './softirq/softirq.js'
export {
  taskletDisable,
  taskletEnable,
  taskletHiSchedule,
  taskletInit,
  taskletKill,
  taskletSchedule,
} from './softirq/tasklet.js'
export { stopMachine, stopTwoCpus } from './stop/stop-machine.js'
export { stopOneCpu, stopOneCpuNowait } from './stop/stopper.js'
export { complete, completeAll, reinitCompletion, waitForCompletion } from './sync/completion.js'
export { mutexLock, mutexTryLock, mutexUnlock } from './sync/mutex.js'
export { type PercpuRwsem, readLock, readTryLock, readUnlock, writeLock, writeUnlock } from './sync/percpu-rwsem.js'
export { finishWait, prepareToWait, waitEvent, wakeUp } from './sync/waitqueue.js'
export {
  HRTIMER_NORESTART,
  HRTIMER_RESTART,
  hrtimerCancel,
  hrtimerForward,
  hrtimerInit,
  hrtimerStart,
  hrtimerTryToCancel,
} from './time/hrtimer.js'
export { prepareToSleep } from './time/sleep.js'
export { addTimerOn, delTimer, delTimerSync, modTimer, timerSetup, tryToDelTimerSync } from './time/timer.js'
export { cancelWork, cancelWorkSync } from './workqueue/cancel.js'
export {
  cancelDelayedWorkSync,
  flushDelayedWork,
  initDelayedWork,
  modDelayedWork,
  queueDelayedWork,
  queueDelayedWorkOn,
} from './workqueue/delayed.js'
export {
  destroyWorkqueue,
  drainWorkqueue,
  flushWork,
  flushWorkqueue,
  flushWorkqueueReady,
  flushWorkReady,
} from './workqueue/flush.js'
export { initWork } from './workqueue/work.js'
export {
  allocOrderedWorkqueue,
  allocWorkqueue,
  queueWork,
  queueWorkOn,
  systemUnboundWq,
  systemWq,
  WQ,
} from './workqueue/workqueue.js'
