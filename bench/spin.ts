// The handshake under SPIN, where that and a C compiler are there: what a model checker makes of a model of the same protocol.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MODEL = fileURLToPath(new URL('../../bench/models/handshake.pml', import.meta.url))

export interface Checked {
  readonly states: number
  readonly transitions: number
  readonly errors: number
  /** of the search; below SPIN's own clock of 10 ms it is the whole process's */
  readonly searchMs: number
  /** of making the program: spin -a, and the compiler */
  readonly makeMs: number
}

/** What is missing to run SPIN; null when it is all there. */
export function missingForSpin(): string | null {
  const missing = [
    ...(spawnSync('spin', ['-V']).status === 0 ? [] : ['spin']),
    ...(spawnSync('cc', ['--version']).status === 0 ? [] : ['C compiler']),
  ]
  return missing.length === 0 ? null : missing.join(', no ')
}

/** Checks the model, to the end or to the first error. */
export function checkWithSpin(pairs: number, rounds: number, broken: boolean): Checked {
  const folder = mkdtempSync(join(tmpdir(), 'cpuhp-spin-'))
  try {
    const defines = [`-DPAIRS=${pairs}`, `-DROUNDS=${rounds}`, ...(broken ? ['-DBROKEN'] : [])]
    const begin = performance.now()
    execFileSync('spin', [...defines, '-a', MODEL], { cwd: folder, timeout: 60_000 })
    execFileSync('cc', ['-O2', '-w', '-o', 'pan', 'pan.c'], { cwd: folder, timeout: 60_000 })
    const made = performance.now()
    const said = execFileSync(join(folder, 'pan'), ['-m100000', '-w24'], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 300_000,
    })
    const wholeMs = performance.now() - made
    const number = (pattern: RegExp): number => {
      const match = pattern.exec(said)
      if (match === null) throw new Error(`SPIN has not said ${pattern}: ${said.slice(0, 500)}`)
      return Number(match[1])
    }
    const searchMs = 1000 * number(/elapsed time ([\d.e+-]+) seconds/)
    return {
      states: number(/(\d+) states, stored/),
      transitions: number(/(\d+) transitions/),
      errors: number(/errors: (\d+)/),
      searchMs: searchMs > 0 ? searchMs : wholeMs,
      makeMs: made - begin,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
