// Comparing what trace-cmd prints with ftrace text.

/**
 * A line with blanks only where both have them; trace-cmd shows no flags here, and names the event of a marker. It writes
 * addresses without zeroes, does not know hrtimers' modes by their names (kernels do not say their numbers), and misreads the
 * expression for a timer's flags.
 */
export function commonLine(line: string): string {
  return line
    .replace(/^(\s*\S+ +\[\d+\]) \S{5} +/, '$1 ')
    .replace(/: print: +/, ': ')
    .replace(/(timer=|struct=?\s?)(?:0x)?0*([0-9a-f]+)/, '$1$2')
    .replace(/ mode=\S+/, '')
    .replace(/ (idx=\d+) flags=\S*/, ' $1')
    .replace(/ +/g, ' ')
    .trim()
}
