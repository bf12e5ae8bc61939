// The test of a checker is a mutation that it must catch: each of these breaks one rule of the kernel's code, and the busy
// run must say so, by the check that is there for it and by no other.
import { describe, expect, test } from 'vitest'
import { MUTATIONS } from '#dist/src/ops/switches.js'
import { runBusy } from '#dist/stress/busy/busy.js'
import type { BusyOptions } from '#dist/stress/busy/options.js'
import type { BusyVerdict } from '#dist/stress/busy/verdict.js'
import { parseLoads } from '#dist/stress/loads/setting.js'
import { testsMachine } from '../support/machines.js'

/** What tasks have no hand in: scenarios of their own catch those (test/explore/bugs.test.ts). */
const ELSEWHERE = [
  'lost-tasklet',
  'stranded-timers',
  'early-timers',
  'kept-jiffies',
  'deaf-pool',
  'twin-work',
  'hasty-flush',
  'stranded-work',
  'lost-interrupt',
  'lost-completions',
  'hasty-timers',
  'kept-throttled',
  'stopped-period',
  'unpaid-runtime',
  'short-grace',
  'lost-callbacks',
  'unmoved-tasks',
] as const
type Name = Exclude<keyof typeof MUTATIONS, (typeof ELSEWHERE)[number]>

/** The check that catches each, others that may see it as well (`any`: or before it), and what the tasks do for it. */
const CAUGHT: Readonly<
  Record<
    Name,
    {
      readonly by: string
      readonly also?: readonly string[]
      readonly mix?: readonly string[]
      readonly any?: boolean
      readonly loads?: string
      /** more of them than usual, where it is rare */
      readonly cycles?: number
    }
  >
> = {
  // A process whose wakeup is lost never ends.
  'lost-wakeup': { by: 'sleepers-can-wake', also: ['tasks-end'], mix: ['ping-pong', 'sha256'] },
  'left-behind': { by: 'vacated' },
  'dropped-ipi': { by: 'hang' },
  // Which of the two places it runs from first is up to the schedule.
  'double-enqueue': {
    by: 'tasks-in-one-place',
    any: true,
    // A task that two CPUs run at once computes nonsense.
    also: ['affinity', 'tasks-run-once', 'runqueues-sound', 'defect', 'results'],
  },
  'late-mask': { by: 'states-agree-with-masks', also: ['workers-bound'] },
  'ignored-affinity': { by: 'affinity' },
  // A requester sleeps as well, when it finds the device lock taken: where its timer is lost, its request has no answer.
  'lost-timer': { by: 'sleepers-can-wake', any: true, also: ['tasks-end', 'hang'], mix: ['sleeper', 'sha256'] },
  'no-exclusion': { by: 'results', mix: ['counter'] },
  'lost-load': { by: 'runqueues-sound' },
  'miscounted-cpus': { by: 'masks-counted' },
  'unpinned-frames': { by: 'pinned-tasks-counted' },
  // The requester that had the step fail looks where the CPU is afterwards: on neither side, where it was not taken back.
  'forgotten-target': {
    by: 'targets-reached',
    any: true,
    also: ['rollback', 'states-agree-with-masks', 'threads-parked'],
  },
  'early-death': { by: 'power-follows-masks' },
  // Only where it is woken before it sleeps.
  'eternal-wait': { by: 'runqueues-open', cycles: 600 },
  'unbound-worker': { by: 'workers-bound' },
  'unparked-thread': { by: 'threads-parked' },
  'open-stopper': { by: 'stoppers-enabled' },
  // A CPU that goes or comes while somebody reads the set of CPUs is seen by that load; the rest of it may go wrong as well.
  'barging-writer': { by: 'load-rwsem', loads: 'rwsem:tasks=8,gap=20,us=20,write=3' },
  'left-loaded': {
    by: 'vcpus-loaded-once',
    loads: 'kvm:tasks=16,gap=20,runs=4',
    cycles: 120,
    any: true,
    also: ['load-kvm', 'bug', 'defect', 'virtualisation-enabled'],
  },
  'unready-hardware': { by: 'virtualisation-enabled', loads: 'kvm:tasks=16,gap=20,runs=4', any: true, also: ['bug'] },
  'stale-domain': { by: 'domain-spans' },
  'unsorted-timers': {
    by: 'hrtimers-sound',
    mix: ['sleeper', 'sleeper', 'sleeper', 'sha256'],
    loads: 'hrtimers:tasks=8',
    cycles: 120,
  },
}

/** What a run found, each once; a machine that died tells by its last words. */
function found({ findings, panic }: BusyVerdict): string[] {
  const whats = findings.map(({ what }) => what)
  if (panic === null) return [...new Set(whats)]
  const cause = /^machine violation.*?: ([\w-]+):/.exec(panic)?.[1] ?? /^machine (\w+)/.exec(panic)?.[1] ?? 'bug'
  return [...new Set([...whats, cause])]
}

async function run(bugs: readonly string[], options: Partial<BusyOptions>): Promise<BusyVerdict> {
  const common = { cpus: 4, tasks: 16, seed: 1, bugs, finishNs: 1e9 }
  return await runBusy({ machine: 'deterministic', ...common, ...options })
}

const MACHINES = {
  deterministic: { machine: 'deterministic', cycles: 60, watchdog: { requestMs: 1000 } },
  threads: { machine: 'threads', workers: 2, cycles: 200, checkIntervalNs: 10e6, watchdog: { requestMs: 2500 } },
} as const

// On threads, whether the moment comes is the host's: caught means in one of so many runs. On the other machine, in the first.
const RETRIES = { deterministic: 0, threads: 4 } as const

describe.each(['deterministic', 'threads'] as const)('on the %s machine', (kind) => {
  test.runIf(testsMachine(kind)).each(Object.keys(CAUGHT) as Name[])(
    '%s is caught',
    { retry: RETRIES[kind], timeout: 120_000 },
    async (name) => {
      const { by, any = false, also = [], mix, loads, cycles } = CAUGHT[name]
      const workloads = mix === undefined ? {} : { workloads: mix }
      const verdict = await run([name], {
        ...MACHINES[kind],
        ...workloads,
        ...(cycles === undefined ? {} : { cycles }),
        ...(loads === undefined ? {} : { loads: parseLoads(loads) }),
      })
      const whats = found(verdict)
      expect(verdict.outcome).toBe(whats.every((what) => what === 'hang' || what === 'bug') ? 'panic' : 'failure')
      if (any) expect(whats.length).toBeGreaterThan(0)
      else expect(whats).toContain(by)
      for (const what of whats) expect([by, ...also]).toContain(what)
    },
  )

  test.runIf(testsMachine(kind))('without a mutation nothing is caught', async () => {
    const verdict = await run([], MACHINES[kind])
    expect(found(verdict)).toEqual([])
    expect(verdict.outcome).toBe('success')
  })
})

test('every mutation is tried', () => {
  expect([...Object.keys(CAUGHT), ...ELSEWHERE].sort()).toEqual(Object.keys(MUTATIONS).sort())
})
