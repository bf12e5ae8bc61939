// The test of a checker is a mutation that it must catch: each of these breaks one thing in a machine at rest, and that
// one invariant, and no other, must say so.

import { afterEach, describe, expect, test } from 'vitest'
import { CONTROLLER } from '#dist/src/cgroup/groups.js'
import { SMT } from '#dist/src/hotplug/smt.js'
import { checkInvariants, INVARIANTS } from '#dist/src/invariants/check.js'
import { THREADS } from '#dist/src/kthread/smpboot.js'
import type { Machine } from '#dist/src/machine/machine.js'
import { Heap } from '#dist/src/memory/heap.js'
import type { Memory } from '#dist/src/memory/memory.js'
import { CGROUP, CGROUP_MEMBER, CGROUP_ROOT } from '#dist/src/memory/structs/cgroups.js'
import { SOFTIRQ_DATA, TASKLET, TASKLET_HEAD, TIMER, TIMER_WHEEL } from '#dist/src/memory/structs/deferred.js'
import { HRTIMER, HRTIMER_BASE } from '#dist/src/memory/structs/hrtimers.js'
import { KVM, KVM_CPU } from '#dist/src/memory/structs/kvm.js'
import { MM } from '#dist/src/memory/structs/mm.js'
import { RCU_DATA, RCU_NODE, RCU_TASK } from '#dist/src/memory/structs/rcu.js'
import { RCU } from '#dist/src/memory/structs/rcu-state.js'
import { CFS_RQ, TASK_GROUP } from '#dist/src/memory/structs/task-groups.js'
import { POOL_WORKQUEUE, WORK, WORKER, WORKER_POOL } from '#dist/src/memory/structs/workqueues.js'
import {
  CALL_FUNCTION,
  CALL_SINGLE,
  COMPLETION,
  CPUHP,
  GLOBAL,
  INSTANCE,
  MUTEX,
  PERCPU,
  PERCPU_RWSEM,
  PORT_SLOT,
  PROGRAM,
  RUNQUEUE,
  STEP,
  STOPPER,
  TASK,
  TRACE_RECORD,
} from '#dist/src/memory/structs.js'
import { enqueue } from '#dist/src/rcu/callbacks.js'
import { ARRIVAL } from '#dist/src/sched/fair.js'
import { dequeueTask, enqueueTask } from '#dist/src/sched/runqueue.js'
import { POLICY, STATE } from '#dist/src/sched/task.js'
import { appendWork, DATA } from '#dist/src/workqueue/work.js'
import { settle } from '#dist/stress/settle.js'
import { brokenOf, bump, lab, makeCurrent, makeRunnable, spareTask } from '../support/lab.js'
import { IRQ_MUTATIONS } from './irq-broken.js'

type Break = (memory: Memory, machine: Machine) => void | Promise<void>
/** The invariant, what is broken, and how. */
type Mutation = readonly [invariant: string, what: string, mutate: Break]

const { heapChild: child, heapNext: next, heapPrevious: previous, expires: key } = HRTIMER
const armed = new Heap({ child, next, previous, key })

const bit = (cpu: number): number => 1 << cpu
const setMask = (memory: Memory, mask: number, cpu: number): void => memory.set(mask, memory.get(mask) | bit(cpu))
const clearMask = (memory: Memory, mask: number, cpu: number): void => memory.set(mask, memory.get(mask) & ~bit(cpu))
const record = (memory: Memory, cpu: number, field: keyof typeof CPUHP, value: number): void =>
  memory.set(memory.cpuhp(cpu) + (CPUHP[field] as number), value)
const thread = (memory: Memory, cpu: number, kind: keyof typeof THREADS): number =>
  memory.threadTask(cpu, THREADS[kind])

/** The first worker of a CPU's pool, and the task that it is. */
const worker = (memory: Memory, cpu: number): number => memory.worker(cpu)
const kworker = (memory: Memory, cpu: number): number => memory.workerTask(memory.worker(cpu))

/** A work of `events` on a CPU's pool, as it should be: nobody is awake to do it. */
function leaveWork(memory: Memory, cpu: number): void {
  const pool = memory.pool(cpu)
  const work = memory.initTask + TASK.workForCpu
  const place = memory.poolWorkqueue(memory.workqueue(0), pool)
  memory.set(work + WORK.data, place | DATA.queued | DATA.pending)
  appendWork(memory, pool + WORKER_POOL.worklist, work)
  bump(memory, pool + WORKER_POOL.queued)
  bump(memory, place + POOL_WORKQUEUE.active)
  bump(memory, place + POOL_WORKQUEUE.inFlight)
}

/** A callback of RCU that waits on a CPU. */
function leaveCallback(memory: Memory, cpu: number): void {
  enqueue(memory, cpu, memory.initTask + TASK.rcu + RCU_TASK.head)
}

/** A task asleep on the timers of a CPU, as it should be. */
function sleeper(memory: Memory, cpu: number, wakeTime: number, n = 0): number {
  const task = spareTask(memory, cpu, undefined, n)
  fallAsleep(memory, task, cpu, wakeTime)
  return task
}

