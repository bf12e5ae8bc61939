// The rule of rollback, over step tables that nobody has thought of: a failure leads to the way up to the step that fails,
// and then to exactly its undoing.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import type { Profile, StepDescription } from '#dist/src/profiles/profile.js'
import { onDeterministic, rejection, unexpected } from '../support/machines.js'
import { anyProfile } from '../support/profiles.js'
import { tries } from '../support/properties.js'
import { type Passed, passed, usesProfile, wayDown, wayUp } from '../support/steps.js'

const [BRINGUP, AP_ONLINE, TEARDOWN, IDLE] = [91, 152, 153, 154]

/** Run by the CPU itself with interrupts off. A failure there is warned about; only the last of them can be told to fail. */
const isAtomic = ({ state }: StepDescription): boolean => state > BRINGUP && state <= AP_ONLINE

/** One machine with one CPU to try things on, and what it is at any moment. */
class Bench {
  readonly machine: Machine
  readonly profile: Profile
  readonly cpu: number

  constructor(machine: Machine, profile: Profile, cpu: number) {
    this.machine = machine
    this.profile = profile
    this.cpu = cpu
    usesProfile(machine, profile)
  }

  private file(name: string): string {
    return `cpu${this.cpu}/hotplug/${name}`
  }

  /** Tells a state to fail. */
  async arm(state: number): Promise<void> {
    await this.machine.write(this.file('fail'), state)
    expect(await this.machine.read(this.file('fail'))).toBe(String(state))
  }

  /** Writes a target, which is met. Answers what was passed on the way. */
  async go(target: number): Promise<Passed[]> {
    passed(this.machine)
    await this.machine.write(this.file('target'), target)
    await this.expectFiles(target, target)
    return passed(this.machine)
  }

  /** Writes a target; a step fails on the way. Answers what was passed, to there and back. */
  async fails(target: number): Promise<Passed[]> {
    passed(this.machine)
    expect(await rejection(this.machine.write(this.file('target'), target))).toMatchObject({ code: 'EAGAIN' })
    expect(await this.machine.read(this.file('fail')), 'it fails once').toBe('-1')
    return passed(this.machine)
  }

  async expectFiles(state: number, target: number): Promise<void> {
    const read = (name: string): Promise<string> => this.machine.read(this.file(name))
    expect([await read('state'), await read('target')]).toEqual([String(state), String(target)])
    const online = (await this.machine.read('online')).split(',').length
    const others = this.cpu > 0 && this.cpu < this.machine.cpus - 1 ? 2 : 1
    expect(online, 'parts of the list of online CPUs').toBe(state >= TEARDOWN ? 1 : others)
  }
}

/** Tries something with every step of drawn tables: `fits` says which. */
function forEveryStep(
  name: string,
  fits: (step: StepDescription, profile: Profile) => boolean,
  body: (bench: Bench, step: StepDescription) => Promise<void>,
  warnings?: RegExp,
): void {
  const drawn = fc.record({ profile: anyProfile(), cpus: fc.integer({ min: 3, max: 4 }), seed: fc.nat(1000) })
  test(name, async () => {
    let tried = 0
    const property = fc.asyncProperty(drawn, async ({ profile, cpus, seed }) => {
      await onDeterministic({ cpus, seed, profile }, async (machine) => {
        const bench = new Bench(machine, profile, 1 + (seed % (cpus - 1)))
        for (const step of profile.states.filter((each) => fits(each, profile))) {
          await body(bench, step)
          tried++
        }
        expect(unexpected(machine.log, warnings), 'kernel warnings').toEqual([])
      })
    })
    await fc.assert(property, tries(20))
    expect(tried).toBeGreaterThan(3)
  })
}

