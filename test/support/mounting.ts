// Tests that mount for real: where they can run, and that nothing stays mounted.
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Why nothing can be mounted here; null: it can. */
export function cantMount(): string | null {
  if (process.platform !== 'linux') return 'no Linux'
  if (process.getuid?.() !== 0) return 'not root'
  if (!existsSync('/sys/devices/system/cpu')) return 'no /sys/devices/system/cpu'
  const missing = ['unshare', 'mount', 'umount'].find((tool) => !hasTool(tool))
  if (missing !== undefined) return `no ${missing}`
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

export function hasTool(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, name)))
}

/** The title of tests that are skipped for a reason, which is said. */
export function titled(title: string, reason: string | null): string {
  return reason === null ? title : `${title} (skipped: ${reason})`
}

/**
 * Has this process, and what it starts, make temporary directories in one of their own: what somebody else mounts meanwhile is
 * told apart by that. Answers the directory, which is for the caller to remove.
 */
export function ownTemporary(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'cpuhp-test-')))
  process.env.TMPDIR = directory
  return directory
}

/** Where something of this program is mounted below a directory. */
export function mounts(below: string): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const points = lines.filter((line) => line.includes(' - fuse cpuhp ')).map((line) => line.split(' ')[4]!)
  return points.filter((point) => point.startsWith(`${below}/`))
}
