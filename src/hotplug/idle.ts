// The life of a secondary CPU, told by its idle task: off, coming up, idle, dead, off.
//
//   controller                                the CPU
//   power = 1         (release)               power = 1?          (acquire)
//                                             STARTING callbacks, interrupts off; online
//                                             state = ap:online idle; unpark the stopper; complete doneUp
//   ...
//   stop_machine: take_cpu_down ...           off the online mask, DYING callbacks, stopper parked
//                                             idle finds itself offline: RCU is told; state = idle:dead
//   on the first online CPU: complete         power = 0; dead = 1 (release)
//     doneDown for it
//   wait until dead = 1 (acquire)             waits for power again: nothing else wakes it
import { lapicOnline } from '../irq/hotplug.js'
import { CPUHP, GLOBAL, PERCPU, TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { hasBit, loadBit, setBit } from '../ops/mask.js'
import { full, type Kernel, relaxed, release } from '../ops/operation.js'
import { rcuNeedsCpu } from '../rcu/core.js'
import { rcuCpuOnline, rcuCpuStarting, rcuReportDead } from '../rcu/hotplug.js'
import { rcuIdleEnter, rcuIdleExit } from '../rcu/quiescent.js'
import { idleBalance } from '../sched/balance.js'
import { scheduleOnce } from '../sched/core.js'
import { dropIdleMm } from '../sched/mm.js'
import { startTick } from '../sched/tick.js'
import { smpCallFunctionSingle } from '../smp/smp.js'
import { startSoftirqs } from '../softirq/softirq.js'
import { stopMachineUnpark } from '../stop/stopper.js'
import { complete } from '../sync/completion.js'
import { setupTimer } from '../time/sleep.js'
import { EVENT } from '../trace/events.js'
import { IDLE_HALTED, IDLE_LEFT } from '../trace/fields.js'
import { invokeRangeNoFail } from './callbacks.js'
import { CPUHP_STATE } from './states.js'
import { doneOf } from './thread.js'
import { firstOnline } from './updown.js'

/** The idle task of a CPU that is off when the machine starts. Interrupts and preemption are off where it begins. */
export function* secondaryCpu(cpu: Cpu): Kernel<number> {
  const power = cpu.memory.percpu(cpu.id) + PERCPU.power
  for (;;) {
    yield cpu.waitWhile(power, 0, 'play_dead:wait')
    yield* startSecondary(cpu)
    yield* idleUntilDead(cpu)
  }
}

function* startSecondary(cpu: Cpu): Kernel<void> {
  const { memory, id } = cpu
  const record = memory.cpuhp(id)
  const target = Math.min(memory.get(record + CPUHP.target), CPUHP_STATE.apOnline)
  // It idles from here on; what it did not do while it was off is no idling.
  memory.setTime(cpu.task + TASK.execStart, cpu.services.now())
  yield* rcuCpuStarting(cpu)
  yield* invokeRangeNoFail(cpu, id, true, target)
  memory.set(memory.percpu(id) + PERCPU.startedTo, target)
  yield* lapicOnline(cpu, () => setBit(cpu, memory.online, id, 'start_secondary:online'))
  yield cpu.add(memory.global + GLOBAL.onlineCount, 1, full, 'start_secondary:count')
  yield* rcuCpuOnline(cpu)
  startSoftirqs(cpu)
  yield* setupTimer(cpu)
  yield* stopMachineUnpark(cpu, id)
  yield cpu.store(record + CPUHP.state, CPUHP_STATE.apOnlineIdle, relaxed, 'cpuhp_online_idle:state')
  yield* complete(cpu, doneOf(cpu, id, true))
}

/** The idle loop. Returns when the CPU has been taken down, with interrupts off. Preemption is off throughout. */
export function* idleUntilDead(cpu: Cpu): Kernel<void> {
  const { memory, id } = cpu
  cpu.irqEnable()
  for (;;) {
    yield* idleBalance(cpu)
    while (!cpu.needResched) {
      cpu.irqDisable()
      if (!hasBit(yield loadBit(cpu, memory.online, id, 'do_idle:online'), id)) {
        yield* reportIdleDead(cpu)
        return
      }
      if (cpu.tickAt === Number.POSITIVE_INFINITY && rcuNeedsCpu(cpu)) {
        yield* startTick(cpu, yield cpu.clock('tick_nohz_idle:now'))
      }
      yield rcuIdleEnter(cpu)
      cpu.irqEnable()
      cpu.trace(EVENT.cpu_idle, IDLE_HALTED, 0, 0)
      yield cpu.halt('do_idle')
      cpu.irqDisable()
      // The handler of an interrupt has done so already.
      if (!cpu.watching) {
        yield rcuIdleExit(cpu)
        cpu.watching = true
      }
      cpu.irqEnable()
      cpu.trace(EVENT.cpu_idle, IDLE_LEFT, 0, 0)
    }
    yield* scheduleOnce(cpu, false)
  }
}

function* reportIdleDead(cpu: Cpu): Kernel<void> {
  const { memory, id } = cpu
  const record = memory.cpuhp(id)
  const state = memory.get(record + CPUHP.state)
  bugOn(state !== CPUHP_STATE.apOffline, 'cpuhp_report_idle_dead', `CPU ${id} is dead in state ${state}`)
  yield* rcuReportDead(cpu)
  yield cpu.store(record + CPUHP.state, CPUHP_STATE.idleDead, release, 'cpuhp_report_idle_dead:state')
  // Waking somebody is not for a CPU that is gone: another one does it.
  if (cpu.bugs.has('M17')) yield* completeIdleDead(cpu, id)
  else yield* smpCallFunctionSingle(cpu, firstOnline(cpu), FN.cpuhp_complete_idle_dead, id, false)
  if (cpu.bugs.has('M18')) yield* dropIdleMm(cpu, cpu.task)
  cpu.wakeAt = Number.POSITIVE_INFINITY
  cpu.tickAt = Number.POSITIVE_INFINITY
  cpu.timersAt = Number.POSITIVE_INFINITY
  yield cpu.armTimer('tick_shutdown')
  yield cpu.store(memory.percpu(id) + PERCPU.power, 0, relaxed, 'play_dead:power')
  yield cpu.store(memory.percpu(id) + PERCPU.dead, 1, release, 'play_dead:dead')
}

/** The call's part on the first online CPU. */
export function* completeIdleDead(cpu: Cpu, subject: number): Kernel<number> {
  yield* complete(cpu, doneOf(cpu, subject, false))
  return 0
}
