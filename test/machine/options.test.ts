import { describe, expect, test } from 'vitest'
import { Machine, type MachineOptions, UsageError } from '#dist/src/index.js'
import { rejection, testsMachine } from '../support/machines.js'

type Bad = Readonly<Record<string, unknown>>
const NO_MODULE = new URL('../support/no-module.js', import.meta.url).href
const NOT_A_MODULE = new URL('../support/no-functions.mjs', import.meta.url).href

// What is given, and what the error must name: the option, and what is allowed.
const BAD: readonly [Bad, ...RegExp[]][] = [
  [{}, /\bcpus\b/, /1 to 4096/],
  [{ cpus: 0 }, /\bcpus\b/, /1 to 4096/, /\b0\b/],
  [{ cpus: 4097 }, /\bcpus\b/, /1 to 4096/, /4097/],
  [{ cpus: 2.5 }, /\bcpus\b/, /whole number/, /2\.5/],
  [{ cpus: '4' }, /\bcpus\b/, /whole number/],
  [{ cpus: Number.NaN }, /\bcpus\b/, /NaN/],
  [{ cpus: 4, present: 5 }, /\bpresent\b/, /1 to 4/, /5/],
  [{ cpus: 4, present: 0 }, /\bpresent\b/, /1 to 4/],
  [{ cpus: 4, present: 2, maxcpus: 3 }, /\bmaxcpus\b/, /1 to 2/, /3/],
  [{ cpus: 4, maxcpus: 0 }, /\bmaxcpus\b/, /1 to 4/],
  [{ cpus: 4, tasks: -1 }, /\btasks\b/, /0 to 65536/],
  [{ cpus: 4, tasks: 65_537 }, /\btasks\b/, /0 to 65536/],
  [{ cpus: 4, scratch: -1 }, /\bscratch\b/, /0 to 16777216/],
  [{ cpus: 4, traceRecords: 100 }, /\btraceRecords\b/, /power of two/, /100/],
  [{ cpus: 4, traceRecords: 8 }, /\btraceRecords\b/, /16 to 65536/],
  [{ cpus: 4, traceRecords: 2 ** 17 }, /\btraceRecords\b/, /16 to 65536/],
  [{ cpus: 4, traceRecords: 'many' }, /\btraceRecords\b/, /many/],
  [{ cpus: 4, machine: 'qemu' }, /\bmachine\b/, /'threads' or 'deterministic'/, /qemu/],
  [{ cpus: 4, machine: null }, /\bmachine\b/, /'threads' or 'deterministic'/],
  [{ cpus: 4, machine: 'threads', workers: 0 }, /\bworkers\b/, /1 to 4/],
  [{ cpus: 4, machine: 'threads', workers: 5 }, /\bworkers\b/, /1 to 4/, /5/],
  [{ cpus: 4, machine: 'threads', seed: 1 }, /\bseed\b/, /deterministic/],
  [{ cpus: 4, machine: 'threads', strategy: 'fixed' }, /\bstrategy\b/, /deterministic/],
  [{ cpus: 4, machine: 'deterministic', workers: 2 }, /\bworkers\b/, /threads/],
  [{ cpus: 4, machine: 'deterministic', watchdog: { stuckMs: 10 } }, /\bstuckMs\b/, /threads/],
  [{ cpus: 4, machine: 'deterministic', seed: 1.5 }, /\bseed\b/, /whole number/, /1\.5/],
  [{ cpus: 4, machine: 'deterministic', seed: 'x' }, /\bseed\b/, /whole number/],
  [{ cpus: 4, machine: 'deterministic', strategy: 'best' }, /\bstrategy\b/, /'random' or 'fixed'/, /best/],
  [{ cpus: 4, machine: 'deterministic', strategy: {} }, /\bstrategy\b/, /next/],
  [{ cpus: 4, machine: 'deterministic', strategy: null }, /\bstrategy\b/],
  [{ cpus: 4, machine: 'threads', watchdog: { requestMs: -1 } }, /requestMs/, /-1/],
  [{ cpus: 4, machine: 'threads', watchdog: { stuckMs: 'soon' } }, /stuckMs/, /soon/],
  [{ cpus: 4, machine: 'threads', watchdog: { patience: 5 } }, /patience/, /requestMs/],
  [{ cpus: 4, machine: 'threads', watchdog: 5 }, /watchdog/],
  [{ cpus: 4, profile: 'linux-7.0' }, /linux-7\.0/, /linux-6\.1-minimal/],
  [{ cpus: 4, profile: {} }, /the profile given/],
  [{ cpus: 4, profile: 5 }, /profile/],
  [{ cpus: 4, modules: 'all' }, /\bmodules\b/],
  [{ cpus: 4, modules: [5] }, /\bmodules\b/],
  [{ cpus: 4, modules: [NO_MODULE] }, /no-module\.js/],
  [{ cpus: 4, modules: [NOT_A_MODULE] }, /no-functions\.mjs/, /functions/],
  [{ cpus: 4, cpu: 4 }, /unknown option cpu\b/, /cpus, machine, present/],
]

/** The text of an option as the test's name shows it. */
function show(options: Bad): string {
  return JSON.stringify(options, (_, value: unknown) => (Number.isNaN(value) ? 'NaN' : value)).replace(/file:.*\//, '')
}

describe('options that make no sense are a mistake of the caller, named in one line:', () => {
  const cases = BAD.flatMap(([options, ...patterns]) => {
    // One that says nothing about the machine is tried on both kinds.
    const machines = 'machine' in options ? [options.machine] : ['deterministic', 'threads']
    const tested = machines.filter((machine) => machine !== 'threads' || testsMachine('threads'))
    return tested.map((machine) => [show({ machine, ...options }), { machine, ...options }, patterns] as const)
  })

  test.each(cases)('%s', async (_, options, patterns) => {
    const error = await rejection(Machine.boot(options as unknown as MachineOptions))
    expect(error).toBeInstanceOf(UsageError)
    const { message } = error as UsageError
    expect(message).not.toContain('\n')
    for (const pattern of patterns) expect(message).toMatch(pattern)
  })

  test.each([undefined, null, 4, 'four'])('%s instead of options', async (options) => {
    expect(await rejection(Machine.boot(options as unknown as MachineOptions))).toBeInstanceOf(UsageError)
  })
})
