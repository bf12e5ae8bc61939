// The scheduler's hotplug callbacks: closing a CPU to tasks, waiting until they have left, and opening it again.
import { GLOBAL, RUNQUEUE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { clearBit, setBit } from '../ops/mask.js'
import { full, type Kernel } from '../ops/operation.js'
import { EVENT, MARK } from '../trace/events.js'
import { unthrottleOfflineCfsRqs, updateRuntimeEnabled } from './bandwidth.js'
import { schedule, setCurrentState } from './core.js'
import { rcuHooks } from './read-side.js'
import { CALLBACK } from './runqueue.js'
import { STATE } from './task.js'

/** From here on whatever runs on the CPU and may leave it is pushed away; or no more. */
function* balancePushSet(cpu: Cpu, subject: number, on: boolean): Kernel<void> {
  const rq = cpu.memory.runqueue(subject)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'balance_push_set')
  cpu.memory.set(rq + RUNQUEUE.balanceCallback, on ? CALLBACK.balancePush : CALLBACK.none)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'balance_push_set')
}

/** Opens a runqueue to tasks from elsewhere (`online` 1), or closes it. */
function* setRqOnline(cpu: Cpu, subject: number, online: number): Kernel<void> {
  const rq = cpu.memory.runqueue(subject)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'set_rq_online')
  cpu.memory.set(rq + RUNQUEUE.online, online)
  if (online === 0 && cpu.memory.get(rq + RUNQUEUE.realtimeThrottled) === 1) {
    // Who is held up could not be pushed away: from here on nobody is.
    cpu.memory.set(rq + RUNQUEUE.realtimeThrottled, 0)
    cpu.needResched = true
  }
  // The same for groups that have no runtime.
  if (online === 1) yield* updateRuntimeEnabled(cpu, subject)
  else yield* unthrottleOfflineCfsRqs(cpu, subject)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'set_rq_online')
}

/** sched:active going down, by cpuhp/N. */
export function* schedCpuDeactivate(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  yield clearBit(cpu, memory.active, subject, 'sched_cpu_deactivate')
  if (!cpu.bugs.has('miscounted-cpus')) {
    yield cpu.add(memory.global + GLOBAL.activeCount, -1, full, 'sched_cpu_deactivate:count')
  }
  yield* balancePushSet(cpu, subject, true)
  cpu.trace(EVENT.cpuhp_mark, subject, MARK.push, 0)
  cpu.trace(EVENT.cpuhp_mark, subject, MARK.graceBegin, 0)
  // No wakeup that still saw the CPU active goes on to queue a task here.
  yield* rcuHooks.synchronize(cpu)
  cpu.trace(EVENT.cpuhp_mark, subject, MARK.graceEnd, 0)
  yield* setRqOnline(cpu, subject, 0)
  return 0
}

/** sched:active coming up, by cpuhp/N. */
export function* schedCpuActivate(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  yield* balancePushSet(cpu, subject, false)
  yield setBit(cpu, memory.active, subject, 'sched_cpu_activate')
  yield cpu.add(memory.global + GLOBAL.activeCount, 1, full, 'sched_cpu_activate:count')
  yield* setRqOnline(cpu, subject, 1)
  return 0
}

/** sched:waitempty: returns when cpuhp/N alone is left. */
export function* schedCpuWaitEmpty(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const rq = memory.runqueue(subject)
  if (cpu.bugs.has('left-behind')) return 0
  for (;;) {
    yield setCurrentState(cpu, STATE.uninterruptible, 'sched_cpu_wait_empty')
    yield cpu.lockIrq(rq + RUNQUEUE.lock, 'sched_cpu_wait_empty')
    const empty = memory.get(rq + RUNQUEUE.running) === 1 && memory.get(rq + RUNQUEUE.pinned) === 0
    if (!(empty && cpu.bugs.has('eternal-wait'))) memory.set(rq + RUNQUEUE.hotplugWait, empty ? 0 : cpu.task)
    yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'sched_cpu_wait_empty')
    if (empty) break
    yield* schedule(cpu)
  }
  yield setCurrentState(cpu, STATE.running, 'sched_cpu_wait_empty:empty')
  return 0
}

/** sched:starting, by the CPU that comes up, with interrupts off: nothing was put on its runqueue while it was dead. */
export function* schedCpuStarting(cpu: Cpu, subject: number): Kernel<number> {
  const rq = cpu.memory.runqueue(subject)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'sched_cpu_starting')
  const running = cpu.memory.get(rq + RUNQUEUE.running)
  cpu.warn(running !== 0, 'sched_cpu_starting', `CPU ${subject} comes up with ${running} tasks on its runqueue`)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'sched_cpu_starting')
  return 0
}

/** The last teardown of the DYING section, by the dying CPU's stopper, with interrupts off: it alone is left. */
export function* schedCpuDying(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const rq = memory.runqueue(subject)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'sched_cpu_dying')
  const vacated = memory.get(rq + RUNQUEUE.running) === 1 && memory.get(rq + RUNQUEUE.pinned) === 0
  cpu.warn(!vacated, 'sched_cpu_dying', 'Dying CPU not properly vacated!')
  if (cpu.bugs.has('M09')) memory.set(rq + RUNQUEUE.balanceCallback, CALLBACK.none)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'sched_cpu_dying')
  return 0
}
