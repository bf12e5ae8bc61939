// Suspend: every CPU but the first that is not isolated goes down, whoever is left does what has to be done with interrupts off, and those that
// were taken down, and only those, come back.
//
//   the requester                             everybody else
//   goes to the first online CPU: its frames must not be on one that goes
//   cpu_add_remove_lock
//     down, one after the other, ascending    waits for the lock
//     hotplug disabled, even after a failure
//   unlock                                    EBUSY
//   level `core`: syscore operations, interrupts off
//   cpu_add_remove_lock
//     hotplug enabled; up, ascending
//   unlock                                    goes on
//
// As freeze_secondary_cpus and thaw_secondary_cpus of 6.1, and the levels of /sys/power/pm_test.
import { ERRNO } from '../base/errno.js'
import { NS_PER_US } from '../base/time.js'
import type { Memory } from '../memory/memory.js'
import { GLOBAL } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf, testBit } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { setCpusAllowed } from '../sched/affinity.js'
import { RESTART } from '../sched/task.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { prepareToSleep } from '../time/sleep.js'
import { CPUHP_STATE } from './states.js'
import { cpuDown, cpuUp, firstHousekeeping } from './updown.js'

/** How far a suspend goes before it turns round: /sys/power/pm_test. */
export const LEVELS = ['freezer', 'devices', 'platform', 'processors', 'core'] as const

/** What runs on the last CPU with interrupts off; in the order in which they were registered, and back. */
export interface SyscoreOps {
  readonly name: string
  /** answers 0 or a negative errno: then those before it are resumed, and the suspend fails */
  suspend(cpu: Cpu): Kernel<number>
  resume(cpu: Cpu): Kernel<void>
}

/** kernel/ fills it. */
export const syscoreOps: SyscoreOps[] = []

/** Suspends up to a level and resumes, in the current task. Answers 0 or a negative errno, or RESTART (see storeControl). */
export function* suspend(cpu: Cpu, level: number): Kernel<number> {
  if (level < 0 || level >= LEVELS.length) return -ERRNO.EINVAL
  if (level < LEVELS.indexOf('processors')) return 0
  const primary = firstHousekeeping(cpu, -1)
  if (cpu.id !== primary) {
    yield* goTo(cpu, primary)
    return RESTART
  }
  const { memory } = cpu
  const frozen: number[] = []
  let result = yield* freezeSecondaryCpus(cpu, primary, frozen)
  if (result === 0 && level === LEVELS.indexOf('core')) result = yield* syscore(cpu)
  yield* thawSecondaryCpus(cpu, frozen)
  yield* setCpusAllowed(cpu, cpu.task, (w) => memory.get(memory.possible + w))
  return result
}

/** The current task wakes on another CPU: it is allowed nowhere else. */
function* goTo(cpu: Cpu, target: number): Kernel<void> {
  yield* setCpusAllowed(cpu, cpu.task, (w) => (w === target >> 5 ? 1 << (target & 31) : 0))
  yield* prepareToSleep(cpu, NS_PER_US)
}

function* freezeSecondaryCpus(cpu: Cpu, primary: number, frozen: number[]): Kernel<number> {
  const { memory } = cpu
  const lock = memory.global + GLOBAL.addRemoveLock
  yield* mutexLock(cpu, lock)
  cpu.printk(6, 'Disabling non-boot CPUs ...')
  let result = 0
  for (const other of [...bitsOf(memory, memory.online)]) {
    if (other === primary) continue
    result = yield* cpuDown(cpu, other, CPUHP_STATE.offline)
    if (result !== 0) {
      cpu.printk(3, `Error taking CPU${other} down: ${result}`)
      break
    }
    frozen.push(other)
  }
  if (result !== 0) cpu.printk(3, 'Non-boot CPUs are not disabled')
  // Also after a failure: thawSecondaryCpus takes it back.
  changeDisabled(memory, 1)
  yield* mutexUnlock(cpu, lock)
  return result
}

function* thawSecondaryCpus(cpu: Cpu, frozen: readonly number[]): Kernel<void> {
  const { memory } = cpu
  const lock = memory.global + GLOBAL.addRemoveLock
  yield* mutexLock(cpu, lock)
  changeDisabled(memory, -1)
  if (frozen.length > 0) cpu.printk(6, 'Enabling non-boot CPUs ...')
  for (const other of frozen) {
    const result = yield* cpuUp(cpu, other, CPUHP_STATE.online)
    if (result === 0) cpu.printk(6, `CPU${other} is up`)
    else cpu.printk(4, `Error taking CPU${other} up: ${result}`)
  }
  yield* mutexUnlock(cpu, lock)
}

/** cpu_add_remove_lock is held. */
function changeDisabled(memory: Memory, by: number): void {
  const word = memory.global + GLOBAL.hotplugDisabled
  memory.set(word, memory.get(word) + by)
}

/** On the last CPU: suspends what was registered, and resumes it in the opposite order. */
function* syscore(cpu: Cpu): Kernel<number> {
  cpu.preemptDisable()
  cpu.irqDisable()
  let done = 0
  let result = 0
  while (done < syscoreOps.length && result === 0) {
    result = yield* syscoreOps[done]!.suspend(cpu)
    if (result === 0) done++
  }
  while (done > 0) yield* syscoreOps[--done]!.resume(cpu)
  cpu.irqEnable()
  cpu.preemptEnable()
  return result
}

/** Whether the only CPU that is online is this one: what syscore operations rely on. */
export function isAlone(cpu: Cpu): boolean {
  const { memory } = cpu
  return memory.get(memory.global + GLOBAL.onlineCount) === 1 && testBit(memory, memory.online, cpu.id)
}
