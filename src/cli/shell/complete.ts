// Completing what is being typed: names of commands, of workloads, and of files.
import type { Tree } from '../../vfs/tree.js'
import { SPAWN_OPTIONS, WORKLOADS } from '../spawn-words.js'
import { byName, resolvePath } from './expand.js'
import { COMMANDS, commandOf } from './table.js'

/** What the last word of a line may become, as readline wants it: the candidates, and what they stand for. */
export function complete(line: string, tree: Tree, cwd: string): [string[], string] {
  // What follows the last operator is a command of its own; what follows > or < is a file.
  const piece = /[^;&|\n]*$/.exec(line)![0]
  const word = /[^\s<>]*$/.exec(piece)![0]
  const before = piece.slice(0, piece.length - word.length).trim()
  const starting = (names: readonly string[]): string[] =>
    names.filter((name) => name.startsWith(word)).map((name) => `${name} `)
  if (/[<>]$/.test(before)) return [paths(word, tree, cwd), word]
  if (before === '') return [starting(Object.keys(COMMANDS).sort(byName)), word]
  const takes = commandOf(before.split(/\s+/)[0]!)?.takes
  if (takes === 'paths') return [paths(word, tree, cwd), word]
  if (takes !== 'workloads') return [[], word]
  return [starting(word.startsWith('-') ? SPAWN_OPTIONS : WORKLOADS), word]
}

/** Paths that begin so: directories with a slash, files with a blank behind them. */
function paths(word: string, tree: Tree, cwd: string): string[] {
  const slash = word.lastIndexOf('/') + 1
  const within = resolvePath(word.slice(0, slash) || '.', cwd)
  const found = find(tree, within)
  if (found?.kind !== 'directory') return []
  const names = found.names().filter((name) => name.startsWith(word.slice(slash)))
  return names.sort(byName).map((name) => {
    const node = find(tree, resolvePath(name, within))
    return `${word.slice(0, slash)}${name}${node?.kind === 'directory' ? '/' : ' '}`
  })
}

function find(tree: Tree, path: string) {
  try {
    return tree.lookup(path)
  } catch {
    // Nothing is there, and so nothing can be proposed.
    return null
  }
}
