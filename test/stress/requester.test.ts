// What requesters know of each other, with a machine that only answers: none of it depends on what a kernel does.
import { expect, test } from 'vitest'
import { Prng } from '#dist/src/base/prng.js'
import type { Machine } from '#dist/src/machine/machine.js'
import { loadProfile } from '#dist/src/profiles/load.js'
import type { Load } from '#dist/stress/busy/load.js'
import { Board, Requester } from '#dist/stress/busy/requester.js'

/** A machine whose answers take some turns of the host's event loop. */
class Answering {
  readonly cpus = 4
  readonly memory = { layout: { config: { tasks: 0 } }, active: 0, get: () => -1 }
  /** requests under way, by CPU */
  readonly underWay = [0, 0, 0, 0]
  private readonly prng: Prng

  constructor(prng: Prng) {
    this.prng = prng
  }

  private async answer(cpu: number): Promise<void> {
    this.underWay[cpu]!++
    await this.sleep()
    this.underWay[cpu]!--
  }

  async sleep(): Promise<void> {
    for (let n = this.prng.below(12); n > 0; n--) await null
  }

  offline = (cpu: number): Promise<void> => this.answer(cpu)
  online = (cpu: number): Promise<void> => this.answer(cpu)
  write = (path: string): Promise<void> => this.answer(Number(/\d+/.exec(path)))
  read = async (): Promise<string> => '236'
}

test('whoever begins to work on a CPU finds nobody else at it', { timeout: 60_000 }, async () => {
  const prng = new Prng(1)
  const machine = new Answering(prng.fork('machine'))
  const board = new Board(machine.cpus)
  const met: string[] = []
  let takings = 0
  let disturbances = 0
  const add = board.taken.add.bind(board.taken)
  board.taken.add = (cpu) => {
    takings++
    if (machine.underWay[cpu] !== 0) met.push(`CPU ${cpu}, taken as number ${takings}`)
    return add(cpu)
  }
  const disturb = board.disturbed.set.bind(board.disturbed)
  board.disturbed.set = (cpu, requests) => {
    disturbances++
    return disturb(cpu, requests)
  }
  const requesters = Array.from({ length: 4 }, (_, n) =>
    new Requester({
      machine: machine as unknown as Machine,
      board,
      load: { roaming: () => null } as unknown as Load,
      prng: prng.fork(`requester ${n}`),
      profile: loadProfile('linux-6.1-minimal'),
      minOnline: 1,
      failEvery: 0,
      intervalNs: 0,
      find: () => {},
      more: () => takings < 100_000,
    }).run(),
  )
  await Promise.all(requesters)
  expect(disturbances).toBeGreaterThan(1000)
  expect(met).toEqual([])
})
