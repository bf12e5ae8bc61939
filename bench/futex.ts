// C threads that do what the bare threads of raw.ts do, where there is a C compiler: what futexes cost without Node.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Compiles it; answers the program, null without a compiler. */
export function buildFutex(): string | null {
  const program = join(mkdtempSync(join(tmpdir(), 'cpuhp-bench-')), 'futex')
  const source = fileURLToPath(new URL('../../bench/futex.c', import.meta.url))
  const { status } = spawnSync('cc', ['-O2', '-pthread', '-o', program, source])
  return status === 0 ? program : null
}

/** Nanoseconds of a hop, waiting by spinning or parked. */
export function runFutex(program: string, how: 'spin' | 'park', rounds: number): number {
  return Number(execFileSync(program, [how, String(rounds)], { encoding: 'utf8', timeout: 60_000 }))
}
