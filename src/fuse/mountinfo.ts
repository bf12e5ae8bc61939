// /proc/self/mountinfo, as far as it matters where sysfs can be reached.
import { readFileSync } from 'node:fs'

/** The directories on which sysfs is mounted whole, and the latest mount of each is one. */
export function sysfsMounts(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string[] {
  const types = new Map<string, string>()
  for (const line of mountinfo.split('\n')) {
    // 23 27 0:22 / /sys rw,relatime shared:2 - sysfs sysfs rw
    const match = /^\d+ \d+ \d+:\d+ (\S+) (\S+) .*? - (\S+) /.exec(line)
    if (match === null) continue
    const [, root, point, type] = match
    types.set(fromOctal(point!), root === '/' ? type! : 'part')
  }
  return [...types].filter(([, type]) => type === 'sysfs').map(([point]) => point)
}

/** Blanks and their like are written as octal numbers. */
function fromOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
