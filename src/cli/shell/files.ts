// Commands about files and text.
import { KernelError } from '../../base/errno.js'
import { UsageError } from '../../base/failure.js'
import type { Node } from '../../vfs/node.js'
import { wholeNumber } from '../values.js'
import { type Command, type Io, message, type Shell } from './context.js'
import { byName } from './expand.js'

export const FILE_COMMANDS: Readonly<Record<string, Command>> = {
  ls: { usage: 'ls [-l] [-1] [-d] [FILE...]', summary: 'list directories', takes: 'paths', run: ls },
  cat: { usage: 'cat FILE...', summary: 'show files', takes: 'paths', run: cat },
  echo: { usage: 'echo [-n] WORD... [> FILE]', summary: 'write words', takes: 'paths', afterPanic: true, run: echo },
  mkdir: {
    usage: 'mkdir DIRECTORY...',
    summary: 'make control groups',
    takes: 'paths',
    run: changeDirectories('mkdir'),
  },
  rmdir: { usage: 'rmdir DIRECTORY...', summary: 'remove them', takes: 'paths', run: changeDirectories('rmdir') },
  cd: { usage: 'cd [DIRECTORY]', summary: 'change directory', takes: 'paths', run: cd },
  pwd: { usage: 'pwd', summary: 'show the directory', takes: 'nothing', afterPanic: true, run: pwd },
  grep: { usage: 'grep [-v] [-i] [-c] PATTERN [FILE...]', summary: 'show lines that match', takes: 'paths', run: grep },
  head: { usage: 'head [-n N] [FILE...]', summary: 'show the first lines', takes: 'paths', run: headOrTail(true) },
  tail: { usage: 'tail [-n N] [FILE...]', summary: 'show the last lines', takes: 'paths', run: headOrTail(false) },
  wc: { usage: 'wc -l [FILE...]', summary: 'count lines', takes: 'paths', run: wc },
}

function ls(shell: Shell, words: readonly string[], io: Io): number {
  const { flags, rest } = split(words, 'l1dUa')
  let status = 0
  const files: string[] = []
  const directories: string[] = []
  for (const name of rest.length === 0 ? ['.'] : rest) {
    try {
      const node = shell.machine.files.lookup(shell.path(name))
      const list = node.kind === 'directory' && !flags.has('d')
      ;(list ? directories : files).push(name)
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      io.err(`ls: cannot access '${name}': ${message(error)}\n`)
      status = 2
    }
  }
  const show = (names: readonly string[], within: string): void => {
    const nodeOf = (name: string): Node => shell.machine.files.lookupLink(shell.path(`${within}${name}`))
    if (flags.has('l')) for (const name of names) io.out(`${longLine(name, nodeOf(name))}\n`)
    else io.out(columns(names, flags.has('1') ? null : shell.columns))
  }
  show(files.sort(byName), '')
  for (const [n, name] of directories.entries()) {
    const several = files.length + directories.length > 1
    if (several) io.out(`${n > 0 || files.length > 0 ? '\n' : ''}${name}:\n`)
    show(shell.machine.files.list(shell.path(name)).sort(byName), `${name}/`)
  }
  return status
}

/** As `ls -l --time-style=+` prints it: a machine has no calendar. */
function longLine(name: string, node: Node): string {
  const bits = [...'rwxrwxrwx'].map((letter, n) => ((node.mode >> (8 - n)) & 1 ? letter : '-')).join('')
  const kind = { directory: 'd', file: '-', link: 'l' }[node.kind]
  const size = node.kind === 'file' ? node.size : 0
  const to = node.kind === 'link' ? ` -> ${node.target}` : ''
  return `${kind}${bits} 1 root root ${String(size).padStart(4)} ${name}${to}`
}

/** Names beside each other, filled downwards, as many as fit; one a line when there is no terminal. */
function columns(names: readonly string[], width: number | null): string {
  if (names.length === 0) return ''
  if (width === null) return `${names.join('\n')}\n`
  const cell = Math.max(...names.map(({ length }) => length)) + 2
  const across = Math.max(1, Math.floor(width / cell))
  const rows = Math.ceil(names.length / across)
  const lines: string[] = []
  for (let row = 0; row < rows; row++) {
    const line = names.filter((_, n) => n % rows === row)
    lines.push(
      line
        .map((name) => name.padEnd(cell))
        .join('')
        .trimEnd(),
    )
  }
  return `${lines.join('\n')}\n`
}

/** What a command reads: files, or its input when none is named. Says which can't be read. */
function readAll(
  shell: Shell,
  command: string,
  files: readonly string[],
  io: Io,
): { texts: { name: string; text: string }[]; failed: boolean } {
  if (files.length === 0) return { texts: [{ name: '-', text: io.input }], failed: false }
  const texts: { name: string; text: string }[] = []
  for (const name of files) {
    try {
      texts.push({ name, text: name === '-' ? io.input : shell.machine.files.read(shell.path(name)) })
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      io.err(`${command}: ${name}: ${message(error)}\n`)
    }
  }
  return { texts, failed: texts.length < files.length }
}

