// Two tasks that play ping-pong over wait and wake: each waits until it is its turn, and hands the turn on. Nearly all of
// it is sleeping and waking. A wakeup that is lost stops the game.
import type { UserProcess, UserTask, Workload } from './workload.js'

/** Whose turn it is; then for each player how many it has played, and where it is. */
const AT = { turn: 0, played: 16, phase: 18, sum: 20 } as const
const PHASE = { look: 0, wake: 1 } as const

export const pingPong: Workload = {
  name: 'ping-pong',
  description: 'two tasks that hand a turn to each other, asleep in between',
  tasks: 2,
  unitNs: 2_000,
  typicalWork: 2_000,
  bytes: () => 128,
  prepare(): void {},
  step(task: UserTask): number {
    const { words, work } = task.process
    const { index } = task
    task.used = 0
    if (words[AT.phase + index] === PHASE.wake) {
      words[AT.phase + index] = PHASE.look
      return task.wake(AT.turn, 1)
    }
    if (words[AT.played + index] === work) return task.done()
    const turn = Atomics.load(words, AT.turn)
    if ((turn & 1) !== index) return task.wait(AT.turn, turn)
    // The turns that a player sees go up by two: one that is skipped, or taken twice, shows in the sum.
    words[AT.sum + index] = (Math.imul(words[AT.sum + index]!, 31) + turn) | 0
    words[AT.played + index]!++
    task.used = 1
    Atomics.store(words, AT.turn, turn + 1)
    words[AT.phase + index] = PHASE.wake
    return 0
  },
  result: ({ words }: UserProcess): string =>
    `${words[AT.turn]} turns, ${words[AT.sum]! >>> 0} and ${words[AT.sum + 1]! >>> 0}`,
  expected(work: number): string {
    const sums = [0, 1].map((player) => {
      let sum = 0
      for (let n = 0; n < work; n++) sum = (Math.imul(sum, 31) + 2 * n + player) | 0
      return sum >>> 0
    })
    return `${2 * work} turns, ${sums[0]} and ${sums[1]}`
  },
}
