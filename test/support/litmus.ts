// Runs litmus tests: small programs for a few CPUs of which one outcome is in question.
//
// Each is a file of its own in test/litmus, and its first line says whether that outcome is seen:
//
//   // Result: never       in no schedule that is tried, and in no round on threads
//   // Result: sometimes   in some schedules of the deterministic machine and not in others: tests of the tests
//   // Result: always      in all of them

import { readdirSync, readFileSync } from 'node:fs'
import { Machine, type MachineOptions, MachinePanic } from '#dist/src/index.js'
import { BurstStrategy } from './bursts.js'
import { unexpected } from './machines.js'

export const RESULTS = ['never', 'sometimes', 'always'] as const
export type Result = (typeof RESULTS)[number]

/** As test/modules/litmus.ts has it; that file is built, this one is not. */
interface LitmusModule {
  readonly litmus: { readonly roles: readonly unknown[]; readonly deadlock?: boolean }
}

export interface LitmusTest {
  readonly name: string
  readonly module: URL
  readonly result: Result
  /** number of CPUs */
  readonly cpus: number
  /** the outcome is a deadlock */
  readonly deadlock: boolean
}

/** How often the outcome was seen, in how many rounds. */
export interface Tally {
  readonly seen: number
  readonly rounds: number
}

const FOLDER = new URL('../litmus/', import.meta.url)

/** The names of all litmus tests. */
export function litmusNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

export async function loadLitmus(name: string): Promise<LitmusTest> {
  const result = parseResult(readFileSync(new URL(`${name}.ts`, FOLDER), 'utf8'), name)
  const module = new URL(`../../dist/test/litmus/${name}.js`, import.meta.url)
  const { litmus } = (await import(module.href)) as LitmusModule
  return { name, module, result, cpus: litmus.roles.length, deadlock: litmus.deadlock ?? false }
}

/** The result that a litmus file's first line states. */
export function parseResult(text: string, name: string): Result {
  const stated = /^\/\/ Result: (\w+)\n/.exec(text)?.[1]
  const result = RESULTS.find((one) => one === stated)
  if (result === undefined) throw new Error(`test/litmus/${name}.ts must begin with '// Result: ${RESULTS.join('|')}'`)
  return result
}

/** Runs a litmus test in one schedule after another, each from a fresh machine of its own seed. */
export async function tryOutSchedules(test: LitmusTest, schedules: number, roundsEach: number): Promise<Tally> {
  // A machine that has deadlocked does not come to its second round.
  const each = test.deadlock ? 1 : roundsEach
  let seen = 0
  for (let seed = 1; seed <= schedules; seed++) {
    const order = seed % 2 === 1 ? { seed } : { strategy: new BurstStrategy(seed) }
    seen += await runOnce(test, { machine: 'deterministic', ...order }, each)
  }
  return { seen, rounds: schedules * each }
}

/** Runs a litmus test on threads, round after round. */
export async function tryOutThreads(test: LitmusTest, workers: number, rounds: number): Promise<Tally> {
  return { seen: await runOnce(test, { machine: 'threads', workers }, rounds), rounds }
}

async function runOnce(test: LitmusTest, where: Omit<MachineOptions, 'cpus'>, rounds: number): Promise<number> {
  const machine = await Machine.boot({ ...where, cpus: test.cpus, modules: [test.module] })
  let seen = 0
  try {
    const roles = Array.from({ length: test.cpus }, (_, cpu) => machine.run('litmus', { cpu, args: [cpu, rounds] }))
    seen = (await Promise.all(roles))[0]
  } catch (error) {
    const deadlock = error instanceof MachinePanic && error.report.cause.kind === 'deadlock'
    if (!test.deadlock || !deadlock) throw error
    seen = 1
  } finally {
    await machine.shutdown()
  }
  const warnings = unexpected(machine.log)
  if (warnings.length > 0) throw new Error(`${test.name}: ${warnings.join('; ')}`)
  return seen
}

/** What is wrong with a tally, null when it is as the test says. */
export function judge(result: Result, { seen, rounds }: Tally): string | null {
  const found = `seen ${seen} times in ${rounds} rounds`
  if (result === 'never') return seen === 0 ? null : `never expected, ${found}`
  if (result === 'always') return seen === rounds ? null : `always expected, ${found}`
  return seen > 0 && seen < rounds ? null : `sometimes expected, ${found}`
}
