// Tokens: a failure in one short line that shows it again.
//
//   cpuhp1-<base64url>      a checksum (CRC-32, 4 bytes), then compressed JSON:
//
//   [package version, scenario, hash of it, profile, bugs, steps left out, seed, strategy, digest, signature,
//    memory model, whether data races are looked for, places, then 5 numbers for each deviation: kind, CPU, operations of that CPU since its last one, place, value]
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { EXIT, UsageError } from '../base/failure.js'
import { MEMORY_MODELS, type MemoryModel } from '../machine/deterministic/memory-model.js'
import { BUG_NAMES, type BugName } from '../ops/switches.js'
import { DEVIATION, type Deviation } from './deviation.js'

/** All that is needed to run a schedule again, and to tell whether it came to the same. */
export interface Recipe {
  /** version of the package that made it */
  readonly version: string
  /** name of a shipped scenario, or the path of a user's */
  readonly scenario: string
  /** of the scenario's text */
  readonly hash: string
  /** name or path of the step table */
  readonly profile: string
  readonly bugs: readonly BugName[]
  /** steps that are left out: 'actor/step' */
  readonly without: readonly string[]
  readonly memory: MemoryModel
  /** data races were looked for */
  readonly races: boolean
  /** of the campaign that found it, and its strategy: for a reader */
  readonly seed: number
  readonly strategy: string
  readonly digest: number
  /** of the failure, '' for none */
  readonly signature: string
  readonly deviations: readonly Deviation[]
}

const PREFIX = 'cpuhp1-'
const PER_DEVIATION = 5
/** Longer than any token that this package makes for a run that ends. */
const MAX_BYTES = 16 * 2 ** 20

export function encodeToken(recipe: Recipe): string {
  const { version, scenario, hash, profile, bugs, without, seed, strategy, digest, signature, deviations } = recipe
  const { memory, races } = recipe
  const places = [...new Set(deviations.map(({ place }) => place))]
  const last = new Map<number, number>()
  const numbers = deviations.flatMap(({ kind, cpu, nth, place, value }) => {
    const since = nth - (last.get(cpu) ?? 0)
    last.set(cpu, nth)
    return [kind, cpu, since, places.indexOf(place), value]
  })
  const run = [version, scenario, hash, profile, bugs, without, seed, strategy, digest, signature]
  const fields = [...run, memory, races, places, numbers]
  const packed = deflateRawSync(JSON.stringify(fields), { level: 9 })
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(packed))
  return PREFIX + Buffer.concat([checksum, packed]).toString('base64url')
}

/** Reads a token. A UsageError, in one line, for whatever is none. */
export function decodeToken(text: string): Recipe {
  const broken = (what: string): UsageError =>
    new UsageError(`this is no token of cpuhp: ${what}`, { exitCode: EXIT.brokenToken })
  const other = /^cpuhp(\d+)-/.exec(text)
  if (other !== null && other[0] !== PREFIX) {
    const message = `this token is of format ${other[1]}; this version of cpuhp reads format 1`
    throw new UsageError(message, { exitCode: EXIT.otherVersion })
  }
  if (!text.startsWith(PREFIX)) throw broken(`it does not begin with '${PREFIX}'`)
  const body = text.slice(PREFIX.length)
  if (!/^[\w-]{8,}$/.test(body)) throw broken('after its beginning it consists of letters, digits, - and _')
  const bytes = Buffer.from(body, 'base64url')
  const packed = bytes.subarray(4)
  if (bytes.length < 5 || crc32(packed) !== bytes.readUInt32BE(0)) {
    throw broken('its checksum is wrong; was it copied as a whole?')
  }
  const recipe = parse(packed)
  if (recipe === null) throw broken('its checksum is right, and what it contains is not')
  return recipe
}

function parse(packed: Buffer): Recipe | null {
  let fields: unknown
  try {
    fields = JSON.parse(inflateRawSync(packed, { maxOutputLength: MAX_BYTES }).toString('utf8'))
  } catch (error) {
    // Neither deflate nor JSON: that there is no recipe in it is all there is to say.
    if (error instanceof Error) return null
    throw error
  }
  if (!Array.isArray(fields) || fields.length !== 14) return null
  const [version, scenario, hash, profile, bugs, without, seed, strategy, digest, signature, ...rest] =
    fields as unknown[]
  const [memory, races, places, numbers] = rest
  if (!isText(version) || !isText(scenario) || !isText(hash) || !isText(profile)) return null
  if (!isText(strategy) || !isText(signature) || !isInteger(seed) || !isInteger(digest)) return null
  if (!isListOf(bugs, isBug) || !isListOf(without, isText)) return null
  if (!isModel(memory) || typeof races !== 'boolean') return null
  if (!isListOf(places, isText) || !isListOf(numbers, isInteger)) return null
  const deviations = unpack(numbers, places)
  if (deviations === null) return null
  const run = { version, scenario, hash, profile, bugs, without, memory, races }
  return { ...run, seed, strategy, digest, signature, deviations }
}

function unpack(numbers: readonly number[], places: readonly string[]): Deviation[] | null {
  const kinds: readonly number[] = Object.values(DEVIATION)
  const deviations: Deviation[] = []
  const last = new Map<number, number>()
  if (numbers.length % PER_DEVIATION !== 0) return null
  for (let at = 0; at < numbers.length; at += PER_DEVIATION) {
    const [kind, cpu, since, place, value] = numbers.slice(at, at + PER_DEVIATION) as [
      Deviation['kind'],
      number,
      number,
      number,
      number,
    ]
    const text = places[place]
    if (!kinds.includes(kind) || text === undefined || cpu < 0 || value < 0) return null
    const nth = (last.get(cpu) ?? 0) + since
    last.set(cpu, nth)
    deviations.push({ kind, cpu, nth, place: text, value })
  }
  return deviations
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isBug = (value: unknown): value is BugName => BUG_NAMES.some((name) => name === value)
const isModel = (value: unknown): value is MemoryModel => MEMORY_MODELS.some((name) => name === value)
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)

function isListOf<T>(value: unknown, is: (element: unknown) => element is T): value is T[] {
  return Array.isArray(value) && value.every(is)
}
