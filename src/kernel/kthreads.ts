// Kernel threads that the host has started: the function of one is called round after round, until it is to stop.
//
//   kthreadRun                                the thread
//   make the task, wake it ----------------->  shouldStop? else a round; between two it sleeps at a restart point
//   kthreadStop
//   shouldStop = 1           (full)           sees it before its next round: ends
//   wake it; wait for its end (may change CPU)
//
// A round does what it does and answers 0; or it has prepared to sleep, and answers RESTART: then it is called again where the
// thread wakes, which may be another CPU and may be earlier than it wanted. While task.phase is not 0 a round is in its middle.
// At its end a thread may have a function to call: what it has put somewhere it takes back there.
import { ERRNO } from '../base/errno.js'
import { wakeUpProcess } from '../kthread/kthread.js'
import { KTHREAD } from '../memory/structs/loads.js'
import { GLOBAL, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { hasBit, loadBit } from '../ops/mask.js'
import { acquire, full, type Kernel } from '../ops/operation.js'
import { FLAG, initTask, type Policy, RESTART, STATE } from '../sched/task.js'
import { wakeUpNewTask } from '../sched/wakeup.js'
import { completionReady } from '../sync/completion.js'
import { cancelSleep } from '../time/sleep.js'
import { EVENT } from '../trace/events.js'

/** Starts a thread as the host has described it. -ENXIO when the CPU that it is to be on is not online. */
export function* kthreadRun(cpu: Cpu, index: number): Kernel<number> {
  const { memory } = cpu
  const thread = memory.kthread(index)
  const task = memory.kthreadTask(index)
  const wanted = memory.get(thread + KTHREAD.cpu)
  if (wanted >= 0 && !hasBit(yield loadBit(cpu, memory.online, wanted, 'kthread_run:online'), wanted)) {
    return -ERRNO.ENXIO
  }
  const description = {
    comm: memory.getText(thread + KTHREAD.comm, 4),
    pid: (yield cpu.add(memory.global + GLOBAL.nextPid, 1, full, 'kthread_run:pid')) + 1,
    cpu: wanted >= 0 ? wanted : cpu.id,
    flags: memory.get(thread + KTHREAD.user) === 1 ? 0 : FLAG.kthread,
    policy: memory.get(thread + KTHREAD.policy) as Policy,
    priority: memory.get(thread + KTHREAD.priority),
    nice: memory.get(thread + KTHREAD.nice),
    entry: FN.kthread,
    argument: index,
    startTime: cpu.services.now(),
    ...(wanted >= 0 ? { affinity: [wanted] } : {}),
  }
  yield cpu.store(thread + KTHREAD.shouldStop, 0, full, 'kthread_run:should_stop')
  yield cpu.lockIrq(task + TASK.piLock, 'kthread_run')
  initTask(memory, task, description, STATE.new)
  cpu.trace(EVENT.sched_process_fork, task, description.pid, 0)
  yield cpu.unlockIrq(task + TASK.piLock, 'kthread_run')
  yield* wakeUpNewTask(cpu, task)
  return 0
}

/** Has a thread end, and waits until it is off its CPU: RESTART until then. Answers 0. */
export function* kthreadStop(cpu: Cpu, index: number): Kernel<number> {
  const { memory } = cpu
  const task = memory.kthreadTask(index)
  const before = yield cpu.exchange(memory.kthread(index) + KTHREAD.shouldStop, 1, full, 'kthread_stop')
  if (before === 0) yield* wakeUpProcess(cpu, task)
  if (!(yield* completionReady(cpu, task + TASK.exited))) return RESTART
  // Its struct is used again for the next one: only when it is off its CPU.
  yield cpu.waitUntil(task + TASK.onRunqueue, 0, 'kthread_stop:off_runqueue')
  yield cpu.waitUntil(task + TASK.onCpu, 0, 'kthread_stop:off_cpu')
  return 0
}

/** Where each of them is. */
export function* kthread(cpu: Cpu, task: number, index: number): Kernel<number> {
  const { memory } = cpu
  const thread = memory.kthread(index)
  const round = cpu.functions.get(memory.get(thread + KTHREAD.function))
  for (;;) {
    const between = memory.get(task + TASK.phase) === 0
    if (between && (yield cpu.load(thread + KTHREAD.shouldStop, acquire, 'kthread_should_stop')) === 1) {
      // Woken before its time had come.
      yield* cancelSleep(cpu)
      const end = memory.get(thread + KTHREAD.end)
      return end === 0 ? 0 : yield* cpu.functions.get(end)(cpu, thread, index)
    }
    if ((yield* round(cpu, thread, index)) === RESTART) return RESTART
  }
}
