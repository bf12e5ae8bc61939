// Waiting for a word of user memory, and waking those who do.
//
//   sleeper (in the kernel)                   waker
//   take the bucket's lock                    changes the word, in user mode
//   word still `value`? join; sleep           system call: take the bucket's lock
//   drop the lock                             take up to n that wait for the word off; wake them
//
// The word is looked at under the lock that the waker takes after it has changed it: no wakeup falls in between.
import { ERRNO } from '../base/errno.js'
import type { Memory } from '../memory/memory.js'
import { TASK, WAIT_QUEUE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel } from '../ops/operation.js'
import { setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { appendWaiter, removeWaiter } from '../sync/waiters.js'

/** What futexWait answers when the current task has been prepared to sleep: it is called again after the sleep. */
export const ASLEEP = 1

/** Sleeps while the word at `address` is `value`. Answers 0 when it was woken, -EAGAIN for another value, or ASLEEP. */
export function* futexWait(cpu: Cpu, address: number, value: number): Kernel<number> {
  const { memory, task } = cpu
  const queue = memory.futex(address)
  yield cpu.lockIrq(queue + WAIT_QUEUE.lock, 'futex_wait')
  const joined = memory.get(task + TASK.waitsFor) === queue
  let result = ASLEEP
  if (!joined && memory.get(task + TASK.callPhase) === 1) result = 0
  else if (!joined) {
    const found = yield cpu.load(address, full, 'futex_wait:look')
    if (found === value) {
      memory.set(task + TASK.callPhase, 1)
      appendWaiter(memory, queue + WAIT_QUEUE.head, queue + WAIT_QUEUE.tail, task)
      memory.set(task + TASK.waitsFor, queue)
    } else result = -ERRNO.EAGAIN
  }
  if (result === ASLEEP) yield setCurrentState(cpu, STATE.interruptible, 'futex_wait:sleep')
  yield cpu.unlockIrq(queue + WAIT_QUEUE.lock, 'futex_wait')
  return result
}

/** Wakes up to `count` tasks that wait for the word at `address`, those first that came first. Answers how many. */
export function* futexWake(cpu: Cpu, address: number, count: number): Kernel<number> {
  const { memory } = cpu
  const queue = memory.futex(address)
  yield cpu.lockIrq(queue + WAIT_QUEUE.lock, 'futex_wake')
  let woken = 0
  for (let task = memory.get(queue + WAIT_QUEUE.head); task !== 0 && woken < count; ) {
    const next = memory.get(task + TASK.waitNext)
    if (addressOf(memory, task) === address) {
      leave(memory, queue, task)
      const lost = cpu.bugs.has('lost-wakeup') && memory.get(task + TASK.migrations) % 8 === 7
      if (!lost) yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
      woken++
    }
    task = next
  }
  yield cpu.unlockIrq(queue + WAIT_QUEUE.lock, 'futex_wake')
  return woken
}

/** The current task no longer waits, whatever the word is. */
export function* futexCancel(cpu: Cpu, address: number): Kernel<void> {
  const { memory, task } = cpu
  const queue = memory.futex(address)
  yield cpu.lockIrq(queue + WAIT_QUEUE.lock, 'futex_unqueue')
  if (memory.get(task + TASK.waitsFor) === queue) leave(memory, queue, task)
  yield cpu.unlockIrq(queue + WAIT_QUEUE.lock, 'futex_unqueue')
}

function leave(memory: Memory, queue: number, task: number): void {
  removeWaiter(memory, queue + WAIT_QUEUE.head, queue + WAIT_QUEUE.tail, task)
  memory.set(task + TASK.waitsFor, 0)
}

/** The word that a task waits for. */
function addressOf(memory: Memory, task: number): number {
  return memory.get(task + TASK.callArgument)
}
