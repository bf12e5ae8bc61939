// Finding a scenario by its name, or in a user's file, and a hash of its text: a token says which scenario it is for.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EXIT, UsageError } from '../base/failure.js'
import type { Scenario } from './scenario.js'
import { SCENARIOS } from './scenarios/table.js'

export interface Loaded {
  /** name of a shipped one, or the path as the user gave it */
  readonly reference: string
  readonly scenario: Scenario
  readonly hash: string
}

/** Longer than any module takes to load. */
const PATIENCE_MS = 10_000

/** A shipped scenario by its name, or a user's by the path of its module. A UsageError when there is none. */
export async function loadScenario(reference: string): Promise<Loaded> {
  checkReference(reference)
  const scenario = SCENARIOS.find(({ name }) => name === reference)
  return scenario === undefined ? await loadFile(reference) : { reference, scenario, hash: shippedHash() }
}

/** Whether it is the path of a user's scenario, and not the name of one that is shipped. */
export function isFile(reference: string): boolean {
  return /\.m?js$/.test(reference)
}

/** Whether there is such a scenario; nothing is loaded. A UsageError says what there is. */
export function checkReference(reference: string): void {
  if (SCENARIOS.some(({ name }) => name === reference)) return
  if (isFile(reference)) {
    if (existsSync(resolve(reference))) return
    throw new UsageError(`${reference}: there is no such file; a scenario is a .mjs or .js file`)
  }
  const names = SCENARIOS.map(({ name }) => name).join(', ')
  throw new UsageError(`there is no scenario '${reference}'; there are ${names}, or the path of a .mjs file`)
}

/** Of all that the shipped ones are written in, as it was built: what they share is in files of its own. */
export function shippedHash(folder = new URL('./scenarios/', import.meta.url)): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.js'))
  return hashOf(
    files
      .sort()
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .join('\n'),
  )
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 10)
}

async function loadFile(path: string): Promise<Loaded> {
  const file = resolve(path)
  let module: { readonly default?: unknown; readonly scenario?: unknown }
  try {
    module = (await bounded(path, import(pathToFileURL(file).href))) as typeof module
  } catch (error) {
    if (error instanceof UsageError) throw error
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new UsageError(`${path}: can't be loaded: ${reason}`, { cause: error, exitCode: EXIT.scenarioThrows })
  }
  const scenario = checkScenario(module.scenario ?? module.default, path)
  return { reference: path, scenario, hash: hashOf(readFileSync(file, 'utf8')) }
}

/** A module may await at its top level, and then it may never be loaded. */
async function bounded<T>(path: string, loading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const message = `${path}: is not loaded after ${PATIENCE_MS / 1000} s: it awaits something that does not come`
    timer = setTimeout(() => reject(new UsageError(message, { exitCode: EXIT.scenarioEndless })), PATIENCE_MS)
  })
  try {
    return await Promise.race([loading, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What a user's module exports as a scenario, looked at. */
function checkScenario(value: unknown, path: string): Scenario {
  const wrong = (what: string): UsageError => new UsageError(`${path}: ${what}; see docs/explore.md`)
  if (typeof value !== 'object' || value === null) throw wrong("it must export a scenario, as 'scenario' or by default")
  const { name, says, machine, actors, prepare, check, warnings, patience } = value as Partial<Scenario>
  if (typeof name !== 'string' || !/^[a-z][\w-]*$/.test(name)) throw wrong('its name is lower-case words with hyphens')
  if (typeof says !== 'string') throw wrong('says is a line about it')
  if (typeof machine !== 'object' || typeof machine?.cpus !== 'number') throw wrong('machine is { cpus, ... }')
  if (!Array.isArray(actors) || actors.length === 0) throw wrong('actors is a list of { name, steps }')
  for (const actor of actors as unknown[]) {
    const { name, steps } = (actor ?? {}) as { name?: unknown; steps?: unknown }
    const sound = Array.isArray(steps) && steps.every((step) => typeof step?.do === 'function')
    if (typeof name !== 'string' || !sound)
      throw wrong('an actor is { name, steps }, a step { says, do(machine, state) }')
  }
  for (const [key, fn] of Object.entries({ prepare, check })) {
    if (fn !== undefined && typeof fn !== 'function') throw wrong(`${key} is a function`)
  }
  if (warnings !== undefined && !(warnings instanceof RegExp)) throw wrong('warnings is a regular expression')
  if (patience !== undefined && !(Number.isInteger(patience) && patience > 0)) throw wrong('patience is a whole number')
  return value as Scenario
}
