// The host's port: how requests come into the machine, and how answers leave it.
//
//   host                                      machine
//   fill a free slot; status = posted         port interrupt on portCpu:
//   set the slot's bit in portPosted            take all posted bits (exchange), wake those slots' requesters
//   interrupt portCpu; has portCpu changed?   requester: status posted -> taken; carry out; result
//     then interrupt the new one too            status = done (release), ring the host's bell
//
// A requester is the process that makes the system call: an ordinary task, which may sleep while its CPU goes down.
import { ERRNO } from '../base/errno.js'
import { NS_PER_MS, NS_PER_US } from '../base/time.js'
import { beginControl, CONTROL, type Control, storeControl } from '../hotplug/control.js'
import { cpusReadReady, cpusReadUnlock } from '../hotplug/locks.js'
import { addInstance, removeInstance, removeState, setupState } from '../hotplug/setup.js'
import { storeSmtControl } from '../hotplug/smt-control.js'
import { suspend } from '../hotplug/suspend.js'
import { firstOnline } from '../hotplug/updown.js'
import { wakeUpProcess } from '../kthread/kthread.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { GLOBAL, PORT_SLOT, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { hasBit, loadBit } from '../ops/mask.js'
import { acquire, full, type Kernel, relaxed, release } from '../ops/operation.js'
import { killProcess, setProcessAffinity, spawnProcess } from '../process/process.js'
import { schedCreateGroup, schedDestroyGroup, setBandwidth } from '../sched/bandwidth.js'
import { setCurrentState } from '../sched/core.js'
import { FLAG, initTask, nextPid, POLICY, RESTART, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { stopMachine } from '../stop/stop-machine.js'
import { completionReady } from '../sync/completion.js'
import { prepareToSleep } from '../time/sleep.js'
import { EVENT, MARK } from '../trace/events.js'
import { beginCgroup, CGROUP_REQUEST, cgroupRequest } from './cgroup.js'
import { setDeviceUp, writeIrqAffinity } from './devices.js'
import { kthreadRun, kthreadStop } from './kthreads.js'

export const SLOT_STATUS = { free: 0, posted: 1, taken: 2, done: 3 } as const

/** Kinds of requests, besides those of cgroup.ts; a write to a control file is its CONTROL number. `argument` words in their order. */
export const REQUEST = {
  ...CONTROL,
  ...CGROUP_REQUEST,
  /** function, its two arguments: runs as a kernel thread on `cpu` (-1: anywhere); result: what it returned */
  run: 10,
  /** state, startup, teardown, multi, invoke; text: name */
  addState: 11,
  /** state, invoke */
  removeState: 12,
  /** state, invoke */
  addInstance: 13,
  /** state, id, invoke */
  removeInstance: 14,
  /** process, index of its group, 1: its mask has been asked for; starts its tasks */
  spawn: 20,
  /** process: ends its tasks */
  kill: 21,
  /** process: allows its tasks the CPUs of its mask */
  setAffinity: 22,
  /** milliseconds, and nanoseconds besides: answers after that time */
  sleep: 23,
  /** stops all CPUs while the host looks at the machine */
  freeze: 24,
  /** level (LEVELS): suspends and resumes */
  suspend: 25,
  /** irq, 1: text is a list of CPUs, 0: a mask; text: where it may go */
  irqAffinity: 26,
  /** device, 1: its driver takes what it brings, 0: no more */
  deviceUp: 27,
  /** kernel thread: starts it as it is described */
  kthreadRun: 40,
  /** kernel thread: has it end, and waits until it has */
  kthreadStop: 41,
  /** makes a task group; result: its number */
  createGroup: 42,
  /** task group: takes it away */
  destroyGroup: 43,
  /** task group, quota and period in us: limits it; a quota of 0: no more */
  setBandwidth: 44,
} as const

/** Makes the requesters, asleep until there is something to do. */
export function formatPort(memory: Memory): void {
  for (let index = 0; index < LIMITS.portSlots; index++) {
    const description = {
      comm: `requester/${index}`,
      pid: nextPid(memory),
      cpu: 0,
      flags: 0,
      policy: POLICY.normal,
      entry: FN.requester,
      argument: index,
    }
    initTask(memory, memory.requesterTask(index), description, STATE.interruptible)
  }
}

/** The device interrupt: wakes the requesters of posted slots. */
export function* portInterrupt(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  for (let w = 0; w < LIMITS.portSlots / 32; w++) {
    const posted = memory.global + GLOBAL.portPosted + w
    for (let rest = yield cpu.exchange(posted, 0, full, 'port_interrupt'); rest !== 0; rest &= rest - 1) {
      const index = w * 32 + (31 - Math.clz32(rest & -rest))
      yield* tryToWakeUp(cpu, memory.requesterTask(index), STATE.interruptible)
    }
  }
}

const PHASE = { waiting: 0, begin: 1, carryOut: 2, reading: 3, running: 4 } as const

/** A requester: one request after the other from its slot. */
export function* requester(cpu: Cpu, task: number, index: number): Kernel<number> {
  const { memory } = cpu
  const slot = memory.slot(index)
  const phase = task + TASK.phase
  for (;;) {
    if (memory.get(phase) === PHASE.waiting) {
      yield setCurrentState(cpu, STATE.interruptible, 'requester:wait')
      if ((yield cpu.load(slot + PORT_SLOT.status, full, 'requester:look')) !== SLOT_STATUS.posted) return RESTART
      yield setCurrentState(cpu, STATE.running, 'requester:take')
      yield cpu.store(slot + PORT_SLOT.status, SLOT_STATUS.taken, relaxed, 'requester:take')
      memory.set(phase, PHASE.begin)
    }
    const result = yield* carryOut(cpu, index, slot)
    if (result === RESTART) return RESTART
    memory.set(slot + PORT_SLOT.result, result)
    memory.set(phase, PHASE.waiting)
    yield cpu.store(slot + PORT_SLOT.status, SLOT_STATUS.done, release, 'requester:done')
    yield cpu.notifyHost('requester')
  }
}

function* carryOut(cpu: Cpu, index: number, slot: number): Kernel<number> {
  const { memory } = cpu
  const kind = memory.get(slot + PORT_SLOT.kind)
  if (kind === REQUEST.run) return yield* carryOutRun(cpu, index, slot)
  if (kind >= CGROUP_REQUEST.mkdir) return yield* carryOutCgroup(cpu, kind, slot)
  if (kind >= REQUEST.spawn) return yield* carryOutProcess(cpu, kind, slot)
  if (kind >= REQUEST.addState) return yield* carryOutSetup(cpu, kind, slot)
  const phase = cpu.task + TASK.phase
  if (memory.get(phase) === PHASE.begin) {
    cpu.trace(EVENT.cpuhp_mark, memory.get(slot + PORT_SLOT.cpu), MARK.ask, 0)
    beginControl(cpu)
    memory.set(phase, PHASE.carryOut)
  }
  if (kind === REQUEST.smt) return yield* storeSmtControl(cpu, memory.getText(slot + PORT_SLOT.text, 32))
  const rules = { stateControl: memory.get(memory.global + GLOBAL.stateControl) === 1 }
  const text = memory.getText(slot + PORT_SLOT.text, 32)
  return yield* storeControl(cpu, kind as Control, memory.get(slot + PORT_SLOT.cpu), text, rules)
}

function* carryOutCgroup(cpu: Cpu, kind: number, slot: number): Kernel<number> {
  const phase = cpu.task + TASK.phase
  if (cpu.memory.get(phase) === PHASE.begin) {
    beginCgroup(cpu)
    cpu.memory.set(phase, PHASE.carryOut)
  }
  return yield* cgroupRequest(cpu, kind, slot)
}

function* carryOutSetup(cpu: Cpu, kind: number, slot: number): Kernel<number> {
  const { memory } = cpu
  if (!(yield* cpusReadReady(cpu))) return RESTART
  const argument = (n: number): number => memory.get(slot + PORT_SLOT.argument + n)
  let result: number
  if (kind === REQUEST.addState) {
    const [state, startup, teardown] = [argument(0), argument(1), argument(2)]
    const name = memory.getText(slot + PORT_SLOT.text, 32)
    const setup = { state, name, startup, teardown, multi: argument(3) === 1, invoke: argument(4) === 1 }
    result = yield* setupState(cpu, setup)
  } else if (kind === REQUEST.removeState) {
    result = yield* removeState(cpu, argument(0), argument(1) === 1)
  } else if (kind === REQUEST.addInstance) {
    result = yield* addInstance(cpu, argument(0), argument(1) === 1)
  } else {
    result = yield* removeInstance(cpu, argument(0), argument(1), argument(2) === 1)
  }
  yield* cpusReadUnlock(cpu)
  return result
}

function* carryOutProcess(cpu: Cpu, kind: number, slot: number): Kernel<number> {
  const { memory } = cpu
  const first = memory.get(slot + PORT_SLOT.argument)
  const second = memory.get(slot + PORT_SLOT.argument + 1)
  switch (kind) {
    case REQUEST.spawn:
      return yield* spawnProcess(cpu, first, memory.cgroup(second), memory.get(slot + PORT_SLOT.argument + 2) === 1)
    case REQUEST.kill:
      return yield* killProcess(cpu, first)
    case REQUEST.setAffinity:
      return yield* setProcessAffinity(cpu, first)
    case REQUEST.sleep:
      return yield* sleepFor(cpu, first * NS_PER_MS + second)
    case REQUEST.kthreadRun:
      return yield* kthreadRun(cpu, first)
    case REQUEST.kthreadStop:
      return yield* kthreadStop(cpu, first)
    case REQUEST.createGroup:
      return (yield* schedCreateGroup(cpu)) || -ERRNO.ENOSPC
    case REQUEST.destroyGroup:
      yield* schedDestroyGroup(cpu, first)
      return 0
    case REQUEST.setBandwidth:
      return yield* limitGroup(cpu, slot)
    case REQUEST.suspend:
      return yield* suspend(cpu, first)
    case REQUEST.irqAffinity:
      return yield* writeIrqAffinity(cpu, slot)
    case REQUEST.deviceUp:
      return yield* setDeviceUp(cpu, first, cpu.memory.get(slot + PORT_SLOT.argument + 1))
    default:
      return yield* freeze(cpu)
  }
}

/** Sleeps for a time; wakeups before it is over are none for it. */
function* sleepFor(cpu: Cpu, ns: number): Kernel<number> {
  const { memory, task } = cpu
  const now = yield cpu.clock('sleep:now')
  if (memory.get(task + TASK.phase) === PHASE.begin) {
    memory.setTime(task + TASK.callTime, now + ns)
    memory.set(task + TASK.phase, PHASE.running)
  }
  const left = memory.getTime(task + TASK.callTime) - now
  if (left <= 0) return 0
  yield* prepareToSleep(cpu, left)
  return RESTART
}

/** Limits a task group, with no CPU going or coming meanwhile. */
function* limitGroup(cpu: Cpu, slot: number): Kernel<number> {
  const { memory } = cpu
  if (!(yield* cpusReadReady(cpu))) return RESTART
  const argument = (n: number): number => memory.get(slot + PORT_SLOT.argument + n)
  yield* setBandwidth(cpu, argument(0), argument(1) * NS_PER_US, argument(2) * NS_PER_US)
  yield* cpusReadUnlock(cpu)
  return 0
}

/** Stops every online CPU, with no hotplug operation under way, until the host has looked at the machine. */
function* freeze(cpu: Cpu): Kernel<number> {
  if (!(yield* cpusReadReady(cpu))) return RESTART
  const result = yield* stopMachine(cpu, FN.freeze_for_host, 0, firstOnline(cpu))
  yield* cpusReadUnlock(cpu)
  return result
}

/** In the lockstep of stop_machine, on one CPU: tells the host, and waits until it has looked. */
export function* freezeForHost(cpu: Cpu): Kernel<number> {
  const frozen = cpu.memory.global + GLOBAL.frozen
  yield cpu.store(frozen, 1, full, 'freeze')
  yield cpu.notifyHost('freeze')
  yield cpu.waitUntil(frozen, 0, 'freeze:wait')
  return 0
}

/** Starts the slot's runner on the CPU that was asked for, and waits for its end. */
function* carryOutRun(cpu: Cpu, index: number, slot: number): Kernel<number> {
  const { memory } = cpu
  const phase = cpu.task + TASK.phase
  const task = memory.runnerTask(index)
  if (memory.get(phase) === PHASE.begin) {
    const wanted = memory.get(slot + PORT_SLOT.cpu)
    if (wanted >= 0 && !hasBit(yield loadBit(cpu, memory.online, wanted, 'run:online'), wanted)) return -ERRNO.ENXIO
    const description = {
      comm: `runner/${index}`,
      pid: (yield cpu.add(memory.global + GLOBAL.nextPid, 1, full, 'run:pid')) + 1,
      cpu: wanted >= 0 ? wanted : cpu.id,
      flags: FLAG.kthread,
      policy: POLICY.normal,
      entry: FN.runner,
      argument: slot,
      startTime: cpu.services.now(),
      ...(wanted >= 0 ? { affinity: [wanted] } : {}),
    }
    initTask(memory, task, description, STATE.uninterruptible)
    cpu.trace(EVENT.sched_process_fork, task, description.pid, 0)
    memory.set(phase, PHASE.running)
    yield* wakeUpProcess(cpu, task)
  }
  if (!(yield* completionReady(cpu, task + TASK.exited))) return RESTART
  // Its struct is used again for the next one: only when it is off its CPU.
  yield cpu.waitUntil(task + TASK.onRunqueue, 0, 'run:off_runqueue')
  yield cpu.waitUntil(task + TASK.onCpu, 0, 'run:off_cpu')
  memory.set(slot + PORT_SLOT.value, memory.get(task + TASK.exitCode))
  return 0
}

/** The body of a runner: the function that was asked for. */
export function* runner(cpu: Cpu, _task: number, slot: number): Kernel<number> {
  const { memory } = cpu
  yield cpu.load(slot + PORT_SLOT.status, acquire, 'runner')
  const fn = cpu.functions.get(memory.get(slot + PORT_SLOT.argument))
  return yield* fn(cpu, memory.get(slot + PORT_SLOT.argument + 1), memory.get(slot + PORT_SLOT.argument + 2))
}
