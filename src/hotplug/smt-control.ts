// /sys/devices/system/cpu/smt/control: takes all but the first thread of each core down, or brings everything up.
//
//   device     take device_hotplug_lock, or sleep 5 ms and start again; then look at the request
//   maps       take cpu_add_remove_lock: held until the end, so that all of it is one operation
//   operation  on: up, one CPU after the other, here; off: the next sibling, given to a kworker of another CPU
//   flush      wait for that kworker; the next sibling
//
// As cpuhp_smt_enable and cpuhp_smt_disable of 6.1. The task sleeps at restart points only: see control.ts.
import { ERRNO } from '../base/errno.js'
import type { Memory } from '../memory/memory.js'
import { GLOBAL, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf, testBit } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { RESTART } from '../sched/task.js'
import { mutexReady, mutexTryLock, mutexUnlock } from '../sync/mutex.js'
import { workOnCpuReady, workOnCpuResult } from '../workqueue/work-on-cpu.js'
import { deviceChanged, PHASE, PROGRESS, retryDeviceLock, sendDown } from './control.js'
import { primaryThreadOf, SMT, SMT_CONTROL } from './smt.js'
import { CPUHP_STATE } from './states.js'
import { bringUp } from './updown.js'

/**
 * Carries out a write of `text` to smt/control. Answers 0 or a negative errno, or RESTART as storeControl does: EINVAL for a
 * word that is none of on, off, forceoff, EPERM once it has been forced off, ENODEV where no core has a second thread, and
 * whatever a CPU answers that does not come or go: then those before it stay where they are.
 */
export function* storeSmtControl(cpu: Cpu, text: string): Kernel<number> {
  const { memory, task } = cpu
  const phaseWord = task + TASK.progress + PROGRESS.phase
  const control = memory.global + GLOBAL.smtControl
  const wanted = SMT_CONTROL.indexOf(text.replace(/\n$/, '') as (typeof SMT_CONTROL)[number])
  if (memory.get(phaseWord) === PHASE.device) {
    if (wanted < 0 || wanted === SMT.notSupported) return -ERRNO.EINVAL
    if (memory.get(control) === SMT.forceOff) return -ERRNO.EPERM
    if (memory.get(control) === SMT.notSupported) return -ERRNO.ENODEV
    if (!(yield* mutexTryLock(cpu, memory.global + GLOBAL.deviceHotplugLock))) return yield* retryDeviceLock(cpu)
    if (memory.get(control) === wanted) {
      yield* mutexUnlock(cpu, memory.global + GLOBAL.deviceHotplugLock)
      return 0
    }
    memory.set(phaseWord, PHASE.maps)
  }
  if (memory.get(phaseWord) === PHASE.maps) {
    if (!(yield* mutexReady(cpu, memory.global + GLOBAL.addRemoveLock))) return RESTART
    memory.set(phaseWord, PHASE.operation)
  }
  const result = wanted === SMT.on ? yield* enable(cpu) : yield* disable(cpu, phaseWord)
  if (result === RESTART) return RESTART
  if (wanted !== SMT.on && result === 0) memory.set(control, wanted)
  yield* mutexUnlock(cpu, memory.global + GLOBAL.addRemoveLock)
  yield* mutexUnlock(cpu, memory.global + GLOBAL.deviceHotplugLock)
  return result
}

/** Brings up every CPU that is not, primary threads too. Both locks are held. */
function* enable(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  memory.set(memory.global + GLOBAL.smtControl, SMT.on)
  for (const subject of bitsOf(memory, memory.present)) {
    if (testBit(memory, memory.online, subject)) continue
    const result = yield* bringUp(cpu, subject, CPUHP_STATE.online)
    if (result !== 0) return result
    deviceChanged(cpu, subject, false)
  }
  return 0
}

/** Takes down every sibling that is online and not the first of its core. Both locks are held. */
function* disable(cpu: Cpu, phaseWord: number): Kernel<number> {
  const { memory, task } = cpu
  const at = task + TASK.progress + PROGRESS.target
  for (;;) {
    if (memory.get(phaseWord) === PHASE.flush) {
      if (!(yield* workOnCpuReady(cpu))) return RESTART
      memory.set(phaseWord, PHASE.operation)
      const result = workOnCpuResult(cpu)
      if (result !== 0) return result
      deviceChanged(cpu, memory.get(at), true)
    }
    const subject = nextSibling(memory)
    if (subject < 0) return 0
    memory.set(at, subject)
    const result = yield* sendDown(cpu, subject, CPUHP_STATE.offline)
    if (result !== 0) return result
    memory.set(phaseWord, PHASE.flush)
  }
}

/** The lowest-numbered CPU that is online and not the first thread of its core, -1: there is none. */
function nextSibling(memory: Memory): number {
  for (const cpu of bitsOf(memory, memory.online)) if (primaryThreadOf(memory, cpu) !== cpu) return cpu
  return -1
}
