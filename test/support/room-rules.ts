// The rules of the house, each a function from sources to what is wrong with them. rooms.ts says what is allowed where.

import ts from 'typescript'
import * as plan from './rooms.js'
import { lineOf, nodesOf, type Source } from './source.js'

/** The rules by name, in the order in which they are told. */
export const RULES = {
  'rooms import only from rooms before them': checkRooms,
  'shared memory is touched in two places only': checkAtomics,
  'threads are started in few places only': checkThreads,
  'the kernel and the deterministic machine need no Node': checkPortable,
  'time and chance enter at the edges only': checkClocks,
  'files are short': checkLength,
  'nothing is hidden from the compiler or from the reader': checkWording,
  'ordering comments name a partner that exists': checkOrderingComments,
  'no file imports itself, by whatever way round': checkCycles,
} as const satisfies Record<string, (sources: readonly Source[]) => string[]>

// A finding is one line: where, what, and what to do about it.
function finding(source: Source, line: number, problem: string): string {
  return `${source.path}:${line}: ${problem}`
}

function checkRooms(sources: readonly Source[]): string[] {
  const order: readonly string[] = plan.ROOMS
  const findings: string[] = []
  for (const source of sources) {
    if (plan.isIn(source.path, plan.OUTSIDE)) continue
    const room = plan.roomOf(source.path)
    if (room === null) {
      findings.push(finding(source, 1, 'is in no room; put its folder into ROOMS, where it belongs in the order'))
      continue
    }
    for (const { path, line } of source.imports) {
      if (path === null) continue
      const other = plan.roomOf(path)
      if (other === null) findings.push(finding(source, line, `imports ${path}, which is in no room`))
      else if (order.indexOf(other) > order.indexOf(room)) {
        const advice = 'move what both need into an earlier room, or let a hook be filled from above'
        findings.push(finding(source, line, `${room} may not import ${other}, a later room; ${advice}`))
      }
    }
  }
  return findings
}

function checkAtomics(sources: readonly Source[]): string[] {
  return findNodes(outside(sources, plan.ATOMICS), (node) => {
    if (!ts.isIdentifier(node) || node.text !== 'Atomics') return null
    if (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) return null
    return `uses Atomics; kernel code yields an operation instead, other code uses src/atomics-sync`
  })
}

function checkThreads(sources: readonly Source[]): string[] {
  return outside(sources, plan.THREADS).flatMap((source) =>
    source.imports
      .filter(({ specifier }) => /^(?:node:)?worker_threads$|^piscina$/.test(specifier))
      .map(({ specifier, line }) =>
        finding(source, line, `imports ${specifier.replace('node:', '')}; that is for ${plan.THREADS.join(', ')}`),
      ),
  )
}

function checkPortable(sources: readonly Source[]): string[] {
  const isPortable = (path: string): boolean => plan.isIn(path, plan.PORTABLE) && !plan.isIn(path, plan.NOT_PORTABLE)
  // What is in no room is told by the rule about rooms.
  const isKnown = (path: string): boolean => plan.roomOf(path) !== null || plan.isIn(path, plan.OUTSIDE)
  const findings: string[] = []
  for (const source of sources) {
    if (!isPortable(source.path)) continue
    for (const { specifier, path, line, onDemand } of source.imports) {
      // What is imported when it is asked for is not asked for in a browser.
      if (onDemand) continue
      if (path === null) findings.push(finding(source, line, `imports ${specifier}; it must run in a browser as well`))
      else if (isKnown(path) && !isPortable(path))
        findings.push(finding(source, line, `imports ${path}, which may need Node`))
    }
  }
  return findings
}

const CLOCK = /(?:^|\.)(?:Date\.now|performance\.now|process\.hrtime|Math\.random)$/

function checkClocks(sources: readonly Source[]): string[] {
  return findNodes(outside(sources, plan.CLOCKS), (node) => {
    const readsClock = ts.isPropertyAccessExpression(node) && CLOCK.test(node.getText())
    const readsDate = ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length
    if (!readsClock && !readsDate) return null
    return `uses ${node.getText()}; ask the machine (the clock and choose operations), or Prng with a seed`
  })
}

function checkLength(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => plan.isIn(path, plan.SHORT))
    .map((source) => ({ source, lines: source.text.replace(/\n$/, '').split('\n').length }))
    .filter(({ lines }) => lines >= plan.MAX_LINES)
    .map(({ source, lines }) =>
      finding(
        source,
        lines,
        `has ${lines} lines, at most ${plan.MAX_LINES - 1} fit; give the second noun in it a file of its own`,
      ),
    )
}

