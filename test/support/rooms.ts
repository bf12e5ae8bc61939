// The plan of the house: which folders there are, in which order, and what is allowed where. The rules that read it are
// in room-rules.ts; when a rule stands in the way of better code, this is the file to change, and ARCHITECTURE.md with it.

/** Folders of src/ (and stress/) from the ground up: a room imports only from itself and from rooms before it. */
export const ROOMS = [
  'base',
  'workloads',
  'profiles',
  'memory',
  'ops',
  'devices',
  'trace',
  'atomics-sync',
  'smp',
  'sched',
  'sync',
  'softirq',
  'time',
  'rcu',
  'process',
  'kthread',
  'stop',
  'workqueue',
  'irq',
  'net',
  'block',
  'hotplug',
  'kvm',
  'loads',
  'kernel',
  'invariants',
  'vfs',
  'machine',
  'fuse',
  'conform',
  'explore',
  'campaign',
  'sysfs',
  'report',
  'export',
  'stress',
  'cli',
] as const

/** Files and folders that import what they like and that no room imports: the package's doors, and what is outermost. */
export const OUTSIDE = ['src/index.ts', 'src/kernel-api.ts', 'src/explore-api.ts', 'workers', 'bench'] as const

/** Where there is a real machine below, and programs of users above: shared memory is touched here and nowhere else. */
export const ATOMICS = ['src/machine/threads', 'src/atomics-sync', 'src/workloads', 'bench/raw.ts'] as const

/** Where threads are started and talked to. */
export const THREADS = [
  'src/machine/threads',
  'src/campaign/pool.ts',
  'src/fuse',
  'workers',
  'bench/raw.ts',
  'bench/busy.ts',
  'bench/plain-worker.ts',
] as const

/** Where real time and real chance may enter. Not the deterministic machine: its runs must be the same every time. */
export const CLOCKS = [
  'src/atomics-sync',
  'src/machine/machine.ts',
  'src/machine/threads',
  'src/campaign',
  'src/report',
  'src/cli',
  'stress',
  'bench',
] as const

/**
 * What runs in a browser as well: the kernel, and the deterministic machine below it. Files here import neither Node's
 * modules nor packages, nor any file that does.
 */
export const PORTABLE = [
  ...ROOMS.slice(0, ROOMS.indexOf('machine')).map((room) => `src/${room}`),
  'src/machine',
  'src/explore',
] as const

/** Files in a portable room that are not portable themselves, so that nothing portable may import them. */
export const NOT_PORTABLE = [
  'src/profiles/load.ts',
  'src/machine/threads',
  'src/explore/load.ts',
  'src/explore/token.ts',
] as const

/** Files stay below this many lines. */
export const MAX_LINES = 450

/** Where MAX_LINES holds. */
export const SHORT = ['src', 'workers', 'stress'] as const

/** Whether `path` is one of `places` or lies in one of them. */
export function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`))
}

/** The room a file is in; null for files that are in none: a door, a leaf, or a folder that nobody put on the list. */
export function roomOf(path: string): string | null {
  const [top, folder, file] = path.split('/')
  const name = top === 'src' && file !== undefined ? folder : top
  return (ROOMS as readonly string[]).includes(name) && (top === 'src' || name === 'stress') ? name : null
}