forEveryStep(
  'a step that fails on the way down of a CPU that is up: down to it, and up again',
  (step) => step.state >= TEARDOWN && step.teardown !== null,
  async (bench, { state }) => {
    const { profile } = bench
    const { online } = profile
    await bench.arm(state)
    expect(await bench.fails(0)).toEqual([...wayDown(profile, online, state), ...wayUp(profile, state, online)])
    await bench.expectFiles(online, online)
    expect(await bench.go(0)).toEqual(wayDown(profile, online, 0))
    expect(await bench.go(online)).toEqual(wayUp(profile, 0, online))
  },
)

forEveryStep(
  'a step that fails on the way up of a CPU that is off: up to it, and down again',
  (step) => !isAtomic(step) && step.startup !== null,
  async (bench, { state }) => {
    const { profile } = bench
    const { online } = profile
    await bench.go(0)
    await bench.arm(state)
    expect(await bench.fails(online)).toEqual([...wayUp(profile, 0, state - 1), ...wayDown(profile, state - 1, 0)])
    await bench.expectFiles(0, 0)
    expect(await bench.go(online)).toEqual(wayUp(profile, 0, online))
  },
)

forEveryStep(
  'a step that fails between two states where a request may stop: there and back',
  (step, { states }) => step.teardown !== null && stopsAround(step, states) !== null,
  async (bench, step) => {
    const { profile } = bench
    const [low, high] = stopsAround(step, profile.states)!
    await bench.go(high)
    await bench.arm(step.state)
    expect(await bench.fails(low)).toEqual([...wayDown(profile, high, step.state), ...wayUp(profile, step.state, high)])
    await bench.expectFiles(high, high)
    expect(await bench.go(low)).toEqual(wayDown(profile, high, low))
    if (step.startup !== null) {
      await bench.arm(step.state)
      expect(await bench.fails(high)).toEqual([
        ...wayUp(profile, low, step.state - 1),
        ...wayDown(profile, step.state - 1, low),
      ])
      await bench.expectFiles(low, low)
    }
    await bench.go(profile.online)
  },
)

forEveryStep(
  'a step that fails for a CPU that has died on this way: it comes back as far as it goes by itself',
  // With a startup it would fail on the way up already: later it can't be told.
  (step) => step.state <= BRINGUP && step.startup === null && step.teardown !== null,
  async (bench, { state }) => {
    const { profile } = bench
    const { online } = profile
    await bench.go(0)
    await bench.arm(state)
    await bench.go(online)
    expect(await bench.fails(0)).toEqual([...wayDown(profile, online, state), ...wayUp(profile, state, BRINGUP)])
    await bench.expectFiles(IDLE, TEARDOWN)
    expect(await bench.go(online)).toEqual(wayUp(profile, IDLE, online))
  },
  /DEAD callback error for CPU\d/,
)

forEveryStep(
  'the last step with interrupts off must not fail: the CPU goes on, and that is warned about',
  ({ state, startup, teardown }) => state === AP_ONLINE && startup !== null && teardown !== null,
  async (bench, { state }) => {
    const { profile, machine } = bench
    for (const [from, to, direction] of [
      [profile.online, 0, 'DOWN'],
      [0, profile.online, 'UP'],
    ] as const) {
      const logged = machine.log.length
      await bench.arm(state)
      expect(await bench.go(to)).toEqual(to === 0 ? wayDown(profile, from, to) : wayUp(profile, from, to))
      expect(
        machine.log
          .slice(logged)
          .map(({ text }) => text)
          .join('\n'),
      ).toContain(`CPU ${bench.cpu} ${direction} state 152 failed (-11)`)
    }
  },
  /state 152 failed/,
)

/** The nearest states below and at or above a step where a request may stop, in its own section; null when there are none. */
function stopsAround({ state }: StepDescription, states: readonly StepDescription[]): [number, number] | null {
  const section = (other: number): number => (other <= 90 ? 0 : other > IDLE ? 1 : 2)
  const stops = states.filter(
    (step) => !step.cantStop && section(step.state) === section(state) && section(state) !== 2,
  )
  const low = stops.filter((step) => step.state < state).at(-1)
  const high = stops.find((step) => step.state >= state)
  return low === undefined || high === undefined ? null : [low.state, high.state]
}
