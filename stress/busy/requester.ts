// Who takes CPUs down and brings them up: several requesters at once, each with a seed of its own. Most of the time a
// requester works on a CPU that nobody else works on, and then it knows what must come of each request; now and then it
// gets in another's way on purpose.
import { type ErrnoName, KernelError } from '../../src/base/errno.js'
import type { Prng } from '../../src/base/prng.js'
import type { Machine } from '../../src/machine/machine.js'
import { testBit } from '../../src/ops/mask.js'
import type { Profile } from '../../src/profiles/profile.js'
import { runnableTasks } from '../runnable.js'
import type { Load } from './load.js'

/** What all requesters know of each other. */
export class Board {
  /** CPUs that somebody works on */
  readonly taken = new Set<number>()
  /** requests of others for CPUs that somebody works on: whoever works on it must reckon with anything */
  readonly disturbed = new Map<number, Promise<unknown>[]>()
  /** CPUs that are being brought to a known state, until they are released: nobody is to interfere */
  readonly closed = new Set<number>()
  /** CPUs that are, or are about to be, fully up */
  readonly up = new Set<number>()
  /** ways down of a CPU that was all the way up: how many, and how many of those had a runnable task */
  offlines = 0
  busy = 0
  attempts = { offline: 0, online: 0 }
  done = { offline: 0, online: 0 }
  requests = 0
  refused = new Map<ErrnoName, number>()
  /** runnable tasks on the CPU when it was told to go, by number */
  readonly runnable = new Map<number, number>()

  constructor(cpus: number) {
    for (let cpu = 0; cpu < cpus; cpu++) this.up.add(cpu)
  }

  /**
   * Nobody works on a CPU any more. Taken and closed end as one: whoever found it taken and no longer closed would make a
   * request that the next one to work on it knows nothing of.
   */
  release(cpu: number): void {
    this.taken.delete(cpu)
    this.closed.delete(cpu)
  }
}

export interface RequesterOptions {
  readonly machine: Machine
  readonly board: Board
  readonly load: Load
  readonly prng: Prng
  readonly profile: Profile
  readonly minOnline: number
  readonly failEvery: number
  readonly intervalNs: number
  readonly find: (what: string, message: string) => void
  /** whether to go on */
  readonly more: () => boolean
}

/** How often, and how long apart, a requester looks whether a CPU has got something to do before it takes it down. */
const LOOKS = 50
const LOOK_NS = 200_000

type Expected = readonly (ErrnoName | null)[]
/** What may come of a request for a CPU that others work on. */
const DISTURBED: Expected = [null, 'EAGAIN', 'EBUSY', 'EINVAL']

export class Requester {
  private readonly o: RequesterOptions

  constructor(options: RequesterOptions) {
    this.o = options
  }

  /** Makes requests until there are to be no more. Rejects with the machine's end. */
  async run(): Promise<void> {
    const { more, intervalNs, prng, machine } = this.o
    while (more()) {
      await this.act()
      if (intervalNs > 0) await machine.sleep(intervalNs / 2 + prng.below(Math.ceil(intervalNs / 2)))
    }
  }

  private async act(): Promise<void> {
    const { prng, board, machine } = this.o
    const drawn = prng.below(100)
    if (drawn < 4) return await this.interfere()
    if (drawn < 6) {
      await this.expect('offline', 0, () => machine.offline(0), ['EPERM'])
      return
    }
    const cpu = this.take()
    if (cpu < 0) return await machine.sleep(100_000)
    board.disturbed.delete(cpu)
    try {
      if (!board.up.has(cpu)) await this.bringUp(cpu, drawn)
      else if (this.mayGo()) await this.takeDown(cpu, drawn)
      else await this.expect('online', cpu, () => machine.online(cpu), [null])
      if (board.disturbed.has(cpu)) await this.tidy(cpu)
    } finally {
      board.release(cpu)
    }
  }

  /** A CPU that nobody works on, for this requester alone; -1 when there is none. CPU 0 stays. */
  private take(): number {
    const { prng, board, machine } = this.o
    const free: number[] = []
    for (let cpu = 1; cpu < machine.cpus; cpu++) if (!board.taken.has(cpu)) free.push(cpu)
    if (free.length === 0) return -1
    const cpu = free[prng.below(free.length)]!
    board.taken.add(cpu)
    return cpu
  }

  private mayGo(): boolean {
    const { board, minOnline } = this.o
    return board.up.size > minOnline
  }

  private async takeDown(cpu: number, drawn: number): Promise<void> {
    const { machine, board, failEvery, prng } = this.o
    board.up.delete(cpu)
    if (failEvery > 0 && prng.below(failEvery) === 0) return await this.failDown(cpu)
    if (drawn < 16) return await this.partial(cpu)
    await this.awaitWork(cpu)
    this.look(cpu)
    const offline = (): Promise<boolean> => this.expect('offline', cpu, () => machine.offline(cpu), [null])
    const [done] = await Promise.all([offline(), this.roam(cpu)])
    if (!done) board.up.add(cpu)
    else if (drawn < 20) await offline()
  }

  private async bringUp(cpu: number, drawn: number): Promise<void> {
    const { machine, board } = this.o
    if (!(await this.expect('online', cpu, () => machine.online(cpu), [null]))) return
    board.up.add(cpu)
    if (drawn < 20) await this.expect('online', cpu, () => machine.online(cpu), [null])
  }

