// Every kernel test runs on every kind of machine: whatever the schedule, whatever the number of threads, it must hold.

import { describe, expect, test } from 'vitest'
import { type KernelLogLine, Machine, type MachineOptions } from '#dist/src/index.js'
import { BurstStrategy } from './bursts.js'

type Placement = 'machine' | 'seed' | 'strategy' | 'workers'

export interface EveryMachineOptions extends Omit<MachineOptions, Placement> {
  /** deterministic: how many seeds (default 10; CPUHP_TEST_SEEDS overrides all, for a deep search) */
  readonly seeds?: number
  /** which machines (default all) */
  readonly on?: readonly ('deterministic' | 'threads')[]
  /** kernel warnings that the test provokes; any other fails it */
  readonly warnings?: RegExp
  /** ms for one machine of threads, or for all seeds together (default 30,000) */
  readonly timeoutMs?: number
}

/** What a test may want to know about the machine it runs on. */
export interface Setting {
  readonly kind: 'deterministic' | 'threads'
  /** as in a test's name: 'seed 3', '2 workers' */
  readonly name: string
  /** small numbers that differ from machine to machine */
  readonly seed: number
}

export type MachineTest = (machine: Machine, setting: Setting) => Promise<void>

const wanted = (process.env.CPUHP_TEST_MACHINES ?? 'deterministic,threads').split(',')

/** Whether this run of the tests has that kind of machine (CPUHP_TEST_MACHINES: a list, default all). */
export function testsMachine(kind: 'deterministic' | 'threads'): boolean {
  return wanted.includes(kind)
}

/** The URL of a kernel module of test/modules or test/litmus, as it was built. */
export function kernelModule(name: string, folder = 'modules'): URL {
  return new URL(`../../dist/test/${folder}/${name}.js`, import.meta.url)
}

/** Registers a test for the deterministic machine, several seeds and a fixed order, and for threads, spread three ways. */
export function onEveryMachine(name: string, options: EveryMachineOptions, body: MachineTest): void {
  const { seeds: few = 10, on = ['deterministic', 'threads'], warnings, timeoutMs = 30_000, ...boot } = options
  const seeds = Number(process.env.CPUHP_TEST_SEEDS ?? few)
  const runs = (kind: 'deterministic' | 'threads'): boolean => on.includes(kind) && testsMachine(kind)
  const each = (setting: Setting, machine: MachineOptions) => onMachine(machine, setting, warnings, body)
  describe(name, () => {
    test.runIf(runs('deterministic'))(
      `deterministic, ${seeds} seeds and in a fixed order`,
      { timeout: timeoutMs },
      async () => {
        await each(
          { kind: 'deterministic', name: 'fixed order', seed: 0 },
          { ...boot, machine: 'deterministic', strategy: 'fixed' },
        )
        for (let seed = 1; seed <= seeds; seed++) {
          const setting: Setting = { kind: 'deterministic', name: `seed ${seed}`, seed }
          // Every other seed runs in bursts: they find what even chances do not, and the other way round.
          const order = seed % 2 === 1 ? { seed } : { strategy: new BurstStrategy(seed) }
          await each(setting, { ...boot, machine: 'deterministic', ...order })
        }
      },
    )
    for (const workers of spreads(boot.cpus)) {
      const setting: Setting = { kind: 'threads', name: countOf(workers), seed: workers }
      test.runIf(runs('threads'))(`threads, ${setting.name}`, { timeout: timeoutMs }, async () => {
        await each(setting, { ...boot, machine: 'threads', workers })
      })
    }
  })
}

/** One worker for each CPU, then 2, then 1: each number once. */
export function spreads(cpus: number): number[] {
  return [...new Set([cpus, Math.min(2, cpus), 1])]
}

function countOf(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}

/** Boots a machine, hands it to `body`, and shuts it down. Fails on kernel warnings that nobody expects. */
export async function onMachine(
  options: MachineOptions,
  setting: Setting,
  warnings: RegExp | undefined,
  body: MachineTest,
): Promise<void> {
  try {
    const machine = await Machine.boot(options)
    try {
      await body(machine, setting)
    } finally {
      await machine.shutdown()
    }
    // From here on the log is complete: what workers had to say has arrived.
    expect(unexpected(machine.log, warnings), 'kernel warnings').toEqual([])
  } catch (error) {
    if (error instanceof Error) error.message = `[${setting.kind}, ${setting.name}] ${error.message}`
    throw error
  }
}

/** The lines of the kernel log that are warnings or worse and that `expected` does not match. */
export function unexpected(log: readonly KernelLogLine[], expected?: RegExp): string[] {
  return log.filter((line) => line.level <= 4 && !expected?.test(line.text)).map((line) => line.text)
}

/** Boots a deterministic machine for a test that is about that machine; `body` gets it, and it is shut down. */
export async function onDeterministic(
  options: Omit<MachineOptions, 'machine' | 'workers'>,
  body: (machine: Machine) => Promise<void> | void,
): Promise<void> {
  const machine = await Machine.boot({ ...options, machine: 'deterministic' })
  try {
    await body(machine)
  } finally {
    await machine.shutdown()
  }
}

/** What `promise` rejects with. Fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was expected to be rejected, and was not')
}
