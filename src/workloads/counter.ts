// A counter that four tasks count up, each under a lock: a plain one, so that a lock that lets two in loses counts.
import type { UserProcess, UserTask, Workload } from './workload.js'

const TASKS = 4
/** The counter; then for each task how many it has added, where it is in its round, and what it has read. */
const AT = { counter: 0, added: 1, phase: 1 + TASKS, read: 1 + 2 * TASKS } as const
const PHASE = { unlocked: 0, locked: 1, read: 2, written: 3 } as const

export const counter: Workload = {
  name: 'counter',
  description: 'four tasks count one plain counter up, each time under a lock that all of them want',
  tasks: TASKS,
  unitNs: 2_000,
  typicalWork: 1_000,
  bytes: () => 64,
  prepare(): void {},
  step(task: UserTask): number {
    const { words, work } = task.process
    const added = AT.added + task.index
    const phase = AT.phase + task.index
    task.used = 0
    switch (words[phase]) {
      case PHASE.unlocked:
        if (words[added] === work) return task.done()
        words[phase] = PHASE.locked
        return task.lock(0)
      case PHASE.locked:
        if (task.result !== 0) throw new Error(`the lock was refused: ${task.result}`)
        words[AT.read + task.index] = words[AT.counter]!
        words[phase] = PHASE.read
        return 0
      // In another step than it was read: whoever else were in here would be in between.
      case PHASE.read:
        words[AT.counter] = words[AT.read + task.index]! + 1
        words[added]!++
        task.used = 1
        words[phase] = PHASE.written
        return task.unlock(0)
      default:
        words[phase] = PHASE.unlocked
        return 0
    }
  },
  result: ({ words }: UserProcess): string => String(words[AT.counter]),
  expected: (work: number): string => String(TASKS * work),
}
