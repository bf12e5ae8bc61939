// Whatever is asked of a healthy machine, everything holds when it comes to rest. Requests are drawn at random, the same
// ones each time unless CPUHP_TEST_SEED says otherwise; CPUHP_TEST_RUNS asks for more of them. When a run fails,
// fast-check shrinks it and prints the seed and the path that show it again.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KernelError } from '#dist/src/base/errno.js'
import { checkInvariants, INVARIANTS } from '#dist/src/invariants/check.js'
import { Machine } from '#dist/src/machine/machine.js'
import { CPUHP } from '#dist/src/memory/structs.js'
import { bitsOf, testBit } from '#dist/src/ops/mask.js'
import { loadProfile } from '#dist/src/profiles/load.js'
import { settle } from '#dist/stress/settle.js'

const CPUS = 4
const STATES = loadProfile('linux-6.1-minimal').states.map(({ state }) => state)

type Request =
  | { readonly kind: 'offline' | 'online'; readonly cpu: number }
  | { readonly kind: 'target' | 'fail'; readonly cpu: number; readonly value: number }

const cpu = fc.integer({ min: 0, max: CPUS - 1 })
const someState = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 236, 235, 155, 156, 200, 40, 62, 1) },
  { weight: 5, arbitrary: fc.constantFrom(...STATES) },
  { weight: 1, arbitrary: fc.integer({ min: -2, max: 240 }) },
)
const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('offline' as const, 'online' as const), cpu }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('target' as const), cpu, value: someState }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const), cpu, value: someState }) },
)
/** Requests that are made at the same time, one group after the other. */
const groups = fc.array(fc.array(request, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 })

/**
 * Whether a request would kill the kernel, as it does Linux: a CPU that is sent down into the DYING section, where it
 * can't stop, or nobody left who is up all the way. Requests made together may each find what others left, so there CPU 0
 * has to stay up, and the DYING section is not asked for at all.
 */
function isDeadly(machine: Machine, asked: Request, alone: boolean): boolean {
  if (asked.kind === 'fail' || asked.kind === 'online') return false
  const { memory } = machine
  const goesTo = 'value' in asked ? asked.value : 0
  const state = memory.get(memory.cpuhp(asked.cpu) + CPUHP.state)
  const atomic = goesTo >= 92 && goesTo <= 153
  if (atomic) return !alone || state > goesTo
  const others = [...bitsOf(memory, memory.active)].filter((c) => c !== asked.cpu && !testBit(memory, memory.dying, c))
  return alone ? others.length === 0 : asked.cpu === 0 || !others.includes(0)
}

/**
 * Whether a failure would be ordered while its CPU moves: then it may come after another one and meet the rollback, and
 * a rollback that fails leaves the CPU where it is, as it does in Linux.
 */
function isRacy(asked: Request, group: readonly Request[]): boolean {
  return asked.kind === 'fail' && group.some((other) => other !== asked && other.cpu === asked.cpu)
}

/** What Linux logs too: a target that is set right, a step of the DEAD section that fails, a task that had to move. */
const EXPECTED =
  /is now offline$|smpboot: Booting Node |at target_store: |DEAD callback error for CPU|no longer affine to cpu/

async function make(machine: Machine, asked: Request): Promise<void> {
  try {
    if ('value' in asked) await machine.write(`cpu${asked.cpu}/hotplug/${asked.kind}`, asked.value)
    else await machine[asked.kind](asked.cpu)
  } catch (error) {
    // What the kernel refuses is an answer; a panic is not.
    if (!(error instanceof KernelError)) throw error
  }
}

async function run(seed: number, strategy: 'random' | 'fixed', work: readonly (readonly Request[])[]): Promise<number> {
  const machine = await Machine.boot({ cpus: CPUS, machine: 'deterministic', seed, strategy })
  let made = 0
  try {
    for (const group of work) {
      const chosen = group.filter((asked) => !isDeadly(machine, asked, group.length === 1) && !isRacy(asked, group))
      await Promise.all(chosen.map((asked) => make(machine, asked)))
      made += chosen.length
      expect(await settle(machine)).toBe(true)
      expect(checkInvariants(machine).violations).toEqual([])
    }
    expect(machine.log.map(({ text }) => text).filter((text) => !EXPECTED.test(text))).toEqual([])
  } finally {
    await machine.shutdown()
  }
  return made
}

const SEED = Number(process.env.CPUHP_TEST_SEED ?? 1)
const RUNS = Number(process.env.CPUHP_TEST_RUNS ?? 300)

test('everything holds on a healthy machine after whatever was asked of it', async () => {
  let made = 0
  const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 })
  const strategy = fc.constantFrom('random' as const, 'random' as const, 'random' as const, 'fixed' as const)
  await fc.assert(
    fc.asyncProperty(seed, strategy, groups, async (chosenSeed, chosenStrategy, work) => {
      made += await run(chosenSeed, chosenStrategy, work)
    }),
    { numRuns: RUNS, seed: SEED },
  )
  expect(made).toBeGreaterThan(3 * RUNS)
  expect(INVARIANTS.length).toBeGreaterThan(30)
}, 600_000)
