// Taking a CPU down and bringing it up, as seen from the CPU that controls the operation.
import { ERRNO } from '../base/errno.js'
import { irqLockSparse, irqUnlockSparse } from '../irq/desc.js'
import { fixupIrqs } from '../irq/hotplug.js'
import { parkThread, threadOf, unparkThread } from '../kthread/kthread.js'
import { THREADS } from '../kthread/smpboot.js'
import { CPUHP, GLOBAL, PERCPU } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { bitsOf, clearBit, hasBit, loadBit, testBit } from '../ops/mask.js'
import { full, type Kernel, release } from '../ops/operation.js'
import { VECTOR } from '../ops/vectors.js'
import { rcutreeMigrateCallbacks } from '../rcu/hotplug.js'
import { cpusetHooks } from '../sched/cpuset-hooks.js'
import { dropIdleMm } from '../sched/mm.js'
import { stopSoftirqs } from '../softirq/softirq.js'
import { stopMachine } from '../stop/stop-machine.js'
import { stopMachinePark } from '../stop/stopper.js'
import { waitForCompletion } from '../sync/completion.js'
import { tickHandoverDoTimer } from '../time/jiffies.js'
import { EVENT, MARK } from '../trace/events.js'
import { invokeRange, invokeRangeNoFail, resetTarget, setTarget } from './callbacks.js'
import { cpusWriteLock, cpusWriteUnlock } from './locks.js'
import { isSmtAllowed } from './smt.js'
import { CPUHP_STATE } from './states.js'
import { doneOf, kick, kickAp, kickApWork } from './thread.js'

/**
 * Brings a CPU up to `target`. cpu_add_remove_lock is held. Answers 0 or a negative errno: EBUSY while hotplug is disabled,
 * EPERM for the second thread of a core while SMT is off.
 */
export function* cpuUp(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const { memory } = cpu
  if (!testBit(memory, memory.possible, subject)) return -ERRNO.EINVAL
  if (memory.get(memory.global + GLOBAL.hotplugDisabled) !== 0) return -ERRNO.EBUSY
  if (!isSmtAllowed(memory, subject)) return -ERRNO.EPERM
  return yield* bringUp(cpu, subject, target)
}

/** The same, whatever smt/control says. */
export function* bringUp(cpu: Cpu, subject: number, target: number): Kernel<number> {
  yield* cpusWriteLock(cpu)
  cpu.trace(EVENT.cpuhp_mark, subject, MARK.locked, 0)
  const result = yield* cpuUpLocked(cpu, subject, target)
  yield* cpusetHooks.operationOver(cpu)
  yield* cpusWriteUnlock(cpu)
  yield* cpusetHooks.waitForHotplug(cpu)
  return result
}

function* cpuUpLocked(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  if (!testBit(memory, memory.present, subject)) return -ERRNO.EINVAL
  if (memory.get(record + CPUHP.state) >= target) return 0
  yield* setTarget(cpu, subject, target)
  if (memory.get(record + CPUHP.state) > CPUHP_STATE.bringupCpu) {
    const result = yield* kickApWork(cpu, subject)
    if (result !== 0) return result
  }
  return yield* upCallbacks(cpu, subject, Math.min(target, CPUHP_STATE.bringupCpu))
}

function* upCallbacks(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const before = cpu.memory.get(cpu.memory.cpuhp(subject) + CPUHP.state)
  const result = yield* invokeRange(cpu, subject, true, target)
  if (result === 0) return 0
  yield* resetTarget(cpu, subject, before)
  const undone = yield* invokeRange(cpu, subject, false, before)
  cpu.warn(undone !== 0, 'cpuhp_up_callbacks', `CPU ${subject} could not be taken back to ${before}: ${undone}`)
  return result
}

/** Takes a CPU down to `target`, on a CPU other than that. cpu_add_remove_lock is held. Answers 0 or a negative errno. */
export function* cpuDown(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const { memory } = cpu
  if (memory.get(memory.global + GLOBAL.onlineCount) === 1) return -ERRNO.EBUSY
  if (!testBit(memory, memory.present, subject)) return -ERRNO.EINVAL
  yield* cpusWriteLock(cpu)
  cpu.trace(EVENT.cpuhp_mark, subject, MARK.locked, 0)
  const result = yield* cpuDownLocked(cpu, subject, target)
  yield* cpusetHooks.operationOver(cpu)
  yield* cpusWriteUnlock(cpu)
  yield* cpusetHooks.waitForHotplug(cpu)
  return result
}

function* cpuDownLocked(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  const before = yield* setTarget(cpu, subject, target)
  if (memory.get(record + CPUHP.state) > CPUHP_STATE.teardownCpu) {
    // The part that runs on the CPU itself comes first, and ends where the controller's part begins.
    memory.set(record + CPUHP.target, Math.max(target, CPUHP_STATE.teardownCpu))
    const result = yield* kickApWork(cpu, subject)
    if (result !== 0) return result
    if (memory.get(record + CPUHP.state) > CPUHP_STATE.teardownCpu) return 0
    memory.set(record + CPUHP.target, target)
  }
  const result = yield* downCallbacks(cpu, subject, target)
  if (result !== 0 && memory.get(record + CPUHP.state) < before) {
    if (memory.get(record + CPUHP.state) === CPUHP_STATE.teardownCpu) {
      yield* resetTarget(cpu, subject, before)
      yield* kick(cpu, subject)
    } else {
      cpu.warn(true, '_cpu_down', `DEAD callback error for CPU${subject}`)
    }
  }
  return result
}