function fallAsleep(memory: Memory, task: number, cpu: number, wakeTime: number): void {
  const timer = task + TASK.sleepTimer
  memory.set(task + TASK.state, STATE.uninterruptible)
  memory.set(timer + HRTIMER.queued, 1)
  memory.set(timer + HRTIMER.base, cpu + 1)
  memory.setTime(timer + HRTIMER.expires, wakeTime)
  armed.insert(memory, memory.hrtimerBase(cpu) + HRTIMER_BASE.root, timer)
}

/** A tasklet on the list of a CPU; as it should be, where it is the only one, and its state says that it is scheduled. */
function waitingTasklet(memory: Memory, cpu: number, state = 1, other = cpu): void {
  const tasklet = memory.scratch(0)
  memory.set(tasklet + TASKLET.state, state)
  for (const on of new Set([cpu, other])) putTasklet(memory, on, tasklet)
}

function putTasklet(memory: Memory, cpu: number, tasklet: number): void {
  const data = memory.percpu(cpu) + PERCPU.softirq
  memory.set(data + SOFTIRQ_DATA.tasklets + TASKLET_HEAD.head, tasklet)
  memory.set(data + SOFTIRQ_DATA.tasklets + TASKLET_HEAD.tail, tasklet)
  bump(memory, data + SOFTIRQ_DATA.taskletsScheduled)
}

/** A timer in the wheel of a CPU, as it should be where it is in no other. */
function waitingTimer(memory: Memory, cpu: number, other = cpu): number {
  const timer = memory.scratch(0)
  memory.set(timer + TIMER.base, cpu)
  memory.set(timer + TIMER.pending, 1)
  for (const on of new Set([cpu, other])) {
    memory.set(memory.timerWheel(on) + TIMER_WHEEL.timers, timer)
    bump(memory, memory.timerWheel(on) + TIMER_WHEEL.armed)
  }
  return timer
}

/** A FIFO task that nobody else knows of. */
function fifoTask(memory: Memory, cpu: number, n = 0): number {
  const task = spareTask(memory, cpu, undefined, n)
  memory.set(task + TASK.policy, POLICY.fifo)
  memory.set(task + TASK.priority, 10)
  return task
}

/** Makes a group, given CPU 1, where there is only the root. */
function groupOf(m: Memory): number {
  const group = m.cgroup(1)
  m.set(group + CGROUP.used, 1)
  m.set(group + CGROUP.parent, m.cgroup(0))
  m.set(group + CGROUP.cpuset, 1)
  m.set(m.cgroup(0) + CGROUP.subtreeControl, CONTROLLER.cpuset)
  m.set(m.cpusetCpus(group), 2)
  m.set(m.cpusetEffective(group), 2)
  m.set(m.cgroupRoot + CGROUP_ROOT.groups, 1)
  m.set(m.cgroupRoot + CGROUP_ROOT.cpusets, 1)
  return group
}

/** A task of that group, asleep, that may run on CPUs 0 and 1. */
function wideTask(m: Memory): void {
  const task = spareTask(m, 1, [0, 1])
  const first = m.taskIndex(task) - m.taskIndex(m.userTask(0))
  m.set(m.program(0) + PROGRAM.firstTask, first)
  m.set(m.program(0) + PROGRAM.tasks, 1)
  m.set(groupOf(m) + CGROUP.members, m.cgroupMember(0))
  m.set(m.cgroupMember(0) + CGROUP_MEMBER.group, groupOf(m))
}

/** All three CPUs that are online are threads of one core. */
function smtOff(m: Memory): void {
  m.set(m.global + GLOBAL.threadsPerCore, 4)
  m.set(m.global + GLOBAL.smtControl, SMT.off)
}