function cat(shell: Shell, words: readonly string[], io: Io): number {
  if (words.length === 0 && !io.hasInput) throw new UsageError('which file?')
  const { texts, failed } = readAll(shell, 'cat', words, io)
  for (const { text } of texts) io.out(text)
  return failed ? 1 : 0
}

function echo(_shell: Shell, words: readonly string[], io: Io): number {
  const bare = words[0] === '-n'
  io.out(`${words.slice(bare ? 1 : 0).join(' ')}${bare ? '' : '\n'}`)
  return 0
}

function changeDirectories(call: 'mkdir' | 'rmdir'): Command['run'] {
  const failed = call === 'mkdir' ? 'cannot create directory' : 'failed to remove'
  return async (shell, words, io) => {
    const { rest } = split(words, '')
    if (rest.length === 0) throw new UsageError('which directory?')
    let status = 0
    for (const name of rest) {
      try {
        await shell.machine.files[call](shell.path(name))
      } catch (error) {
        if (!(error instanceof KernelError)) throw error
        io.err(`${call}: ${failed} '${name}': ${message(error)}\n`)
        status = 1
      }
    }
    return status
  }
}

function cd(shell: Shell, words: readonly string[], io: Io): number {
  const [name = '/'] = words
  try {
    const path = shell.path(name)
    if (shell.machine.files.lookup(path).kind !== 'directory') throw new KernelError('ENOTDIR', 'chdir', path)
    shell.cwd = path
    return 0
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    io.err(`sh: cd: can't cd to ${name}: ${message(error)}\n`)
    return 1
  }
}

function pwd(shell: Shell, _words: readonly string[], io: Io): number {
  io.out(`${shell.cwd}\n`)
  return 0
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

function grep(shell: Shell, words: readonly string[], io: Io): number {
  const { flags, rest } = split(words, 'vicE')
  const [pattern, ...files] = rest
  if (pattern === undefined) throw new UsageError('which pattern?')
  let expression: RegExp
  try {
    expression = new RegExp(pattern, flags.has('i') ? 'i' : '')
  } catch (error) {
    throw new UsageError(`'${pattern}' is no regular expression`, { cause: error })
  }
  const { texts, failed } = readAll(shell, 'grep', files, io)
  let some = false
  for (const { name, text } of texts) {
    const prefix = files.length > 1 ? `${name}:` : ''
    const found = linesOf(text).filter((line) => expression.test(line) !== flags.has('v'))
    some ||= found.length > 0
    if (flags.has('c')) io.out(`${prefix}${found.length}\n`)
    else for (const line of found) io.out(`${prefix}${line}\n`)
  }
  return failed ? 2 : some ? 0 : 1
}

function headOrTail(head: boolean): Command['run'] {
  const name = head ? 'head' : 'tail'
  return (shell, words, io) => {
    let count = 10
    let files = words
    const number = /^-(?:n(\d*)|(\d+))$/.exec(words[0] ?? '')
    if (number !== null) {
      const attached = number[1] || number[2]
      count = wholeNumber('N', 0, 1e9)(attached ?? words[1] ?? '')
      files = words.slice(attached === undefined ? 2 : 1)
    }
    const { texts, failed } = readAll(shell, name, files, io)
    for (const { text } of texts) {
      const lines = linesOf(text)
      for (const line of head ? lines.slice(0, count) : lines.slice(Math.max(0, lines.length - count)))
        io.out(`${line}\n`)
    }
    return failed ? 1 : 0
  }
}

function wc(shell: Shell, words: readonly string[], io: Io): number {
  const { rest } = split(words, 'l')
  const { texts, failed } = readAll(shell, 'wc', rest, io)
  for (const { name, text } of texts) io.out(`${linesOf(text).length}${rest.length === 0 ? '' : ` ${name}`}\n`)
  return failed ? 1 : 0
}

/** Takes single-letter options from the words before the first that is none. */
export function split(words: readonly string[], allowed: string): { flags: Set<string>; rest: string[] } {
  const flags = new Set<string>()
  let at = 0
  for (; at < words.length && /^-[^-]/.test(words[at]!); at++) {
    for (const letter of words[at]!.slice(1)) {
      if (!allowed.includes(letter)) {
        throw new UsageError(
          `unknown option -- '${letter}'; it takes ${[...allowed].map((known) => `-${known}`).join(' ')}`,
        )
      }
      flags.add(letter)
    }
  }
  return { flags, rest: words.slice(words[at] === '--' ? at + 1 : at) }
}
