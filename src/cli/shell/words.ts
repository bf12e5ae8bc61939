// The shell's grammar: words with quotes, redirections, pipes, && and ||, ; and &. Its words, and nothing of what they
// mean: expand.ts looks for files, session.ts runs commands.

/** A stretch of a word; what was quoted is taken as it stands. */
export interface Part {
  readonly text: string
  readonly quoted: boolean
  /** $? in it is the last status: not within single quotes, nor after a backslash */
  readonly expands: boolean
}

export type Word = readonly Part[]

export interface Redirection {
  /** 0: input, 1: output, 2: errors */
  readonly descriptor: 0 | 1 | 2
  /** null: errors go where output goes (2>&1) */
  readonly to: Word | null
}

export interface Simple {
  readonly words: readonly Word[]
  readonly redirections: readonly Redirection[]
}

/** Commands whose output is the next one's input. */
export type Pipeline = readonly Simple[]

/** Pipelines, and when each of them runs: after the one before has answered 0 (&&), or something else (||). */
export interface Job {
  readonly pipelines: readonly { readonly when: 'always' | 'and' | 'or'; readonly pipeline: Pipeline }[]
  readonly background: boolean
  /** as it was written */
  readonly text: string
}

/** What was typed is no command. */
export class ShellSyntaxError extends Error {
  override readonly name = 'ShellSyntaxError'
}

/** What was typed goes on in the next line: a quote is open, or the line ends in \, | or &&. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete'
}

type Token =
  | { readonly kind: 'word'; readonly word: Word; readonly start: number; readonly end: number }
  | { readonly kind: 'operator'; readonly text: string; readonly start: number; readonly end: number }

const OPERATOR = /^(?:2>&1|2>>?|&&|\|\||>>?|<|;|&|\||\n)/
const UNSUPPORTED = /^(?:\$\(|`|\(|\))/

/** Parses what was typed. A ShellSyntaxError, or Incomplete, when it is no list of commands. */
export function parse(text: string): Job[] {
  const jobs: Job[] = []
  const tokens = tokenize(text)
  for (let at = 0; at < tokens.length; ) {
    if (isOperator(tokens[at], '\n')) {
      at++
      continue
    }
    const first = at
    const pipelines: Job['pipelines'][number][] = []
    for (let when: 'always' | 'and' | 'or' = 'always'; ; ) {
      const pipeline: Simple[] = []
      do at = parseSimple(tokens, at, pipeline)
      while (isOperator(tokens[at], '|') && ++at)
      pipelines.push({ when, pipeline })
      if (isOperator(tokens[at], '&&')) when = 'and'
      else if (isOperator(tokens[at], '||')) when = 'or'
      else break
      at++
      while (isOperator(tokens[at], '\n')) at++
    }
    const background = isOperator(tokens[at], '&')
    jobs.push({ pipelines, background, text: text.slice(tokens[first]!.start, tokens[at - 1]!.end) })
    if (at < tokens.length) at++
  }
  return jobs
}

/** One command from `at` on; answers where the next token is. */
function parseSimple(tokens: readonly Token[], at: number, into: Simple[]): number {
  const words: Word[] = []
  const redirections: Redirection[] = []
  for (;;) {
    const token = tokens[at]
    if (token?.kind === 'word') words.push(token.word)
    else if (isOperator(token, '2>&1')) redirections.push({ descriptor: 2, to: null })
    else if (token !== undefined && /[<>]/.test(token.text)) {
      const target = tokens[++at]
      if (target?.kind !== 'word') throw new ShellSyntaxError(`unexpected ${nameOf(target)} after ${token.text}`)
      const descriptor = token.text === '<' ? 0 : token.text.startsWith('2') ? 2 : 1
      redirections.push({ descriptor, to: target.word })
    } else break
    at++
  }
  if (words.length === 0 && redirections.length === 0) {
    if (tokens[at] === undefined) throw new Incomplete('a command is missing')
    throw new ShellSyntaxError(`unexpected ${nameOf(tokens[at])}`)
  }
  into.push({ words, redirections })
  return at
}

function isOperator(token: Token | undefined, text: string): boolean {
  return token?.kind === 'operator' && token.text === text
}

function nameOf(token: Token | undefined): string {
  if (token?.kind !== 'operator') return token === undefined ? 'end of line' : 'word'
  return token.text === '\n' ? 'newline' : `"${token.text}"`
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at)
    const blank = /^(?:[ \t\r]+|\\\n|#[^\n]*)/.exec(rest)
    const operator = OPERATOR.exec(rest)
    if (blank !== null) at += blank[0].length
    else if (operator !== null) {
      tokens.push({ kind: 'operator', text: operator[0], start: at, end: at + operator[0].length })
      at += operator[0].length
    } else {
      const { word, length } = readWord(rest)
      tokens.push({ kind: 'word', word, start: at, end: at + length })
      at += length
    }
  }
  return tokens
}

/** The word that a text begins with. */
function readWord(text: string): { word: Word; length: number } {
  const parts: Part[] = []
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const unsupported = UNSUPPORTED.exec(rest)
    if (unsupported !== null) throw new ShellSyntaxError(`unexpected "${unsupported[0]}": it is not supported here`)
    const [length, read] = readPart(rest)
    if (length === 0) break
    parts.push(...read)
    at += length
  }
  return { word: parts, length: at }
}

/** What a text begins with, up to the next change of quoting: how long it is, and what it says. 0 where the word ends. */
function readPart(text: string): [length: number, parts: Part[]] {
  if (text[0] === "'") {
    const end = text.indexOf("'", 1)
    if (end < 0) throw new Incomplete("a quote (') is open")
    return [end + 1, [{ text: text.slice(1, end), quoted: true, expands: false }]]
  }
  if (text[0] === '"') {
    const quoted = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(text)
    if (quoted === null) throw new Incomplete('a quote (") is open')
    return [quoted[0].length, quotedParts(quoted[1]!)]
  }
  if (text[0] === '\\') {
    if (text.length === 1) throw new Incomplete('a line ends in \\')
    return [2, text[1] === '\n' ? [] : [{ text: text[1]!, quoted: true, expands: false }]]
  }
  const plain = /^[^\s'"\\;&|<>()`]+/.exec(text)
  return plain === null ? [0, []] : [plain[0].length, [{ text: plain[0], quoted: false, expands: true }]]
}

/** What stands between double quotes: a backslash is one, but before what it protects there. */
function quotedParts(text: string): Part[] {
  const parts: Part[] = [{ text: '', quoted: true, expands: false }]
  for (const [piece] of text.matchAll(/\\["\\$`\n]|(?:[^\\]|\\(?!["\\$`\n]))+/g)) {
    const isEscape = /^\\["\\$`\n]/.test(piece)
    if (piece === '\\\n') continue
    parts.push({ text: isEscape ? piece.slice(1) : piece, quoted: true, expands: !isEscape })
  }
  return parts
}

/** A word's text without its quotes. */
export function textOf(word: Word): string {
  return word.map(({ text }) => text).join('')
}