function* downCallbacks(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const record = cpu.memory.cpuhp(subject)
  const before = cpu.memory.get(record + CPUHP.state)
  const result = yield* invokeRange(cpu, subject, false, target)
  if (result === 0) return 0
  yield* resetTarget(cpu, subject, before)
  if (cpu.memory.get(record + CPUHP.state) < before) {
    const undone = yield* invokeRange(cpu, subject, true, before)
    cpu.warn(undone !== 0, 'cpuhp_down_callbacks', `CPU ${subject} could not be brought back to ${before}: ${undone}`)
  }
  return result
}

/** cpu:bringup, on the controlling CPU: powers the CPU on and waits until it has come up as far as it goes by itself. */
export function* bringupCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  // At boot, Linux says it of all of them in one line.
  if (memory.get(memory.global + GLOBAL.booted) === 1) {
    cpu.printk(6, `smpboot: Booting Node 0 Processor ${subject} APIC 0x${subject.toString(16)}`)
  }
  if (!cpu.bugs.has('early-death')) {
    yield cpu.store(memory.percpu(subject) + PERCPU.dead, 0, full, 'bringup_cpu:alive')
  }
  yield* irqLockSparse(cpu)
  yield cpu.store(memory.percpu(subject) + PERCPU.power, 1, release, 'bringup_cpu:power')
  yield* waitForCompletion(cpu, doneOf(cpu, subject, true))
  yield* irqUnlockSparse(cpu)
  if (!hasBit(yield loadBit(cpu, memory.online, subject, 'bringup_wait_for_ap:online'), subject)) {
    cpu.warn(true, 'bringup_wait_for_ap', `CPU ${subject} came up and is not online`)
    return -ERRNO.ECANCELED
  }
  yield* unparkThread(cpu, threadOf(memory, subject, THREADS.cpuhp))
  const target = memory.get(record + CPUHP.target)
  if (target <= CPUHP_STATE.apOnlineIdle) return 0
  return yield* kickAp(cpu, subject, target)
}

/** The teardown of cpu:bringup, on the controlling CPU: what the idle task of a CPU that is dead has borrowed is given back. */
export function* finishCpu(cpu: Cpu, subject: number): Kernel<number> {
  yield* dropIdleMm(cpu, cpu.memory.idleTask(subject))
  return 0
}

/** cpu:teardown, on the controlling CPU: stops all CPUs, has the one leave, and waits until it is dead. */
export function* takedownCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const thread = threadOf(memory, subject, THREADS.cpuhp)
  yield* parkThread(cpu, thread)
  yield* irqLockSparse(cpu)
  const result = yield* stopMachine(cpu, FN.take_cpu_down, subject, subject)
  if (result !== 0) {
    yield* irqUnlockSparse(cpu)
    yield* unparkThread(cpu, thread)
    return result
  }
  yield* waitForCompletion(cpu, doneOf(cpu, subject, false))
  const state = memory.get(memory.cpuhp(subject) + CPUHP.state)
  bugOn(state !== CPUHP_STATE.idleDead, 'takedown_cpu', `CPU ${subject} died in state ${state}`)
  yield* irqUnlockSparse(cpu)
  yield cpu.waitUntil(memory.percpu(subject) + PERCPU.dead, 1, 'takedown_cpu:wait_death')
  cpu.trace(EVENT.cpuhp_mark, subject, MARK.died, 0)
  if (!cpu.bugs.has('M32')) yield* rcutreeMigrateCallbacks(cpu, subject)
  cpu.printk(6, `smpboot: CPU ${subject} is now offline`)
  return 0
}

/** In the lockstep of stop_machine, on the CPU that dies: from here on it is not online. */
export function* takeCpuDown(cpu: Cpu): Kernel<number> {
  const { memory, id } = cpu
  const record = memory.cpuhp(id)
  yield clearBit(cpu, memory.online, id, 'take_cpu_down:online')
  yield cpu.add(memory.global + GLOBAL.onlineCount, -1, full, 'take_cpu_down:count')
  yield* moveInterrupts(cpu)
  yield* fixupIrqs(cpu)
  stopSoftirqs(cpu)
  const state = memory.get(record + CPUHP.state)
  const expected = CPUHP_STATE.teardownCpu - 1
  cpu.warn(state !== expected, 'take_cpu_down', `CPU ${id} is in state ${state}`)
  const target = Math.max(memory.get(record + CPUHP.target), CPUHP_STATE.apOffline)
  yield* invokeRangeNoFail(cpu, id, false, target)
  yield* tickHandoverDoTimer(cpu, firstOnline(cpu))
  yield* stopMachinePark(cpu, id)
  return 0
}

/** The port's interrupt goes to another CPU from now on; one that is pending here is raised again there. */
function* moveInterrupts(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const portCpu = memory.global + GLOBAL.portCpu
  if ((yield cpu.load(portCpu, full, 'irq_migrate_all_off_this_cpu:look')) !== cpu.id) return
  const next = firstOnline(cpu)
  yield cpu.store(portCpu, next, full, 'irq_migrate_all_off_this_cpu')
  yield cpu.sendIpi(next, VECTOR.port, 'irq_migrate_all_off_this_cpu:again')
}

/** The lowest-numbered online CPU but `except`; -1 when there is none. The hotplug lock or stop_machine keeps it so. */
export function firstOnline(cpu: Cpu, except = -1): number {
  for (const online of bitsOf(cpu.memory, cpu.memory.online)) if (online !== except) return online
  return -1
}

/** The lowest-numbered online CPU that is neither isolated nor `except`; -1 when there is none. Kept so as above. */
export function firstHousekeeping(cpu: Cpu, except: number): number {
  const { memory } = cpu
  for (const online of bitsOf(memory, memory.online)) {
    if (online === except) continue
    if (testBit(memory, memory.housekeeping, online) || cpu.bugs.has('M02')) return online
  }
  return -1
}
