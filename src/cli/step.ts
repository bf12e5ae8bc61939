// `cpuhp replay TOKEN --step`: a walk through a run, by commands from a terminal or a pipe.
import { createInterface } from 'node:readline'
import { describeDeviation } from '../explore/deviation.js'
import { cell, type Seen } from '../explore/picture.js'
import type { Walk } from '../explore/walk.js'
import { counted, err, out, styled, table } from './output.js'
import { oneLine } from './values.js'

const HELP = `step [n]    the next operation, or the next n (Enter: one)
cpu         until another CPU has its turn
deviation   until the order deviates from the default one
end         to the end of the run
back [n]    one operation back, or n
go n        to the place after n operations
look        what each CPU is about to do
help, quit; the first letter of a command is enough
`

const COMMANDS = ['step', 'cpu', 'deviation', 'end', 'back', 'go', 'look', 'help', 'quit'] as const

/** How many operations of a way are shown: the last ones. */
const SHOWN = 10

/** Carries out commands until there are no more, or one says so. */
export async function stepThrough(walk: Walk, ending: string): Promise<void> {
  const isTerminal = process.stdin.isTTY === true
  const reader = createInterface({ input: process.stdin, ...(isTerminal ? { output: process.stderr } : {}) })
  // From the beginning: what a pipe has written before anybody asks for a line would be lost.
  const lines = reader[Symbol.asyncIterator]()
  out(`${counted(walk.seen.length, 'operation')}, ${counted(walk.marks.size, 'place')} where the order deviates\n`)
  await show(walk, 0, ending)
  reader.setPrompt('step> ')
  if (isTerminal) reader.prompt()
  for await (const line of lines) {
    if ((await carryOut(line.trim(), walk, ending)) === 'quit') break
    if (isTerminal) reader.prompt()
  }
  reader.close()
}

async function carryOut(line: string, walk: Walk, ending: string): Promise<'quit' | 'go on'> {
  const [word = '', argument, ...more] = line.split(/\s+/)
  const command = COMMANDS.find((name) => name === (word || 'step') || name[0] === word)
  const takesNumber = command === 'step' || command === 'back' || command === 'go'
  const isWrong = argument !== undefined && (!takesNumber || !/^\d{1,9}$/.test(argument))
  if (command === undefined || isWrong || more.length > 0 || (command === 'go' && argument === undefined)) {
    err(`cpuhp: '${oneLine(line)}' is no command; there are ${COMMANDS.join(', ')}\n`)
    return 'go on'
  }
  const n = Number(argument ?? 1)
  const before = walk.at
  switch (command) {
    case 'quit':
      return 'quit'
    case 'help':
      out(HELP)
      return 'go on'
    case 'look':
      break
    case 'step':
      walk.go(walk.at + n)
      break
    case 'back':
      walk.go(walk.at - n)
      break
    case 'go':
      walk.go(n)
      break
    case 'cpu':
      walk.toSwitch()
      break
    case 'deviation':
      walk.toDeviation()
      break
    case 'end':
      walk.go(walk.seen.length)
      break
  }
  await show(walk, before, ending)
  return 'go on'
}

/** What has been done since `before`, and what each CPU is about to do. */
async function show(walk: Walk, before: number, ending: string): Promise<void> {
  const { seen, marks, at } = walk
  const from = Math.max(before, at - SHOWN)
  if (from > before) out(`  ${counted(from - before, 'operation')}, then\n`)
  const rows = seen.slice(from, at).map((one, n) => [`  ${from + n}`, `CPU ${one.cpu}`, `[${one.task}]`, cell(one)])
  for (const row of table(rows, [0])) out(`${row}\n`)
  if (at === seen.length) {
    out(`${styled('bold', `end, after ${counted(at, 'operation')}`)}\n${ending}`)
    return
  }
  out(`${styled('bold', `before operation ${at} of ${seen.length}`)}\n`)
  for (const deviation of marks.get(at) ?? []) out(`  deviates: ${describeDeviation(deviation)}\n`)
  const turn = seen[at]!.cpu
  const cpus = (await walk.look()).map((one: Seen) => [
    one.cpu === turn ? '>' : ' ',
    `CPU ${one.cpu}`,
    `[${one.task}]`,
    cell(one),
  ])
  for (const row of table(cpus)) out(`${row}\n`)
}
