// Tests that mount for real: where they can run, and that nothing stays mounted.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
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

/** Where something of this program is mounted. */
export function mounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return lines.filter((line) => line.includes(' - fuse cpuhp ')).map((line) => line.split(' ')[4]!)
}
