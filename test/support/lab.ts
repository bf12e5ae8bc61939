// A machine at rest to try things on, and hands to break it with.
import { checkInvariants } from '#dist/src/invariants/check.js'
import { Machine } from '#dist/src/machine/machine.js'
import type { MachineOptions } from '#dist/src/machine/options.js'
import type { Memory } from '#dist/src/memory/memory.js'
import { RUNQUEUE, TASK } from '#dist/src/memory/structs.js'
import { ARRIVAL } from '#dist/src/sched/fair.js'
import { enqueueTask } from '#dist/src/sched/runqueue.js'
import { initTask, POLICY, STATE } from '#dist/src/sched/task.js'
import { settle } from '#dist/stress/settle.js'

/** Four CPUs on the deterministic machine, CPU 3 offline, all at rest. */
export async function lab(options: Partial<MachineOptions> = {}): Promise<Machine> {
  const machine = await Machine.boot({ cpus: 4, machine: 'deterministic', seed: 7, ...options })
  await machine.offline(3)
  await settle(machine)
  return machine
}

/** The names of the invariants that do not hold, each once. */
export function brokenOf(machine: Machine): string[] {
  return [...new Set(checkInvariants(machine).violations.map(({ invariant }) => invariant))]
}

/** A user task that nobody else knows of, asleep until a signal. */
export function spareTask(memory: Memory, cpu: number, affinity?: readonly number[], n = 0): number {
  const task = memory.task(memory.layout.taskCount - 1 - n)
  const description = {
    comm: `spare/${n}`,
    pid: 10_000 + n,
    cpu,
    flags: 0,
    policy: POLICY.normal,
    entry: 0,
    argument: 0,
    ...(affinity === undefined ? {} : { affinity }),
  }
  initTask(memory, task, description, STATE.interruptible)
  return task
}

/** Puts a sleeping task onto the runqueue of its CPU, as a wakeup does. */
export function makeRunnable(memory: Memory, task: number): void {
  enqueueTask(memory, memory.get(task + TASK.cpu), task, ARRIVAL.woken)
  memory.set(task + TASK.onRunqueue, 1)
  memory.set(task + TASK.state, STATE.running)
}

/** Adds to a word. */
export function bump(memory: Memory, word: number, by = 1): void {
  memory.set(word, memory.get(word) + by)
}

/** Makes a task the one that runs on a CPU, in place of its idle task. */
export function makeCurrent(memory: Memory, cpu: number, task: number): void {
  memory.set(memory.runqueue(cpu) + RUNQUEUE.current, task)
}
