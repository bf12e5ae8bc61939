// Running a program of this package as its users do: as a process.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

export interface Result {
  /** null when a signal ended it */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** what to do when it has written something */
  readonly onOutput?: (kill: (signal: NodeJS.Signals) => void, stderr: string, stdout: string) => void
  readonly env?: Record<string, string>
  readonly limitMs?: number
  /** what it reads from standard input, which ends after it */
  readonly input?: string
  /** where it runs (default: the package's folder) */
  readonly cwd?: string
}

/** Runs Node with these arguments. A program that does not end by itself is killed, and its code is null. */
export function runNode(
  args: readonly string[],
  { onOutput, env, limitMs = 50_000, cwd = ROOT, input }: RunOptions = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env } })
    let stdout = ''
    let stderr = ''
    const kill = (signal: NodeJS.Signals): void => {
      child.kill(signal)
    }
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString()
      onOutput?.(kill, stderr, stdout)
    })
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString()
      onOutput?.(kill, stderr, stdout)
    })
    if (input !== undefined) child.stdin.end(input)
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** Runs the command line. */
export function cpuhp(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return runNode([CLI, ...args], options)
}
