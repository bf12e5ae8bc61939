// A task that sleeps, wakes at intervals of 50 to 549 us, and sleeps again: busy with nothing but timers. A timer that is
// lost stops it.
import type { UserProcess, UserTask, Workload } from './workload.js'

const AT = { woken: 0, sum: 1 } as const

/** How long it sleeps the `n`-th time, us. */
function interval(seed: number, n: number): number {
  const x = Math.imul((seed ^ Math.imul(n + 1, 0x9e37_79b1)) | 0, 0x85eb_ca6b)
  return 50 + (((x ^ (x >>> 15)) >>> 0) % 500)
}

export const sleeper: Workload = {
  name: 'sleeper',
  description: 'sleeps for 50 to 549 us, again and again',
  unitNs: 1_000,
  typicalWork: 500,
  bytes: () => 64,
  prepare(): void {},
  step(task: UserTask): number {
    const { words, work, seed } = task.process
    const woken = words[AT.woken]!
    if (woken === work) return task.done()
    const us = interval(seed, woken)
    words[AT.sum] = (Math.imul(words[AT.sum]!, 31) + us) | 0
    words[AT.woken] = woken + 1
    task.used = 1
    return task.sleep(us * 1000)
  },
  result: ({ words }: UserProcess): string => `${words[AT.woken]} times, ${words[AT.sum]! >>> 0}`,
  expected(work: number, seed: number): string {
    let sum = 0
    for (let n = 0; n < work; n++) sum = (Math.imul(sum, 31) + interval(seed, n)) | 0
    return `${work} times, ${sum >>> 0}`
  },
}
