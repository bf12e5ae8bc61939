// Writing to the terminal, or to whatever stands in its place: a file, a pipe that may close (`cpuhp states | head -1`).

/** Whether standard output and standard error can still be written to. */
const open = { stdout: true, stderr: true }

/** Makes a pipe that closes the end of the output rather than of the program. */
export function toleratePipes(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      open[name] = false
    })
  }
}

/** Writes to standard output: what was asked for. */
export function out(text: string): void {
  if (open.stdout) process.stdout.write(text)
}

/** Writes to standard error: everything else. */
export function err(text: string): void {
  if (open.stderr) process.stderr.write(text)
}

const STYLES = { bold: [1, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

/** Text in colour, where standard output is a terminal and nobody objects (NO_COLOR, see no-color.org). */
export function styled(style: keyof typeof STYLES, text: string): string {
  if (!process.stdout.isTTY || process.env.NO_COLOR || process.env.TERM === 'dumb') return text
  const [on, off] = STYLES[style]
  return `\x1b[${on}m${text}\x1b[${off}m`
}

/** 1234567 as '1,234,567'. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** '1 cycle', '2 cycles'. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : plural}`
}

/**
 * Columns, aligned; two blanks between them and none at the end of a line. The first row is as any other.
 * @param right the columns whose texts are aligned to the right: numbers
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [n, cell] of row.entries()) widths[n] = Math.max(widths[n] ?? 0, cell.length)
  const pad = (cell: string, n: number): string =>
    right.includes(n) ? cell.padStart(widths[n]!) : cell.padEnd(widths[n]!)
  return rows.map((row) => row.map(pad).join('  ').trimEnd())
}
