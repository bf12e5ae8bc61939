// From words to arguments: $? and the names of files that a pattern stands for.
import { KernelError } from '../../base/errno.js'
import type { Tree } from '../../vfs/tree.js'
import { textOf, type Word } from './words.js'

/** What a word becomes: itself, or the paths that match it. */
export function expand(word: Word, tree: Tree, cwd: string, status: number): string[] {
  const parts = word.map((part) =>
    !part.expands ? part : { ...part, text: part.text.replaceAll('$?', String(status)) },
  )
  const isPattern = parts.some(({ text, quoted }) => !quoted && /[*?[]/.test(text))
  const found = isPattern ? matching(parts, tree, cwd) : []
  return found.length > 0 ? found : [textOf(parts)]
}

/** An absolute path: without '.', '..', and doubled slashes. */
export function resolvePath(path: string, cwd: string): string {
  const names: string[] = []
  for (const name of `${path.startsWith('/') ? '' : cwd}/${path}`.split('/')) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return `/${names.join('/')}`
}

/** The paths of a tree that match a pattern, in the order of their names, written as the pattern is. */
function matching(word: Word, tree: Tree, cwd: string): string[] {
  const pattern = patternOf(word)
  const absolute = pattern.startsWith('/')
  let found = [absolute ? '/' : '']
  for (const segment of pattern.split('/').filter((name) => name !== '')) {
    const matches = new RegExp(`^${segment}$`)
    const isPlain = !/[.*[]/.test(segment.replace(/\\./g, ''))
    const next: string[] = []
    for (const above of found) {
      const names = isPlain ? [segment.replace(/\\(.)/g, '$1')] : namesIn(tree, resolvePath(above, cwd))
      for (const name of names)
        if (matches.test(name) && exists(tree, resolvePath(above + name, cwd))) next.push(`${above + name}/`)
    }
    found = next
  }
  return found.map((path) => path.slice(0, -1)).sort(byName)
}

/** The pattern as a regular expression, a slash between its segments. */
function patternOf(word: Word): string {
  const literal = (text: string): string => text.replace(/[.+^${}()|\\*?[\]]/g, '\\$&')
  return word
    .map(({ text, quoted }) => {
      if (quoted) return literal(text)
      return text.replace(/\[!?[^\]/]+\]|[\s\S]/g, (piece) => {
        if (piece === '*') return '.*'
        if (piece === '?') return '.'
        return piece.length > 1 ? piece.replace(/^\[!/, '[^') : literal(piece)
      })
    })
    .join('')
}

function namesIn(tree: Tree, path: string): string[] {
  return exists(tree, path) && tree.lookup(path).kind === 'directory' ? tree.list(path) : []
}

function exists(tree: Tree, path: string): boolean {
  try {
    tree.lookup(path)
    return true
  } catch (error) {
    if (error instanceof KernelError) return false
    throw error
  }
}

/** As sort does in the C locale. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
