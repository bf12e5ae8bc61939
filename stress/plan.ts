// What a harness asks in its cycles: drawn from a seed, and nothing else. A cycle takes one CPU down and up again, in
// one of several ways; CPU 0 stays up.
import type { Prng } from '../src/base/prng.js'
import type { Profile } from '../src/profiles/profile.js'
import type { Request } from './model.js'

/** Requests that are made at the same time, for different CPUs. */
export type Group = readonly Request[]

export interface Cycle {
  /** how it goes: 'plain', 'partial', ... */
  readonly way: string
  readonly groups: readonly Group[]
}

type Way = (draw: Draw) => readonly Group[]

const WAYS: readonly (readonly [name: string, weight: number, way: Way])[] = [
  ['plain', 50, (draw) => draw.downAndUp()],
  ['partial', 12, (draw) => draw.partial()],
  ['fail-down', 12, (draw) => draw.failDown()],
  ['fail-up', 12, (draw) => draw.failUp()],
  ['fail-dead', 4, (draw) => draw.failDead()],
  ['fail-bury', 2, (draw) => draw.failBury()],
  ['twice', 4, (draw) => draw.twice()],
  ['refused', 4, (draw) => draw.refused()],
  ['together', 3, (draw) => draw.together()],
  ['last', 1, (draw) => draw.last()],
]
const TOTAL = WAYS.reduce((sum, [, weight]) => sum + weight, 0)

/** More CPUs than this are not taken down for the sake of one that is then the last. */
const FEW = 8

/** The next cycle. */
export function nextCycle(prng: Prng, profile: Profile, cpus: number): Cycle {
  let drawn = prng.below(TOTAL)
  for (const [name, weight, way] of WAYS) {
    if (drawn < weight) return { way: name, groups: way(new Draw(prng, profile, cpus)) }
    drawn -= weight
  }
  throw new Error('the weights of the ways do not add up')
}

class Draw {
  private readonly prng: Prng
  private readonly profile: Profile
  private readonly cpus: number
  private readonly cpu: number

  constructor(prng: Prng, profile: Profile, cpus: number) {
    this.prng = prng
    this.profile = profile
    this.cpus = cpus
    this.cpu = 1 + prng.below(cpus - 1)
  }

  private get offline(): Group {
    return [{ do: 'offline', cpu: this.cpu }]
  }

  private get online(): Group {
    return [{ do: 'online', cpu: this.cpu }]
  }

  private target(value: number, cpu = this.cpu): Group {
    return [{ do: 'target', cpu, value }]
  }

  private fail(value: number): Group {
    return [{ do: 'fail', cpu: this.cpu, value }]
  }

  /** One of the states between two, inclusive, that are as wanted; null when there are none. */
  private state(low: number, high: number, wanted: 'stop' | 'startup' | 'teardown'): number | null {
    const fits = this.profile.states.filter((step) => {
      if (step.state < low || step.state > high) return false
      return wanted === 'stop' ? !step.cantStop : step[wanted] !== null
    })
    return fits.length === 0 ? null : fits[this.prng.below(fits.length)]!.state
  }

  downAndUp(): readonly Group[] {
    return [this.offline, this.online]
  }

  /** Down in three steps through hotplug/target, and up in one. */
  partial(): readonly Group[] {
    const { online, stateControl } = this.profile
    const stops = stateControl ? [this.state(155, online - 1, 'stop'), this.state(1, 90, 'stop')] : []
    const down = stops.filter((state) => state !== null).map((state) => this.target(state))
    const half = stateControl ? this.state(155, online - 1, 'stop') : null
    return [...down, this.target(0), ...(half === null ? [] : [this.target(half)]), this.target(online)]
  }

  /** A step on the way down fails: the CPU is back where it was. */
  failDown(): readonly Group[] {
    const state = this.state(153, this.profile.online - 1, 'teardown')
    return state === null ? this.downAndUp() : [this.fail(state), this.offline, ...this.downAndUp()]
  }

  /** A step on the way up fails: the CPU stays down. */
  failUp(): readonly Group[] {
    const late = this.prng.below(2) === 1
    const state = late ? this.state(154, this.profile.online - 1, 'startup') : this.state(1, 91, 'startup')
    return state === null ? this.downAndUp() : [this.offline, this.fail(state), this.online, this.online]
  }

  /** A step of the DEAD section fails for a CPU that had stopped in it already. */
  failDead(): readonly Group[] {
    const stop = this.profile.stateControl ? this.state(30, 90, 'stop') : null
    const state = stop === null ? null : this.state(1, stop, 'teardown')
    if (stop === null || state === null) return this.downAndUp()
    return [this.target(stop), this.fail(state), this.offline, ...this.downAndUp()]
  }

  /** A step of the DEAD section fails for a CPU that was up: it comes back half the way, and can then be taken down. */
  failBury(): readonly Group[] {
    // Ordered while the CPU is down, since later is too late; and not used up on the way up.
    const fits = this.profile.states.filter(({ state, startup, teardown }) => state <= 91 && teardown && !startup)
    if (fits.length === 0) return this.downAndUp()
    const { state } = fits[this.prng.below(fits.length)]!
    return [this.offline, this.fail(state), this.online, this.offline, ...this.downAndUp()]
  }

  twice(): readonly Group[] {
    return [this.offline, this.offline, this.online, this.online]
  }

  /** What the kernel refuses, before, in between and after. */
  refused(): readonly Group[] {
    const requests: readonly Group[] = [
      [{ do: 'offline', cpu: 0 }],
      this.target(93),
      this.target(this.profile.online + 64),
      this.target(-1),
      this.fail(100),
      this.fail(this.profile.online),
    ]
    const some = (): Group => requests[this.prng.below(requests.length)]!
    return [some(), this.offline, some(), this.online, some()]
  }

  /** Two CPUs at once: one of the requests waits for the other. */
  together(): readonly Group[] {
    if (this.cpus < 4) return this.downAndUp()
    const other = 1 + ((this.cpu + this.prng.below(this.cpus - 2)) % (this.cpus - 1))
    const pair = [this.cpu, other]
    return [pair.map((cpu) => ({ do: 'offline', cpu })), pair.map((cpu) => ({ do: 'online', cpu }))]
  }

  /** All but CPU 0 down: that one can't go. */
  last(): readonly Group[] {
    if (this.cpus > FEW) return this.downAndUp()
    const others = Array.from({ length: this.cpus - 1 }, (_, n) => n + 1)
    const each = (what: 'offline' | 'online'): Group[] => others.map((cpu) => [{ do: what, cpu }])
    return [...each('offline'), this.target(0, 0), ...each('online')]
  }
}