function checkWording(sources: readonly Source[]): string[] {
  const told = findNodes(sources, (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) return 'says any; say what it is, or unknown and look'
    if (ts.isCatchClause(node) && node.block.statements.length === 0) {
      return 'swallows an error; handle it, or let it through'
    }
    if (isSwallowingHandler(node)) return 'swallows a rejection; handle it, or let it through'
    if (ts.isExportDeclaration(node) && (!node.exportClause || ts.isNamespaceExport(node.exportClause))) {
      return 'exports everything of another file; name what it exports'
    }
    return null
  })
  for (const source of sources) {
    for (const [line, text] of source.text.split('\n').entries()) {
      const silencer = /(?:\/\/|\/\*).*@(ts-ignore|ts-nocheck)\b/.exec(text)
      if (silencer) told.push(finding(source, line + 1, `silences the compiler with ${silencer[1]}; mend the type`))
    }
  }
  return told
}

// promise.catch(() => {}) and its like.
function isSwallowingHandler(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  if (node.expression.name.text !== 'catch' || node.arguments.length === 0) return false
  const [handler] = node.arguments
  if (!ts.isArrowFunction(handler) && !ts.isFunctionExpression(handler)) return false
  return ts.isBlock(handler.body) && handler.body.statements.length === 0
}

// Two forms: `pairs with NAME` and `pairs with the load of onCpu in NAME`. NAME may be in backticks, or be Class.method.
const PAIRS = /\bpairs with\b/gi
const PARTNER = /^(?:the [^.]*? in )?`?(?:\w+\.)*(\w+)/

function checkOrderingComments(sources: readonly Source[]): string[] {
  const functions = new Set(sources.filter(({ path }) => plan.isIn(path, ['src'])).flatMap(functionNames))
  const advice = 'write "pairs with NAME" or "pairs with the ... in NAME", NAME being a function in src'
  const findings: string[] = []
  for (const source of sources) {
    for (const { 0: phrase, index } of source.text.matchAll(PAIRS)) {
      const line = source.text.slice(0, index).split('\n').length
      const name = PARTNER.exec(commentFrom(source.text, index + phrase.length))?.[1]
      if (name === undefined) findings.push(finding(source, line, `pairs with nothing; ${advice}`))
      else if (!functions.has(name))
        findings.push(finding(source, line, `pairs with ${name}: no such function; ${advice}`))
    }
  }
  return findings
}

// The comment's text from a place in it on, lines joined.
function commentFrom(text: string, start: number): string {
  const joined = text.slice(start, start + 400).replace(/\n[ \t]*(?:\/\/|\*)/g, ' ')
  return joined.split('\n')[0].replace(/\s+/g, ' ').trim()
}

function functionNames({ tree }: Source): string[] {
  const names: string[] = []
  for (const node of nodesOf(tree)) {
    const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)
    const holdsFunction =
      ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node)
    const value = holdsFunction ? node.initializer : undefined
    const isNamed = isFunction || (value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value)))
    if (isNamed && (isFunction || holdsFunction) && node.name && !ts.isComputedPropertyName(node.name)) {
      names.push(node.name.getText())
    }
  }
  return names
}

function checkCycles(sources: readonly Source[]): string[] {
  const imports = new Map(sources.map((source) => [source.path, source.imports]))
  const finished = new Set<string>()
  const under: string[] = []
  const findings: string[] = []
  // Depth first: an import of a file whose own imports are still being followed closes a circle.
  const follow = (path: string): void => {
    under.push(path)
    for (const next of imports.get(path) ?? []) {
      if (next.path === null || finished.has(next.path)) continue
      const start = under.indexOf(next.path)
      if (start === -1) follow(next.path)
      else {
        const circle = [...under.slice(start), next.path].join(' -> ')
        findings.push(`${path}:${next.line}: closes a circle of imports: ${circle}; move what they share below them`)
      }
    }
    under.pop()
    finished.add(path)
  }
  for (const path of imports.keys()) if (!finished.has(path)) follow(path)
  return findings
}

function outside(sources: readonly Source[], places: readonly string[]): Source[] {
  return sources.filter(({ path }) => !plan.isIn(path, places))
}

function findNodes(sources: readonly Source[], problemOf: (node: ts.Node) => string | null): string[] {
  const findings: string[] = []
  for (const source of sources) {
    for (const node of nodesOf(source.tree)) {
      const problem = problemOf(node)
      if (problem !== null) findings.push(finding(source, lineOf(source.tree, node), problem))
    }
  }
  return findings
}
