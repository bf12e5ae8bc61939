// What was typed in earlier shells: a file of lines, the latest last, as other shells keep it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Lines that are kept. */
export const HISTORY_LINES = 1000

/** Where it is: below $XDG_STATE_HOME, or where that would be. */
export function historyFile(env: NodeJS.ProcessEnv): string {
  // As the XDG base directory specification says: what is no absolute path does not count.
  const state = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(homedir(), '.local', 'state')
  return join(state, 'cpuhp', 'history')
}

/** The lines, the latest first, as readline wants them; none when there is no such file. */
export function loadHistory(file: string): string[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.filter((line) => line !== '').reverse()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Writes them; `lines` are the latest first. Answers whether that was possible: a shell goes on without it. */
export function saveHistory(file: string, lines: readonly string[]): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, [...lines].reverse().join('\n').concat('\n'), { mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return false
  }
}
