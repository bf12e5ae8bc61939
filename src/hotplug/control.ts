// Requests to take a CPU down or bring it up, as they come through a CPU's control files, in the task that makes them.
//
// That task may sleep while its own CPU is taken down, so it sleeps only at restart points: between two of them its
// progress is in task.progress, and it goes on from there on whichever CPU wakes it. What it does, in order:
//
//   device     take device_hotplug_lock, or sleep 5 ms and start again; then look at the request
//   maps       take cpu_add_remove_lock
//   operation  up: carry it out here; down: give it to a kworker of another CPU
//   flush      wait for that kworker
import { ERRNO } from '../base/errno.js'
import { kernelIntErrno, parseKernelBool, parseKernelInt } from '../base/kstrto.js'
import { NS_PER_MS, NS_PER_US } from '../base/time.js'
import { CPUHP, GLOBAL, STEP, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import type { Kernel } from '../ops/operation.js'
import { setCpusAllowed } from '../sched/affinity.js'
import { RESTART } from '../sched/task.js'
import { mutexReady, mutexTryLock, mutexUnlock } from '../sync/mutex.js'
import { prepareToSleep } from '../time/sleep.js'
import { EVENT, MARK } from '../trace/events.js'
import {
  beginWorkOnCpu,
  workAnywhere,
  workElsewhere,
  workOnCpuReady,
  workOnCpuResult,
} from '../workqueue/work-on-cpu.js'
import { lockStates, unlockStates } from './locks.js'
import { CPUHP_STATE, callbackOf, INVALID, isAtomicState } from './states.js'
import { cpuDown, cpuUp, firstOnline } from './updown.js'

/** Which file is written, or which device call is made. */
export const CONTROL = { online: 1, target: 2, fail: 3, deviceOffline: 4, deviceOnline: 5 } as const
export type Control = (typeof CONTROL)[keyof typeof CONTROL]

const PHASE = { device: 0, maps: 1, operation: 2, flush: 3 } as const
/** Where task.progress keeps what. */
const PROGRESS = { phase: 0, target: 1 } as const

/** The machine's rules for control files that do not follow from the step table. */
export interface ControlRules {
  /** CONFIG_CPU_HOTPLUG_STATE_CONTROL: `target` takes any state, not only offline and online */
  readonly stateControl: boolean
}

/** Begins a request in the current task: call storeControl next. */
export function beginControl(cpu: Cpu): void {
  cpu.memory.set(cpu.task + TASK.progress + PROGRESS.phase, PHASE.device)
}

/**
 * Carries out a write of `text` to a control file of `subject`. Answers 0 or a negative errno, or RESTART: the task is
 * prepared to sleep, and this is to be called again when it has been woken.
 */
export function* storeControl(
  cpu: Cpu,
  control: Control,
  subject: number,
  text: string,
  rules: ControlRules,
): Kernel<number> {
  if (control === CONTROL.fail) return yield* storeFail(cpu, subject, text)
  const { memory, task } = cpu
  const phaseWord = task + TASK.progress + PROGRESS.phase
  const targetWord = task + TASK.progress + PROGRESS.target
  const deviceLock = memory.global + GLOBAL.deviceHotplugLock
  const mapsLock = memory.global + GLOBAL.addRemoveLock
  if (memory.get(phaseWord) === PHASE.device) {
    const parsed = parse(control, text, rules)
    if (parsed < 0) return parsed
    if (!(yield* mutexTryLock(cpu, deviceLock))) {
      yield* prepareToSleep(cpu, 5 * NS_PER_MS)
      return RESTART
    }
    const target = yield* examine(cpu, control, subject, parsed)
    if (target <= 0 && target !== GO_OFFLINE) {
      yield* mutexUnlock(cpu, deviceLock)
      return target
    }
    memory.set(targetWord, target === GO_OFFLINE ? CPUHP_STATE.offline : target)
    memory.set(phaseWord, PHASE.maps)
  }
  const target = memory.get(targetWord)
  if (memory.get(phaseWord) === PHASE.maps) {
    if (!(yield* mutexReady(cpu, mapsLock))) return RESTART
    cpu.trace(EVENT.cpuhp_mark, subject, MARK.owner, 0)
    memory.set(phaseWord, PHASE.operation)
  }
  let result = 0
  if (memory.get(phaseWord) === PHASE.operation) {
    const state = memory.get(memory.cpuhp(subject) + CPUHP.state)
    if (cpu.bugs.has('M25') ? state < target : state <= target) {
      result = yield* cpuUp(cpu, subject, target)
    } else if (cpu.bugs.has('M01')) {
      // Its frames must not be on the CPU that is to go.
      if (cpu.id === subject) {
        yield* leave(cpu)
        return RESTART
      }
      result = yield* cpuDown(cpu, subject, target)
    } else {
      result = yield* sendDown(cpu, subject, target)
      if (result === 0) memory.set(phaseWord, PHASE.flush)
    }
  }
  if (memory.get(phaseWord) === PHASE.flush) {
    if (!(yield* workOnCpuReady(cpu))) return RESTART
    result = workOnCpuResult(cpu)
  }
  cpu.trace(EVENT.cpuhp_mark, subject, MARK.done, result)
  yield* mutexUnlock(cpu, mapsLock)
  const isDevice = control !== CONTROL.target
  if (isDevice && result === 0) deviceChanged(cpu, subject, target === CPUHP_STATE.offline)
  yield* mutexUnlock(cpu, deviceLock)
  return result
}

/** M01: the current task is going to sleep, and goes on elsewhere: nobody asks it where it likes to be. */
function* leave(cpu: Cpu): Kernel<void> {
  const { memory, id } = cpu
  const own = (w: number): number => (w === id >> 5 ? 1 << (id & 31) : 0)
  yield* setCpusAllowed(cpu, cpu.task, (w) => memory.get(memory.possible + w) & ~own(w))
  yield* prepareToSleep(cpu, NS_PER_US)
}

/** With device_hotplug_lock held: a CPU's device is offline now, or online, and the world is told. */
export function deviceChanged(cpu: Cpu, subject: number, offline: boolean): void {
  cpu.uevent(offline ? 'offline' : 'online', subject)
  cpu.memory.set(cpu.memory.cpuhp(subject) + CPUHP.deviceOffline, offline ? 1 : 0)
}

/** What examine() answers for a way down to state 0: 0 itself means that nothing is left to do. */
const GO_OFFLINE = -1000

/** The state that is asked for, or a negative errno. */
function parse(control: Control, text: string, rules: ControlRules): number {
  if (control === CONTROL.deviceOffline) return CPUHP_STATE.offline
  if (control === CONTROL.deviceOnline) return CPUHP_STATE.online
  if (control === CONTROL.online) {
    const on = parseKernelBool(text)
    if (on === null) return -ERRNO.EINVAL
    return on ? CPUHP_STATE.online : CPUHP_STATE.offline
  }
  const target = parseKernelInt(text)
  if (target === null) return -ERRNO[kernelIntErrno(text)]
  if (target < CPUHP_STATE.offline || target > CPUHP_STATE.online) return -ERRNO.EINVAL
  const ends = target === CPUHP_STATE.offline || target === CPUHP_STATE.online
  return rules.stateControl || ends ? target : -ERRNO.EINVAL
}

/** With device_hotplug_lock held: the target to go to (GO_OFFLINE for 0), 0 when nothing is to be done, or an errno. */
function* examine(cpu: Cpu, control: Control, subject: number, target: number): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  const wanted = target === CPUHP_STATE.offline ? GO_OFFLINE : target
  if (control !== CONTROL.target) {
    // The boot CPU's device can't be taken offline. The flag alone decides whether there is anything to do.
    if (target === CPUHP_STATE.offline && subject === 0) return -ERRNO.EPERM
    const flag = memory.get(record + CPUHP.deviceOffline) === 1
    return flag === (target === CPUHP_STATE.offline) ? 0 : wanted
  }
  yield* lockStates(cpu)
  const step = memory.step(target)
  const allowed = memory.get(step + STEP.named) === 1 && memory.get(step + STEP.cantStop) === 0
  yield* unlockStates(cpu)
  if (!allowed) return -ERRNO.EINVAL
  if (memory.get(record + CPUHP.state) !== target || cpu.bugs.has('M25')) return wanted
  const before = memory.get(record + CPUHP.target)
  cpu.warn(before !== target, 'target_store', `CPU ${subject} is in state ${target}, its target is ${before}`)
  memory.set(record + CPUHP.target, target)
  return 0
}

