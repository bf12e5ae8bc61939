// A task that sleeps, wakes at intervals, and sleeps again: busy with nothing but timers. A timer that is lost stops it.
// Long intervals outlast a CPU's way down on threads, so that sleepers are there when its timers are moved; short ones
// keep the timer busy, and outlast one in the deterministic machine's time.
import type { UserProcess, UserTask, Workload } from './workload.js'

const AT = { woken: 0, sum: 1 } as const

const LEAST_US = 50
const OCTAVES = 8

/** How long it sleeps the `n`-th time, us: every octave from 50 us to 12.8 ms is as likely as any other. */
function interval(seed: number, n: number): number {
  const x = Math.imul((seed ^ Math.imul(n + 1, 0x9e37_79b1)) | 0, 0x85eb_ca6b)
  const bits = (x ^ (x >>> 15)) >>> 0
  const octave = LEAST_US << (bits % OCTAVES)
  return octave + (Math.floor(bits / OCTAVES) % octave)
}

export const sleeper: Workload = {
  name: 'sleeper',
  description: 'sleeps for 50 us to 12.8 ms, again and again',
  unitNs: 1_000,
  typicalWork: 100,
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