const MUTATIONS: readonly Mutation[] = [
  ['masks-nest', 'a present CPU is not possible', (m) => clearMask(m, m.possible, 3)],
  ['siblings-follow-smt', 'a second thread is online while SMT is off', (m) => smtOff(m)],
  ['cgroups-sound', 'a group lacks the cpuset that is passed on', (m) => m.set(groupOf(m) + CGROUP.cpuset, 0)],
  ['cgroups-sound', 'a group is forgotten in the count', (m) => bump(m, m.cgroupRoot + CGROUP_ROOT.groups)],
  ['cgroups-sound', 'a group is below one that is gone', (m) => m.set(groupOf(m) + CGROUP.parent, m.cgroup(5))],
  [
    'cgroup-members',
    'a process is on the list of a group without knowing',
    (m) => m.set(groupOf(m) + CGROUP.members, m.cgroupMember(0)),
  ],
  [
    'cgroup-members',
    'a process knows of a group that does not',
    (m) => m.set(m.cgroupMember(0) + CGROUP_MEMBER.group, groupOf(m)),
  ],
  ['cpusets-follow', 'the root has a CPU that is not active', (m) => bump(m, m.cpusetEffective(m.cgroup(0)), 8)],
  ['cpusets-follow', 'a group has a CPU that it was not given', (m) => bump(m, m.cpusetEffective(groupOf(m)), 4)],
  ['tasks-in-cpusets', 'a task is allowed more than its cpuset has', (m) => wideTask(m)],
  ['domain-spans', 'a dead CPU is in the domain', (m) => bump(m, m.domain, 8)],
  ['domain-spans', 'an active CPU is not', (m) => bump(m, m.domain, -2)],
  ['masks-counted', 'one more CPU is counted as online', (m) => bump(m, m.global + GLOBAL.onlineCount)],
  ['masks-counted', 'one fewer is counted as active', (m) => bump(m, m.global + GLOBAL.activeCount, -1)],
  ['device-interrupts-online', 'the port belongs to a dead CPU', (m) => m.set(m.global + GLOBAL.portCpu, 3)],

  [
    'states-agree-with-masks',
    'a CPU rests in the DYING section',
    (m) => {
      record(m, 3, 'state', 120)
      record(m, 3, 'target', 120)
    },
  ],
  [
    'states-agree-with-masks',
    'an online CPU is in a PREPARE state',
    async (m, machine) => {
      await machine.write('cpu1/hotplug/target', 155)
      await settle(machine)
      // Its threads are where they are in state 155: of those, only what belongs to an offline CPU is out of place too.
      record(m, 1, 'state', 153)
      record(m, 1, 'target', 153)
      for (const kind of ['cpuhp', 'migration'] as const) {
        m.set(thread(m, 1, kind) + TASK.threadFlags, 2)
        m.set(thread(m, 1, kind) + TASK.state, STATE.parked)
      }
    },
  ],
  [
    'states-agree-with-masks',
    'a CPU is up to its last state and not active',
    (m) => {
      clearMask(m, m.active, 1)
      bump(m, m.global + GLOBAL.activeCount, -1)
      // What goes by the active CPUs goes along.
      clearMask(m, m.domain, 1)
      clearMask(m, m.cpusetEffective(m.cgroup(0)), 1)
    },
  ],
  [
    'virtualisation-enabled',
    'it is on, and there is no virtual machine',
    (m) => m.set(m.kvmCpu(1) + KVM_CPU.enabled, 1),
  ],
  [
    'virtualisation-enabled',
    'there is a virtual machine, and it is off on an online CPU',
    (m) => {
      m.set(m.kvm + KVM.usage, 1)
      for (const cpu of [0, 1]) m.set(m.kvmCpu(cpu) + KVM_CPU.enabled, 1)
    },
  ],
  [
    'vcpus-loaded-once',
    'a virtual CPU runs where it is not loaded',
    (m) => m.set(m.kvmCpu(1) + KVM_CPU.running, m.vcpu(0)),
  ],
  ['states-agree-with-masks', 'a CPU that is fully up is dying', (m) => setMask(m, m.dying, 1)],
  ['targets-reached', 'a CPU has stopped short of its target', (m) => record(m, 1, 'target', 200)],
  ['targets-reached', 'an offline CPU is on its way up', (m) => record(m, 3, 'target', 236)],
  ['records-at-rest', 'cpuhp/1 is still to run', (m) => record(m, 1, 'shouldRun', 1)],
  ['records-at-rest', 'a single call is left over', (m) => record(m, 1, 'single', 1)],
  ['records-at-rest', 'an instance is left over', (m) => record(m, 1, 'node', m.instance(0))],
  ['records-at-rest', 'a flag is neither 0 nor 1', (m) => record(m, 1, 'rollback', 2)],
  ['records-at-rest', 'a result is no error number', (m) => record(m, 1, 'result', 11)],
  ['records-at-rest', 'a state is to fail that must not', (m) => record(m, 1, 'fail', 120)],
  ['records-at-rest', 'a rollback is to end at an instance', (m) => record(m, 1, 'last', m.instance(0))],
  ['records-at-rest', 'doneUp is completed twice', (m) => bump(m, m.cpuhp(1) + CPUHP.doneUp + COMPLETION.done)],
  ['power-follows-masks', 'a dead CPU has power', (m) => m.set(m.percpu(3) + PERCPU.power, 1)],
  ['power-follows-masks', 'an online CPU has none', (m) => m.set(m.percpu(1) + PERCPU.power, 0)],
  ['power-follows-masks', 'an online CPU has played dead', (m) => m.set(m.percpu(1) + PERCPU.dead, 1)],
  ['device-flags', "the boot CPU's device is offline", (m) => record(m, 0, 'deviceOffline', 1)],
  ['device-flags', 'a flag is neither 0 nor 1', (m) => record(m, 1, 'deviceOffline', 7)],

  [
    'no-hung-tasks',
    'a sleeper is a minute overdue',
    (m) => {
      sleeper(m, 1, 1e9)
      m.setTime(m.idleTask(1) + TASK.execStart, 61e9)
    },
  ],
  ['runqueues-sound', 'a task more is counted', (m) => bump(m, m.runqueue(1) + RUNQUEUE.running)],
  ['runqueues-sound', 'a user task more is counted', (m) => bump(m, m.runqueue(1) + RUNQUEUE.loads)],
  ['runqueues-sound', 'the bit of an empty level is set', (m) => m.set(m.runqueue(1) + RUNQUEUE.levelBits, 32)],
  ['runqueues-sound', 'an empty list has an end', (m) => m.set(m.runqueue(1) + RUNQUEUE.levelTail + 5, m.initTask)],
  [
    'runqueues-sound',
    'a list runs in a circle',
    (m) => {
      const task = fifoTask(m, 1)
      makeRunnable(m, task)
      m.set(task + TASK.runNext, task)
    },
  ],
  [
    'runqueues-sound',
    'a task is linked forth and not back',
    (m) => {
      const tasks = [0, 1].map((n) => fifoTask(m, 1, n))
      for (const task of tasks) makeRunnable(m, task)
      m.set(tasks[1]! + TASK.runPrevious, 0)
    },
  ],
  ['runqueues-sound', 'a FIFO task more is counted', (m) => bump(m, m.runqueue(1) + RUNQUEUE.realtimeCount)],
  ['runqueues-sound', 'a fair task more is counted', (m) => bump(m, m.runqueue(1) + RUNQUEUE.fairCount)],
  ['runqueues-sound', 'a runqueue has load without tasks', (m) => bump(m, m.runqueue(1) + RUNQUEUE.fairLoad, 1024)],
  [
    'runqueues-sound',
    'a task comes before one that has run less',
    (m) => {
      const tasks = [0, 1].map((n) => spareTask(m, 1, undefined, n))
      for (const task of tasks) makeRunnable(m, task)
      const root = m.get(m.runqueue(1) + RUNQUEUE.fairRoot)
      m.setTime(root + TASK.vruntime, 1e12)
    },
  ],
  [
    'runqueues-sound',
    'a heap runs in a circle',
    (m) => {
      const task = spareTask(m, 1)
      makeRunnable(m, task)
      m.set(task + TASK.heapChild, task)
    },
  ],
  [
    'runqueues-sound',
    'a task is the fair one that runs on an idle CPU',
    (m) => {
      const task = spareTask(m, 1)
      makeRunnable(m, task)
      m.set(m.runqueue(1) + RUNQUEUE.fairRoot, 0)
      m.set(m.runqueue(1) + RUNQUEUE.fairCurrent, task)
    },
  ],
  [
    'runqueues-sound',
    "a runqueue has another CPU's idle task",
    (m) => m.set(m.runqueue(1) + RUNQUEUE.idle, m.idleTask(2)),
  ],
  [
    'tasks-in-one-place',
    'a task is on two runqueues',
    (m) => {
      const task = spareTask(m, 1)
      makeRunnable(m, task)
      m.set(task + TASK.onRunqueue, 0)
      enqueueTask(m, 2, task, ARRIVAL.moved)
      m.set(task + TASK.onRunqueue, 1)
    },
  ],
  [
    'tasks-in-one-place',
    'a runnable task falls off its runqueue',
    (m) => {
      const task = spareTask(m, 1)
      makeRunnable(m, task)
      dequeueTask(m, m.runqueue(1), task)
    },
  ],
  ['tasks-in-one-place', 'a task is runnable nowhere', (m) => m.set(spareTask(m, 1) + TASK.state, STATE.running)],
  [
    'tasks-in-one-place',
    'a task is queued on one CPU and belongs to another',
    (m) => {
      const task = spareTask(m, 1)
      makeRunnable(m, task)
      m.set(task + TASK.cpu, 2)
    },
  ],
  [
    'tasks-in-one-place',
    'a dead task is still to run',
    (m) => {
      const task = spareTask(m, 1)
      makeRunnable(m, task)
      m.set(task + TASK.state, STATE.dead)
    },
  ],
  ['tasks-in-one-place', 'a task is in a state that there is not', (m) => m.set(spareTask(m, 1) + TASK.state, 5)],
  ['current-tasks', 'the runqueue and the CPU disagree on who runs', (m) => makeCurrent(m, 1, kworker(m, 1))],
  ['current-tasks', 'a sleeping task is on a CPU', (m) => m.set(kworker(m, 1) + TASK.onCpu, 1)],
  ['current-tasks', 'the task that runs is on no CPU', (m) => m.set(m.idleTask(1) + TASK.onCpu, 0)],
  [
    'current-tasks',
    'a dead CPU runs a thread',
    (m) => {
      const task = kworker(m, 3)
      makeCurrent(m, 3, task)
      m.set(m.percpu(3) + PERCPU.current, task)
      m.set(task + TASK.onCpu, 1)
      m.set(m.idleTask(3) + TASK.onCpu, 0)
    },
  ],
  [
    'current-tasks',
    'a task runs on two CPUs',
    (m) => {
      makeCurrent(m, 1, m.idleTask(2))
      m.set(m.percpu(1) + PERCPU.current, m.idleTask(2))
      m.set(m.idleTask(1) + TASK.onCpu, 0)
    },
  ],
  ['tasks-where-allowed', 'a task is left on a dead CPU', (m) => makeRunnable(m, spareTask(m, 3))],
  ['tasks-where-allowed', 'a task runs where it may not', (m) => makeRunnable(m, spareTask(m, 1, [2]))],
  [
    'tasks-where-allowed',
    'a user task is left on a CPU that has been vacated',
    async (m, machine) => {
      // Up to a state where it can't stop, a CPU comes to 154: online, below sched:waitempty.
      await machine.write('cpu3/hotplug/target', 94)
      await settle(machine)
      makeRunnable(m, spareTask(m, 3))
    },
  ],
  ['pinned-tasks-counted', 'a task more is counted', (m) => bump(m, m.runqueue(1) + RUNQUEUE.pinned)],
  ['pinned-tasks-counted', 'a task is not counted', (m) => m.set(spareTask(m, 1) + TASK.pinned, 1)],
  ['sleepers-can-wake', 'a wakeup was lost', (m) => m.set(spareTask(m, 1) + TASK.state, STATE.uninterruptible)],
  ['runqueues-open', 'an active CPU pushes', (m) => m.set(m.runqueue(1) + RUNQUEUE.balanceCallback, 1)],
  ['runqueues-open', "an active CPU's runqueue is offline", (m) => m.set(m.runqueue(1) + RUNQUEUE.online, 0)],
  ['runqueues-open', 'cpuhp/1 still waits', (m) => m.set(m.runqueue(1) + RUNQUEUE.hotplugWait, thread(m, 1, 'cpuhp'))],
  ['runqueues-open', "a dead CPU's runqueue is online", (m) => m.set(m.runqueue(3) + RUNQUEUE.online, 1)],

  ['threads-bound', 'a thread may run elsewhere too', (m) => setMask(m, m.affinity(thread(m, 1, 'ksoftirqd')), 2)],
  ['threads-bound', 'a thread has moved', (m) => m.set(thread(m, 1, 'ksoftirqd') + TASK.cpu, 2)],
  [
    'threads-bound',
    'a thread is not marked as bound',
    (m) => {
      m.set(thread(m, 1, 'ksoftirqd') + TASK.flags, 1)
      // It has frames there.
      bump(m, m.runqueue(1) + RUNQUEUE.pinned)
    },
  ],
  [
    'threads-bound',
    "a CPU has another's thread",
    (m) => m.set(m.percpu(1) + PERCPU.threads + THREADS.ksoftirqd, thread(m, 2, 'ksoftirqd')),
  ],
  [
    'threads-parked',
    'ksoftirqd of a dead CPU is not parked',
    (m) => {
      m.set(thread(m, 3, 'ksoftirqd') + TASK.threadFlags, 0)
      m.set(thread(m, 3, 'ksoftirqd') + TASK.state, STATE.interruptible)
    },
  ],
  [
    'threads-parked',
    'cpuhp of an online CPU is parked',
    (m) => {
      m.set(thread(m, 1, 'cpuhp') + TASK.threadFlags, 2)
      m.set(thread(m, 1, 'cpuhp') + TASK.state, STATE.parked)
    },
  ],
  [
    'threads-parked',
    'a thread was asked to park and has not',
    (m) => m.set(thread(m, 1, 'ksoftirqd') + TASK.threadFlags, 2),
  ],

  [
    'stoppers-empty',
    'a dead CPU has stopper work',
    (m) => m.set(m.stopper(3) + STOPPER.head, m.initTask + TASK.stopWork),
  ],
  ['stoppers-empty', 'a stop_machine has not ended', (m) => m.set(m.global + GLOBAL.stopInProgress, 1)],
  ['stoppers-enabled', 'the stopper of a dead CPU takes work', (m) => m.set(m.stopper(3) + STOPPER.enabled, 1)],
  ['stoppers-enabled', 'the stopper of an online CPU takes none', (m) => m.set(m.stopper(1) + STOPPER.enabled, 0)],
  ['calls-run-once', 'a call was lost', (m) => bump(m, m.percpu(1) + PERCPU.callsSent)],
  ['calls-run-once', 'a call was run twice', (m) => bump(m, m.percpu(2) + PERCPU.callsRun)],
  [
    'call-queues-empty',
    'a call is queued on a dead CPU',
    (m) => m.set(m.percpu(3) + PERCPU.callQueue, m.percpu(1) + PERCPU.call),
  ],
  ['call-queues-empty', "a dead CPU has a sender's call to run", (m) => setMask(m, m.callSenders(3), 1)],
  ['call-queues-empty', "a CPU's call is in use", (m) => m.set(m.percpu(1) + PERCPU.call + CALL_SINGLE.busy, 1)],
  [
    'call-queues-empty',
    'a call to many has not been run by all',
    (m) => m.set(m.percpu(1) + PERCPU.callFunction + CALL_FUNCTION.remaining, 1),
  ],
  [
    'call-queues-empty',
    "a task's call is in use",
    (m) => m.set(thread(m, 1, 'cpuhp') + TASK.call + CALL_SINGLE.busy, 1),
  ],
  ['rcu-waits-for-online', 'a CPU is not waited for', (m) => m.set(m.rcuNode(0) + RCU_NODE.online, 0b1101)],
  ['rcu-waits-for-online', 'a CPU that is gone is waited for', (m) => m.set(m.rcuNode(0) + RCU_NODE.online, 0b11111)],
  ['rcu-nodes-sound', 'a grace period waits for one that is gone', (m) => m.set(m.rcuNode(0) + RCU_NODE.expmask, 16)],
  ['rcu-nodes-sound', 'a reader is counted that is not there', (m) => m.set(m.rcuNode(0) + RCU_NODE.gpTasks, 1)],
  ['grace-periods-over', 'a grace period does not end', (m) => m.set(m.rcu + RCU.expSequence, 1)],
  ['grace-periods-over', 'a grace period waits for a node', (m) => m.set(m.rcu + RCU.pending, 1)],
  ['grace-periods-over', 'a CPU owes a quiescent state', (m) => m.set(m.rcuData(1) + RCU_DATA.noQs, 1)],
  ['rcu-callbacks-adopted', 'a dead CPU has callbacks', (m) => leaveCallback(m, 3)],
  ['rcu-callbacks-once', 'a callback is lost', (m) => bump(m, m.rcuData(1) + RCU_DATA.queued)],
  ['rcu-callbacks-called', 'a callback is not called', (m) => leaveCallback(m, 1)],
  ['mms-counted', 'an address space is let go once too often', (m) => bump(m, m.layout.mms.base + MM.count, -1)],
  ['read-sides-over', 'a read side is not over', (m) => m.set(m.initTask + TASK.rcu + RCU_TASK.nesting, 1)],
  ['interrupts-taken', 'an interrupt is not taken', (m) => m.set(m.pending(1), 4)],
  ['workers-bound', 'the worker of a dead CPU is bound to it', (m) => m.set(kworker(m, 3) + TASK.flags, 3)],
  ['workers-bound', 'a worker is not marked as bound', (m) => m.set(kworker(m, 1) + TASK.flags, 1)],
  ['workers-bound', 'a worker may run elsewhere too', (m) => setMask(m, m.affinity(kworker(m, 1)), 2)],
  ['workers-bound', 'a worker has not come back', (m) => m.set(worker(m, 1) + WORKER.bound, 0)],
  ['workers-bound', "the pool of a CPU that is up is nobody's", (m) => m.set(m.pool(0) + WORKER_POOL.flags, 4)],
  ['workers-counted', 'a worker runs that is asleep', (m) => bump(m, m.pool(1) + WORKER_POOL.running)],
  ['workers-counted', 'a worker more is counted', (m) => bump(m, m.unboundPool + WORKER_POOL.workerCount)],
  ['workers-counted', 'an idle worker is not on its list', (m) => m.set(m.pool(3) + WORKER_POOL.idle, 0)],
  ['work-done-once', 'a work was lost', (m) => bump(m, m.pool(1) + WORKER_POOL.queued)],
  ['work-done-once', 'a work was done twice', (m) => bump(m, m.pool(2) + WORKER_POOL.done)],
  [
    'work-done-once',
    'a workqueue waits for a work that there is not',
    (m) => bump(m, m.poolWorkqueue(m.workqueue(0), m.pool(1)) + POOL_WORKQUEUE.inFlight),
  ],
  ['work-attended', 'the worker of a dead CPU was not woken', (m) => leaveWork(m, 3)],
  [
    'worker-pools-empty',
    'somebody waits for work that has been done',
    (m) => m.set(worker(m, 3) + WORKER.barriers, m.initTask + TASK.barrier),
  ],
  ['requests-answered', 'a request has no answer', (m) => m.set(m.slot(5) + PORT_SLOT.status, 2)],
  ['requests-answered', 'a request is overlooked', (m) => m.set(m.global + GLOBAL.portPosted, 1 << 5)],
  ['requests-answered', 'a requester is half way through', (m) => m.set(m.requesterTask(5) + TASK.phase, 2)],

  ['spinlocks-free', 'a runqueue is locked', (m) => m.set(m.runqueue(3) + RUNQUEUE.lock, 1)],
  [
    'spinlocks-free',
    "a completion inside a task's work is locked",
    (m) => m.set(m.initTask + TASK.exited + COMPLETION.lock, 1),
  ],
  [
    'mutexes-free',
    'cpu_add_remove_lock is held',
    (m) => m.set(m.global + GLOBAL.addRemoveLock + MUTEX.owner, m.requesterTask(0)),
  ],
  [
    'mutexes-free',
    'a mutex was handed over and not taken',
    (m) => m.set(m.requesterTask(0) + TASK.handedMutex, m.global + GLOBAL.stateMutex),
  ],
  [
    'nobody-waits',
    'a task waits for a mutex',
    (m) => m.set(m.global + GLOBAL.addRemoveLock + MUTEX.head, m.requesterTask(0)),
  ],
  [
    'nobody-waits',
    'a wait list has an end and no beginning',
    (m) => m.set(m.cpuhp(1) + CPUHP.doneDown + COMPLETION.tail, m.initTask),
  ],
  [
    'nobody-waits',
    'a task thinks that it waits',
    (m) => m.set(m.requesterTask(0) + TASK.waitsFor, m.cpuhp(1) + CPUHP.doneUp),
  ],
  ['hotplug-lock-free', 'a writer has not left', (m) => m.set(m.global + GLOBAL.hotplugLock + PERCPU_RWSEM.block, 1)],
  ['hotplug-lock-free', 'a reader has not left', (m) => bump(m, m.percpu(1) + PERCPU.hotplugReaders)],
  ['hotplug-lock-free', 'a reader has left twice', (m) => bump(m, m.percpu(3) + PERCPU.hotplugReaders, -1)],
  ['hrtimer-bases-open', 'sleepers are left on a dead CPU', (m) => void sleeper(m, 3, 1e9)],
  [
    'hrtimer-bases-open',
    'a CPU is up, and its timer base is not',
    (m) => m.set(m.hrtimerBase(1) + HRTIMER_BASE.online, 0),
  ],
  [
    'hrtimer-bases-open',
    'a timer base is open without its CPU',
    (m) => m.set(m.hrtimerBase(3) + HRTIMER_BASE.online, 1),
  ],
  [
    'hrtimer-bases-open',
    'the function of a timer never returned',
    (m) => m.set(m.hrtimerBase(1) + HRTIMER_BASE.running, m.initTask + TASK.sleepTimer),
  ],
  [
    'hrtimers-sound',
    'a task whose timer is armed has ended',
    (m) => m.set(sleeper(m, 1, 1e9) + TASK.state, STATE.dead),
  ],
  [
    'hrtimers-sound',
    'timers are out of order',
    (m) => {
      sleeper(m, 1, 1e9, 0)
      m.setTime(sleeper(m, 1, 2e9, 1) + TASK.sleepTimer + HRTIMER.expires, 0.5e9)
    },
  ],
  [
    'hrtimers-sound',
    'a timer is linked forth and not back',
    (m) => {
      sleeper(m, 1, 1e9, 0)
      m.set(sleeper(m, 1, 2e9, 1) + TASK.sleepTimer + HRTIMER.heapPrevious, 0)
    },
  ],
  [
    'hrtimers-sound',
    'a timer has fallen off its base',
    (m) => {
      sleeper(m, 1, 1e9)
      m.set(m.hrtimerBase(1) + HRTIMER_BASE.root, 0)
    },
  ],
  [
    'hrtimers-sound',
    'a timer is on two bases',
    (m) => m.set(m.hrtimerBase(2) + HRTIMER_BASE.root, sleeper(m, 1, 1e9) + TASK.sleepTimer),
  ],
  ['held-tasks-sound', 'a group counts a task that is not there', (m) => bump(m, m.cfsRq(1, 1) + CFS_RQ.count)],
  ['held-tasks-sound', 'a task is held up by nobody', (m) => m.set(spareTask(m, 1) + TASK.held, 1)],
  ['throttled-groups-wake', 'a throttled group is on no list', (m) => m.set(m.cfsRq(1, 1) + CFS_RQ.throttled, 1)],
  ['throttled-groups-wake', 'a period has no timer', (m) => m.set(m.taskGroup(1) + TASK_GROUP.periodActive, 1)],
  ['throttled-groups-wake', 'a group has too much', (m) => m.setTime(m.taskGroup(2) + TASK_GROUP.runtime, 1e9)],
  ['instances-linked-once', 'an instance in use belongs to nobody', (m) => m.set(m.instance(200) + INSTANCE.used, 1)],
  [
    'instances-linked-once',
    'an instance that is linked is free',
    (m) => m.set(m.get(m.step(62) + STEP.instances) + INSTANCE.used, 0),
  ],
  [
    'instances-linked-once',
    'two states share instances',
    (m) => m.set(m.step(159) + STEP.instances, m.get(m.step(62) + STEP.instances)),
  ],
  [
    'instances-linked-once',
    'a list of instances runs in a circle',
    (m) => {
      const first = m.get(m.step(62) + STEP.instances)
      m.set(m.get(first + INSTANCE.next) + INSTANCE.next, first)
    },
  ],
  ['softirqs-served', 'a softirq waits', (m) => m.set(m.percpu(1) + PERCPU.softirq + SOFTIRQ_DATA.pending, 2)],
  [
    'tasklets-run-once',
    'a tasklet was scheduled, and is nowhere',
    (m) => bump(m, m.percpu(1) + PERCPU.softirq + SOFTIRQ_DATA.taskletsScheduled),
  ],
  ['tasklets-run-once', 'a tasklet is on two lists', (m) => waitingTasklet(m, 1, 1, 2)],
  ['tasklets-run-once', 'nobody has scheduled a tasklet that waits', (m) => waitingTasklet(m, 1, 0)],
  ['tasklets-taken-over', 'a dead CPU has a tasklet', (m) => waitingTasklet(m, 3)],
  ['timers-armed-once', 'a timer was armed, and is nowhere', (m) => bump(m, m.timerWheel(1) + TIMER_WHEEL.armed)],
  ['timers-armed-once', 'a timer is in two wheels', (m) => waitingTimer(m, 1, 2)],
  ['timers-armed-once', 'a timer was served, and waits', (m) => m.set(waitingTimer(m, 1) + TIMER.pending, 0)],
  ['timers-armed-once', 'a timer says that it is elsewhere', (m) => m.set(waitingTimer(m, 1) + TIMER.base, 2)],
  ['timers-not-early', 'a timer was served early', (m) => bump(m, m.timerWheel(1) + TIMER_WHEEL.early)],
  ['timers-taken-over', 'a dead CPU has a timer', (m) => waitingTimer(m, 3)],
  ['timekeeper-online', 'a dead CPU keeps the time', (m) => m.set(m.global + GLOBAL.tickDoTimerCpu, 3)],
  [
    'trace-in-order',
    'a ticket was given twice',
    (m) => {
      const [one, other] = [1, 2].map((cpu) => m.traceRecord(cpu, m.get(m.percpu(cpu) + PERCPU.traceHead) - 1))
      const [mine, others] = [one!, other!].map((at) => m.get(at + TRACE_RECORD.ticket))
      // The later of the two tickets is given to the other CPU's last event as well.
      m.set((mine! > others! ? other! : one!) + TRACE_RECORD.ticket, Math.max(mine!, others!))
    },
  ],
  [
    'trace-in-order',
    'an event was overwritten by an older one',
    (m) => m.set(m.traceRecord(1, 5) + TRACE_RECORD.ticket, 0),
  ],
  ['trace-in-order', 'time ran backwards', (m) => m.setTime(m.traceRecord(1, 5) + TRACE_RECORD.time, 0)],
  ['trace-in-order', 'an event is of no kind', (m) => m.set(m.traceRecord(1, 5) + TRACE_RECORD.event, 0)],
]

