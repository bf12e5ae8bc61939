// The harness must find what it is there to find: machines that lie about one thing, and it says which.
import { afterEach, describe, expect, test } from 'vitest'
import { KernelError } from '#dist/src/base/errno.js'
import { Machine } from '#dist/src/machine/machine.js'
import type { MachineOptions } from '#dist/src/machine/options.js'
import { GLOBAL, PERCPU } from '#dist/src/memory/structs.js'
import { type CyclesOptions, runCycles } from '#dist/stress/cycles.js'
import type { Finding } from '#dist/stress/verdict.js'

const machines: Machine[] = []

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.shutdown()
})

/** A machine on which some of what it can do is done otherwise; `overrides` gets the true one. */
function lying(overrides: (machine: Machine, booted: number) => Partial<Machine>): CyclesOptions['boot'] {
  let booted = 0
  return async (options: MachineOptions) => {
    const machine = await Machine.boot(options)
    machines.push(machine)
    const lies = overrides(machine, booted++)
    return new Proxy(machine, {
      get(target, name) {
        const value: unknown = Reflect.get(Object.hasOwn(lies, name) ? lies : target, name)
        return typeof value === 'function' ? value.bind(Object.hasOwn(lies, name) ? lies : target) : value
      },
    })
  }
}

const OPTIONS: CyclesOptions = { machine: 'deterministic', cycles: 30, cpus: 4, seed: 1 }

describe('cycles on a healthy machine', () => {
  test('find nothing, in all the ways there are', async () => {
    const verdict = await runCycles({ ...OPTIONS, cycles: 400 })
    expect(verdict).toMatchObject({ outcome: 'success', cycles: 400, findings: [], repeated: 20, untraced: 0 })
    expect(Object.keys(verdict.ways).sort()).toEqual([
      'fail-bury',
      'fail-dead',
      'fail-down',
      'fail-up',
      'last',
      'partial',
      'plain',
      'refused',
      'together',
      'twice',
    ])
    expect(verdict.offline!.count).toBeGreaterThan(300)
    expect(verdict.checks).toBeGreaterThan(1000 * 30)
  })

  test.each([
    [2, 'linux-6.1-minimal'],
    [12, 'linux-6.1-minimal'],
    [5, 'linux-6.1-debian-cloud'],
  ])('find nothing with %i CPUs and %s', async (cpus, profile) => {
    const verdict = await runCycles({ ...OPTIONS, cpus, profile, cycles: 100, seed: 5 })
    expect(verdict).toMatchObject({ outcome: 'success', cycles: 100, findings: [] })
  })

  test.each([4, 2, 1])('find nothing on %i worker threads', async (workers) => {
    const verdict = await runCycles({
      ...OPTIONS,
      machine: 'threads',
      workers,
      cycles: 60,
      checkEvery: 4,
      seed: workers,
    })
    expect(verdict).toMatchObject({ outcome: 'success', cycles: 60, findings: [], workers, digest: null })
    expect(verdict.operations).toBeGreaterThan(10_000)
  })
})

describe('cycles find a machine that', () => {
  const LIARS: readonly [what: string, seen: string, boot: CyclesOptions['boot'], message: RegExp][] = [
    [
      'answers without doing anything',
      'files',
      lying(() => ({ offline: async () => {} })),
      /after offline of CPU \d: online is '0-3', expected '0.*'/,
    ],
    [
      'refuses what it must do',
      'answer',
      lying(() => ({
        online: async (cpu) => {
          throw new KernelError('EBUSY', 'online', `cpu${cpu}`)
        },
      })),
      /online of CPU \d: answered EBUSY, expected success/,
    ],
    [
      'shows the wrong list',
      'files',
      lying((machine) => ({ read: async (path) => (path === 'offline' ? '' : machine.read(path)) })),
      /offline is '', expected '\d'/,
    ],
    [
      'leaves a callback out',
      'callbacks',
      lying((machine) => ({ trace: () => machine.trace().filter((event) => (event.c & 0xffff) !== 200) })),
      /callback \d+ is .*, expected is cacheinfo_cpu_pre_down \(step 200\)/,
    ],
    [
      'does not end a callback',
      'callbacks',
      lying((machine) => ({
        trace: () => machine.trace().filter(({ event, c }) => event !== 'cpuhp_exit' || (c & 0xffff) !== 200),
      })),
      /step 2\d\d of CPU \d .*/,
    ],
    [
      'lets masks and counts differ',
      'masks-counted',
      lying((machine) => ({
        online: async (cpu) => {
          await machine.online(cpu)
          const count = machine.memory.global + GLOBAL.onlineCount
          machine.memory.set(count, machine.memory.get(count) + 1)
        },
      })),
      /5 CPUs are counted as online, 4 are in the mask/,
    ],
    [
      'is another one the second time',
      'digest',
      lying((machine, booted) => ({ counters: () => ({ ...machine.counters(), digest: booted }) })),
      /20 cycles led to the digest 0, and run again to 1/,
    ],
  ]

  test.each(LIARS)('%s', async (_what, seen, boot, message) => {
    const verdict = await runCycles({ ...OPTIONS, ...(boot && { boot }) })
    expect(verdict.outcome).toBe('violation')
    const finding = verdict.findings.find(({ what }) => what === seen) as Finding
    expect(finding.message).toMatch(message)
    expect(verdict.command).toMatch(/^cpuhp cycles --machine deterministic --cpus 4 --seed 1 --cycles \d+$/)
  })

  test('panics', async () => {
    const boot = lying((machine) => ({ offline: (cpu) => machine.write(`cpu${cpu}/hotplug/target`, 148) }))
    const verdict = await runCycles({ ...OPTIONS, ...(boot && { boot }) })
    expect(verdict.outcome).toBe('panic')
    expect(verdict.panic).toMatch(/^kernel BUG in cpuhp_report_idle_dead on CPU \d: CPU \d is dead in state 148\n/)
  })

  test('does not come to rest', async () => {
    // An interrupt that is pending is taken, so this one comes back for ever.
    const boot = lying((machine) => ({
      step: (n) => {
        machine.memory.set(machine.memory.percpu(1) + PERCPU.pending, 1)
        machine.step(n)
        return n ?? 1
      },
    }))
    const verdict = await runCycles({ ...OPTIONS, ...(boot && { boot }) })
    expect(verdict.findings.map(({ what }) => what)).toContain('comes-to-rest')
  })
})

describe('cycles that are interrupted', () => {
  test.each(['deterministic', 'threads'] as const)('say what was done so far: %s', async (machine) => {
    const controller = new AbortController()
    const onCycle = (done: number): void => {
      if (done === 7) controller.abort()
    }
    const verdict = await runCycles({ ...OPTIONS, machine, cycles: 1e6, signal: controller.signal, onCycle })
    expect(verdict).toMatchObject({ outcome: 'interrupted', cycles: 7, findings: [], panic: null })
  })

  test('end in the middle of a request', async () => {
    const controller = new AbortController()
    const boot = lying((machine) => ({
      offline: async (cpu) => {
        const request = machine.offline(cpu)
        controller.abort()
        await request
      },
    }))
    const verdict = await runCycles({ ...OPTIONS, signal: controller.signal, ...(boot && { boot }) })
    expect(verdict).toMatchObject({ outcome: 'interrupted', cycles: 0, findings: [], panic: null })
  })

  test('do nothing when they were interrupted before they began', async () => {
    const verdict = await runCycles({ ...OPTIONS, signal: AbortSignal.abort() })
    expect(verdict).toMatchObject({ outcome: 'interrupted', cycles: 0, requests: 0 })
  })
})
