// A script of requests for `cpuhp run`: one a line, '#' begins a comment.
import { UsageError } from '../base/failure.js'
import { parseDuration } from '../base/time.js'
import type { GoldenCommand } from '../conform/golden.js'
import { LEVELS } from '../hotplug/suspend.js'
import type { SpawnOptions } from '../machine/processes.js'
import { parseSpawn, SPAWN_USAGE } from './spawn-words.js'
import { oneLine, oneOf, wholeNumber } from './values.js'

/** One line of a script. */
export type Step = { readonly line: number } & (
  | { readonly kind: 'request'; readonly command: GoldenCommand }
  | { readonly kind: 'sleep'; readonly ns: number }
  | { readonly kind: 'spawn'; readonly options: SpawnOptions }
  | { readonly kind: 'wait' }
)

export const SCRIPT_USAGE = [
  'online CPU VALUE',
  'target CPU VALUE',
  'fail CPU VALUE',
  `suspend ${LEVELS.join('|')}`,
  'sleep TIME',
  SPAWN_USAGE,
  'wait',
]

/** Reads a script, for a machine of that many CPUs. A UsageError names file and line and what is allowed. */
export function parseScript(text: string, source: string, cpus: number): Step[] {
  const steps: Step[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    try {
      const words = wordsOf(line)
      if (words.length > 0) steps.push({ line: index + 1, ...parseStep(words, cpus) } as Step)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw new UsageError(`${source}:${index + 1}: ${error.message}`, { cause: error })
    }
  }
  return steps
}

/** The words of a line without its comment. One in double quotes is as in JSON: "1\n", "". */
function wordsOf(line: string): string[] {
  const words: string[] = []
  for (const [word] of line.matchAll(/"(?:[^"\\]|\\.)*"(?=\s|$)|\S+/g)) {
    if (word.startsWith('#')) break
    words.push(word.startsWith('"') ? unquote(word) : word)
  }
  return words
}

function unquote(word: string): string {
  try {
    return JSON.parse(word) as string
  } catch (error) {
    throw new UsageError(`${oneLine(word)} is no text in quotes; write it as in JSON`, { cause: error })
  }
}

// Without the line, which the caller knows.
function parseStep(words: readonly string[], cpus: number): object {
  const [name, ...rest] = words
  switch (name) {
    case 'online':
    case 'target':
    case 'fail': {
      const [cpu, value] = exactly(rest, 2, `${name} CPU VALUE`)
      const command = { do: name, cpu: wholeNumber('CPU', 0, 99_999)(cpu!), value: value! }
      return { kind: 'request', command }
    }
    case 'suspend': {
      const [level] = exactly(rest, 1, `suspend ${LEVELS.join('|')}`)
      return { kind: 'request', command: { do: name, cpu: null, value: oneOf('the level', LEVELS)(level!) } }
    }
    case 'sleep': {
      const [time] = exactly(rest, 1, 'sleep TIME, as in 10ms')
      return { kind: 'sleep', ns: parseDuration(time!) }
    }
    case 'spawn':
      return { kind: 'spawn', options: parseSpawn(rest, cpus) }
    case 'wait':
      exactly(rest, 0, 'wait')
      return { kind: 'wait' }
    default:
      throw new UsageError(`'${oneLine(name!)}' is none of online, target, fail, suspend, sleep, spawn, wait`)
  }
}

function exactly(words: readonly string[], count: number, usage: string): readonly string[] {
  if (words.length === count) return words
  const problem = words.length < count ? 'too few words' : `'${oneLine(words[count]!)}' is too much`
  throw new UsageError(`${problem}; write ${usage}`)
}