/** Gives the way down to the kworker of the first online CPU that is not the one to go. */
function* sendDown(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const { memory } = cpu
  if (memory.get(memory.global + GLOBAL.hotplugDisabled) !== 0) return -ERRNO.EBUSY
  const worker = firstOnline(cpu, subject)
  if (worker < 0) return -ERRNO.EBUSY
  yield* beginWorkOnCpu(cpu, worker, FN.cpu_down_maps_locked, subject | (target << 16))
  return 0
}

/** That kworker's part. One that is unbound may be on the very CPU that is to go, and its frames must not be there. */
export function* cpuDownMapsLocked(cpu: Cpu, argument: number): Kernel<number> {
  const subject = argument & 0xffff
  if (cpu.id === subject) {
    yield* workElsewhere(cpu)
    return RESTART
  }
  const result = yield* cpuDown(cpu, subject, argument >> 16)
  yield* workAnywhere(cpu)
  return result
}

/** Which state of a CPU shall fail next: one shot. */
function* storeFail(cpu: Cpu, subject: number, text: string): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  const fail = parseKernelInt(text)
  if (fail === null) return -ERRNO[kernelIntErrno(text)]
  if (fail !== INVALID) {
    if (fail < CPUHP_STATE.offline || fail > CPUHP_STATE.online) return -ERRNO.EINVAL
    // What runs with interrupts off must not fail, nor what buries a CPU that is still there.
    if (isAtomicState(fail)) return -ERRNO.EINVAL
    const up = memory.get(record + CPUHP.state) > CPUHP_STATE.bringupCpu
    if (fail <= CPUHP_STATE.bringupCpu && up) return -ERRNO.EINVAL
    yield* lockStates(cpu)
    const some = callbackOf(memory, fail, true) !== 0 || callbackOf(memory, fail, false) !== 0
    yield* unlockStates(cpu)
    if (!some) return -ERRNO.EINVAL
  }
  memory.set(record + CPUHP.fail, fail)
  return 0
}