let machine: Machine | null = null

afterEach(async () => {
  await machine?.shutdown()
  machine = null
})

describe('one invariant, and no other, sees that', () => {
  test.each(MUTATIONS)('%s: %s', async (invariant, _what, mutate) => {
    machine = await lab()
    expect(brokenOf(machine)).toEqual([])
    await mutate(machine.memory, machine)
    expect(brokenOf(machine)).toEqual([invariant])
  })
})

describe('the list of mutations', () => {
  test('breaks every invariant', () => {
    const broken = new Set([...MUTATIONS, ...IRQ_MUTATIONS].map(([invariant]) => invariant))
    expect(INVARIANTS.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([])
  })
})

describe('no invariant objects to', () => {
  test.each<[string, Break]>([
    ['a user task that is runnable', (m) => makeRunnable(m, spareTask(m, 1))],
    [
      'sleepers in order',
      (m) => {
        sleeper(m, 1, 2e9, 0)
        sleeper(m, 1, 1e9, 1)
      },
    ],
    ['a user task that keeps the number of a dead CPU while it sleeps', (m) => void spareTask(m, 3, [3])],
    ['interrupts that a dead CPU never takes', (m) => m.set(m.pending(3), 7)],
    [
      'work whose worker sleeps for a moment, to go on on its own CPU',
      (m) => {
        leaveWork(m, 1)
        fallAsleep(m, kworker(m, 1), 2, 1e9)
      },
    ],
    ['a state that is to fail next', (m) => record(m, 1, 'fail', 200)],
  ])('%s', async (_what, mutate) => {
    machine = await lab()
    await mutate(machine.memory, machine)
    expect(checkInvariants(machine).violations).toEqual([])
  })

  test('CPUs that are not there, and CPUs that have never been up', async () => {
    machine = await lab({ cpus: 8, present: 6, maxcpus: 4 })
    expect(checkInvariants(machine).violations).toEqual([])
  })
})

test('a sleeper is not held overdue for the time in which the host stood still', async () => {
  machine = await lab()
  const { memory } = machine
  sleeper(memory, 1, 1e9)
  memory.setTime(memory.idleTask(1) + TASK.execStart, 61e9)
  const messages = (stalledNs: number): string[] =>
    checkInvariants({ memory, functionName: () => '', stalledSince: (since) => (since <= 1e9 ? stalledNs : 0) })
      .violations.filter(({ invariant }) => invariant === 'no-hung-tasks')
      .map(({ message }) => message)
  expect(messages(50e9)).toEqual([])
  expect(messages(30e9)).toEqual([expect.stringMatching(/should have been woken 30 s ago$/)])
})

test('a CPU that is not present can not be dying', async () => {
  machine = await lab({ cpus: 5, present: 4 })
  setMask(machine.memory, machine.memory.dying, 4)
  expect(brokenOf(machine)).toEqual(['masks-nest'])
})

test('invariants can be left out by name', async () => {
  machine = await lab()
  record(machine.memory, 1, 'target', 200)
  const report = checkInvariants(machine, ['targets-reached'])
  expect(report.violations).toEqual([])
  expect(report.checked.has('targets-reached')).toBe(false)
  expect(report.checked.size).toBe(INVARIANTS.length - 1)
})