  /** Down to a state half-way in which the CPU is closed to tasks, and back. */
  private async partial(cpu: number): Promise<void> {
    const { machine, profile, prng, board } = this.o
    const stops = profile.states.filter(({ state, cantStop }) => !cantStop && state >= 155 && state < profile.online)
    const target = (state: number) => () => machine.write(`cpu${cpu}/hotplug/target`, state)
    const stop = stops[prng.below(stops.length)]
    if (profile.stateControl && stop !== undefined) {
      await this.expect('target', cpu, target(stop.state), [null])
      if (prng.below(2) === 0) await this.expect('target', cpu, target(0), [null])
      await this.expect('target', cpu, target(profile.online), [null])
    }
    board.up.add(cpu)
  }

  /** A step on the way down is told to fail: the CPU stays as it was. */
  private async failDown(cpu: number): Promise<void> {
    const { machine, profile, prng, board } = this.o
    const fits = profile.states.filter(
      ({ state, teardown }) => teardown !== null && state >= 153 && state < profile.online,
    )
    const step = fits[prng.below(fits.length)]!
    await this.expect('fail', cpu, () => machine.write(`cpu${cpu}/hotplug/fail`, step.state), [null])
    await this.expect('offline', cpu, () => machine.offline(cpu), ['EAGAIN'])
    const state = await machine.read(`cpu${cpu}/hotplug/state`)
    if (state !== String(profile.online) && !board.disturbed.has(cpu)) {
      this.o.find('rollback', `CPU ${cpu} is in state ${state} after step ${step.state} has failed on its way down`)
    }
    board.up.add(cpu)
  }

  /** A request for a CPU that another requester works on: one of the two waits for the other, and neither knows which. */
  private async interfere(): Promise<void> {
    const { prng, board, machine } = this.o
    const taken = [...board.taken].filter((cpu) => !board.closed.has(cpu))
    const cpu = taken[prng.below(Math.max(1, taken.length))]
    if (cpu === undefined || !this.mayGo()) return
    const ask = prng.below(2) === 0 ? () => machine.offline(cpu) : () => machine.online(cpu)
    const request = this.expect('disturbance', cpu, ask, DISTURBED)
    board.disturbed.set(cpu, [...(board.disturbed.get(cpu) ?? []), request])
    await request
  }

  /** After others have interfered: waits for them, and brings the CPU to where it is known to be. No more of it meanwhile. */
  private async tidy(cpu: number): Promise<void> {
    const { board, machine, profile } = this.o
    board.closed.add(cpu)
    for (let seen = 0, requests = board.disturbed.get(cpu)!; seen < requests.length; ) {
      seen = requests.length
      await Promise.all(requests)
      requests = board.disturbed.get(cpu)!
    }
    await machine.write(`cpu${cpu}/hotplug/fail`, -1)
    await this.expect('online', cpu, () => machine.online(cpu), [null])
    await this.expect('target', cpu, () => machine.write(`cpu${cpu}/hotplug/target`, profile.online), [null])
    board.up.add(cpu)
  }

  /** While the CPU goes, a process asks to be allowed there and nowhere else. */
  private async roam(cpu: number): Promise<void> {
    const { load, prng, machine } = this.o
    const task = prng.below(3) === 0 ? load.roaming() : null
    if (task === null) return
    // EINVAL: the CPU was not active any more; ESRCH: the process has come to its end meanwhile.
    const allowed: Expected = [null, 'EINVAL', 'ESRCH']
    await this.expect('setaffinity', cpu, () => task.setAffinity(String(cpu)), allowed)
    if (!task.ended) await this.expect('setaffinity', cpu, () => task.setAffinity(`0-${machine.cpus - 1}`), allowed)
  }

  /** A CPU that has just come up gets some work soon, and is not to go before; if it does not, that is a finding. */
  private async awaitWork(cpu: number): Promise<void> {
    const { machine } = this.o
    for (let n = 0; n < LOOKS && runnableTasks(machine, cpu) === 0; n++) await machine.sleep(LOOK_NS)
  }

  /** Notes how many tasks the CPU has to run as it is told to go. */
  private look(cpu: number): void {
    const { machine, board } = this.o
    const { memory } = machine
    if (!testBit(memory, memory.active, cpu)) return
    const running = runnableTasks(machine, cpu)
    board.offlines++
    if (running > 0) board.busy++
    board.runnable.set(running, (board.runnable.get(running) ?? 0) + 1)
  }

  /** Makes a request, and looks at the answer. Answers whether it was carried out. */
  private async expect(what: string, cpu: number, ask: () => Promise<void>, expected: Expected): Promise<boolean> {
    const { board, find } = this.o
    board.requests++
    const counted = what === 'offline' || what === 'online' ? what : null
    if (counted !== null && cpu !== 0) board.attempts[counted]++
    let errno: ErrnoName | null = null
    try {
      await ask()
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      errno = error.code
      board.refused.set(errno, (board.refused.get(errno) ?? 0) + 1)
    }
    if (counted !== null && errno === null) board.done[counted]++
    if (!expected.includes(errno) && !(board.disturbed.has(cpu) && DISTURBED.includes(errno))) {
      const allowed = expected.map((code) => code ?? 'success').join(' or ')
      find('answer', `${what} of CPU ${cpu}: answered ${errno ?? 'success'}, expected ${allowed}`)
    }
    return errno === null
  }
}
