// Running a command that takes the machine for the one it is on: in a mount namespace of its own, in which parts of a
// mounted tree lie over those of /sys and /proc.
//
// It must never get at the real CPUs. So the shell that lays them over looks, right before it becomes the command, whether
// every one of them is a file of this mount; else it says so and runs nothing.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { UsageError } from '../base/failure.js'
import type { Mount } from './mount.js'
import { sysfsMounts } from './mountinfo.js'

/** What of sysfs is laid over: what leads to a CPU. The first must be there, or nothing is run. */
const SYSFS = ['devices/system/cpu', 'devices/system/node', 'bus/cpu'] as const
const PROC = ['/proc/cpuinfo', '/proc/interrupts', '/proc/schedstat', '/proc/stat'] as const

/** What the shell exits with when something is not in place: as env(1) does when it fails itself. */
export const NOT_RUN = 125

/** The type that statfs tells of FUSE. */
const FUSE_MAGIC = '65735546'

/** A place in the tree, and the path that it is laid over. */
interface Cover {
  readonly from: string
  readonly to: string
}

/** What is to be laid over what, for these mounts of sysfs. A UsageError when there is nothing to protect the CPUs with. */
export function covers(tree: string, mounts: readonly string[], exists: (path: string) => boolean): Cover[] {
  const list: Cover[] = []
  for (const mount of mounts) {
    for (const part of SYSFS) {
      const to = `${mount === '/' ? '' : mount}/${part}`
      if (exists(to)) list.push({ from: `${tree}/sys/${part}`, to })
    }
  }
  if (!list.some(({ to }) => to === `/sys/${SYSFS[0]}`)) {
    throw new UsageError(`mount: there is no /sys/${SYSFS[0]} here for a command to see the machine at`)
  }
  for (const to of PROC) if (exists(to)) list.push({ from: `${tree}${to}`, to })
  return list
}

/** The shell's script: lays all of it over, looks, and becomes the command that follows as its arguments. */
export function coverScript(list: readonly Cover[], deviceNumber: number): string {
  const all = list.map(({ to }) => quoted(to)).join(' ')
  return [
    `refuse() { echo "cpuhp: $1; nothing has been run" >&2; exit ${NOT_RUN}; }`,
    ...list.map(
      ({ from, to }) => `mount --bind ${quoted(from)} ${quoted(to)} || refuse ${quoted(`${to} can't be laid over`)}`,
    ),
    `[ "$(stat -f -c %t -- ${all} | sort -u)" = ${FUSE_MAGIC} ] || refuse "not all is of the simulated machine"`,
    `[ "$(stat -c %d -- ${all} | sort -u)" = ${deviceNumber} ] || refuse "not all is of this simulated machine"`,
    'exec "$@"',
  ].join('\n')
}

/** Starts a command with the tree of a mount laid over /sys and /proc. The tree as a whole is at $CPUHP_ROOT. */
export function runCovered(mount: Mount, command: readonly string[]): ChildProcess {
  const script = coverScript(covers(mount.directory, sysfsMounts(), existsSync), mount.deviceNumber)
  const namespace = ['--mount', '--propagation', 'private']
  return spawn('unshare', [...namespace, 'sh', '-c', script, 'cpuhp', ...command], {
    stdio: 'inherit',
    env: { ...process.env, CPUHP_ROOT: mount.directory },
  })
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
