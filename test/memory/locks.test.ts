import { expect, test } from 'vitest'
import { FUTEX_BUCKETS, Layout, LIMITS, RCU_FANOUT } from '#dist/src/memory/layout.js'

// Each kind of spinlock that the machine has, how many there are, and the Linux lock that it is: none covers more than
// that one does.
const LOCKS: Readonly<
  Record<
    string,
    {
      readonly per: 'machine' | 'CPU' | 'task' | 'bucket' | 'pool' | 'workqueue' | 'node' | 'group'
      readonly linux: string
    }
  >
> = {
  'rq.lock': { per: 'CPU', linux: 'rq->__lock' },
  'stopper.lock': { per: 'CPU', linux: 'cpu_stopper->lock' },
  'task_group.lock': { per: 'group', linux: 'cfs_bandwidth->lock' },
  'hrtimer_base.lock': { per: 'CPU', linux: 'hrtimer_cpu_base->lock' },
  'worker_pool.lock': { per: 'pool', linux: 'worker_pool->lock' },
  'cpuhp.doneUp.lock': { per: 'CPU', linux: 'cpuhp_cpu_state->done_up.wait.lock' },
  'cpuhp.doneDown.lock': { per: 'CPU', linux: 'cpuhp_cpu_state->done_down.wait.lock' },
  'task.piLock': { per: 'task', linux: 'task_struct->pi_lock' },
  'task.parked.lock': { per: 'task', linux: 'kthread->parked.wait.lock' },
  'task.exited.lock': { per: 'task', linux: 'kthread->exited.wait.lock' },
  'task.stopDone.completion.lock': { per: 'task', linux: 'cpu_stop_done->completion.wait.lock' },
  'task.userLock.waitLock': { per: 'task', linux: 'a mutex of the process, mutex->wait_lock' },
  'futex.lock': { per: 'bucket', linux: 'futex_hash_bucket->lock' },
  'task.barrier.done.lock': { per: 'task', linux: 'wq_barrier->done.wait.lock' },
  'workqueue.mutex.waitLock': { per: 'workqueue', linux: 'workqueue_struct->mutex.wait_lock' },
  'workqueue.flushed.lock': { per: 'workqueue', linux: 'wq_flusher->done.wait.lock' },
  'global.cancelWaiters.lock': { per: 'machine', linux: 'cancel_waitq.lock' },
  'global.deviceHotplugLock.waitLock': { per: 'machine', linux: 'device_hotplug_lock.wait_lock' },
  'global.addRemoveLock.waitLock': { per: 'machine', linux: 'cpu_add_remove_lock.wait_lock' },
  'global.stateMutex.waitLock': { per: 'machine', linux: 'cpuhp_state_mutex.wait_lock' },
  'global.stopCpusMutex.waitLock': { per: 'machine', linux: 'stop_cpus_mutex.wait_lock' },
  'global.smpbootMutex.waitLock': { per: 'machine', linux: 'smpboot_threads_lock.wait_lock' },
  'global.hotplugLock.waiters.lock': { per: 'machine', linux: 'cpu_hotplug_lock.waiters.lock' },
  'global.threadgroupLock.waiters.lock': { per: 'machine', linux: 'cgroup_threadgroup_rwsem.waiters.lock' },
  'cgroup_root.cgroupMutex.waitLock': { per: 'machine', linux: 'cgroup_mutex.wait_lock' },
  'cgroup_root.cpusetMutex.waitLock': { per: 'machine', linux: 'cpuset_rwsem.waiters.lock' },
  'cgroup_root.cssSetLock': { per: 'machine', linux: 'css_set_lock' },
  'cgroup_root.callbackLock': { per: 'machine', linux: 'callback_lock' },
  'timer_wheel.lock': { per: 'CPU', linux: 'timer_base->lock' },
  'global.taskletKillers.lock': { per: 'machine', linux: 'wait_queue_head->lock of tasklet_unlock_wait' },
  'kvm.lock': { per: 'machine', linux: 'kvm_count_lock' },
  'loads.lock.waiters.lock': { per: 'machine', linux: 'a percpu_rw_semaphore of a test module, ->waiters.lock' },
  'global.stopDone.completion.lock': { per: 'machine', linux: 'cpu_stop_done->completion.wait.lock' },
  'mm_pool.lock': { per: 'machine', linux: 'mm_cachep->node->list_lock' },
  'rcu.lock': { per: 'machine', linux: 'the root rcu_node->lock, as it guards rcu_state.gp_seq' },
  'rcu.expMutex.waitLock': { per: 'machine', linux: 'rcu_state.exp_mutex.wait_lock' },
  'rcu.expDone.lock': { per: 'machine', linux: 'rcu_state.expedited_wq.lock' },
  'rcu.barrierMutex.waitLock': { per: 'machine', linux: 'rcu_state.barrier_mutex.wait_lock' },
  'rcu.barrierDone.lock': { per: 'machine', linux: 'rcu_state.barrier_completion.wait.lock' },
  'rcu.barrierLock': { per: 'machine', linux: 'rcu_state.barrier_lock' },
  'rcu_torture.lock': { per: 'machine', linux: 'rcu_torture_lock' },
  'rcu_node.lock': { per: 'node', linux: 'rcu_node->lock of the leaves' },
}

function countLocks(layout: Layout): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of layout.locks().keys()) {
    const kind = name.replace(/\[\d+\]/, '')
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

test.each([2, 4, 64])(
  'a machine of %i CPUs has one lock for each CPU or object, and none that Linux has not',
  (cpus) => {
    const layout = new Layout({ cpus, tasks: 100, workers: 1, traceRecords: 16, scratch: 0, user: 0 })
    const instances = {
      machine: 1,
      CPU: cpus,
      task: layout.taskCount,
      bucket: FUTEX_BUCKETS,
      pool: cpus + 1,
      group: LIMITS.groups,
      workqueue: LIMITS.workqueues,
      node: Math.ceil(cpus / RCU_FANOUT),
    }
    const expected = Object.entries(LOCKS).map(([name, { per }]) => [name, instances[per]])
    expect(countLocks(layout)).toEqual(Object.fromEntries(expected))
  },
)

test('no two locks share a word', () => {
  const layout = new Layout({ cpus: 4, tasks: 10, workers: 1, traceRecords: 16, scratch: 0, user: 0 })
  const addresses = [...layout.locks().values()]
  expect(new Set(addresses).size).toBe(addresses.length)
})
