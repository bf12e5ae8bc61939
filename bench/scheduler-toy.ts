// The handshake as asynchronous functions under fast-check's scheduler: each access to a shared variable waits for its turn, and
// waiting for a condition blocks, as in modules/handshake.ts.
import fc from 'fast-check'

export interface Toyed {
  readonly runs: number
  /** turns that the scheduler has given */
  readonly turns: number
  readonly failed: boolean
}

/** Runs it `runs` times, or to the first run that does not end. */
export async function toy(seed: number, runs: number, rounds: number, broken: boolean): Promise<Toyed> {
  let turns = 0
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const turn = (): Promise<void> => {
      turns++
      return scheduler.schedule(Promise.resolve())
    }
    return await handshake(scheduler, turn, rounds, broken)
  })
  const { numRuns, failed } = await fc.check(property, { seed, numRuns: runs, endOnFailure: true })
  return { runs: numRuns, turns, failed }
}

/** Whether both have come to their end. */
async function handshake(
  scheduler: fc.Scheduler,
  turn: () => Promise<void>,
  rounds: number,
  broken: boolean,
): Promise<boolean> {
  const shared = { awake: true, shouldRun: false, shouldPark: false, done: false, parked: false }
  let waiting: { isTrue: () => boolean; go: () => void }[] = []
  const store = async (name: keyof typeof shared, value: boolean): Promise<void> => {
    await turn()
    shared[name] = value
    const ready = waiting.filter(({ isTrue }) => isTrue())
    waiting = waiting.filter((one) => !ready.includes(one))
    for (const { go } of ready) go()
  }
  const load = async (name: keyof typeof shared): Promise<boolean> => {
    await turn()
    return shared[name]
  }
  const until = async (name: keyof typeof shared): Promise<void> => {
    await turn()
    if (!shared[name]) await new Promise<void>((go) => waiting.push({ isTrue: () => shared[name], go }))
  }
  let ended = 0
  const controller = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      await store('shouldRun', true)
      await store('awake', true)
      await until('done')
      await store('done', false)
    }
    await store('shouldPark', true)
    await store('awake', true)
    await until('parked')
    ended++
  }
  const thread = async (): Promise<void> => {
    for (;;) {
      if (!broken) await store('awake', false)
      if (await load('shouldPark')) break
      if (await load('shouldRun')) {
        await store('awake', true)
        await store('shouldRun', false)
        await store('done', true)
        continue
      }
      if (broken) await store('awake', false)
      await until('awake')
    }
    await store('parked', true)
    ended++
  }
  const both = [controller(), thread()]
  await scheduler.waitIdle()
  if (ended === both.length) await Promise.all(both)
  return ended === both.length
}
