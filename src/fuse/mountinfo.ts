// /proc/self/mountinfo: what is mounted where.
import { readFileSync } from 'node:fs'

export interface MountLine {
  /** the device number's parts */
  readonly major: number
  readonly minor: number
  /** what of the file system is mounted: '/' for all of it */
  readonly root: string
  readonly point: string
  readonly type: string
}

// 23 27 0:22 / /sys rw,relatime shared:2 - sysfs sysfs rw
const LINE = /^\d+ \d+ (\d+):(\d+) (\S+) (\S+) .*? - (\S+) /gm

/** The mount that can be seen at each mount point: the latest. */
export function mountPoints(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): Map<string, MountLine> {
  const found = new Map<string, MountLine>()
  for (const [, major, minor, root, point, type] of mountinfo.matchAll(LINE)) {
    const path = fromOctal(point!)
    found.set(path, { major: Number(major), minor: Number(minor), root: root!, point: path, type: type! })
  }
  return found
}

/** The directories on which sysfs is mounted whole. */
export function sysfsMounts(points = mountPoints()): string[] {
  return [...points.values()].filter(({ root, type }) => root === '/' && type === 'sysfs').map(({ point }) => point)
}

/** The device number of a file system as stat gives it: minor is the low byte and what is above the bits of major. */
export function deviceNumber({ major, minor }: Pick<MountLine, 'major' | 'minor'>): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)
}

/** Blanks and their like are written as octal numbers. */
function fromOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
