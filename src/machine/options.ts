// What a machine is booted with, checked.
import { UsageError } from '../base/failure.js'
import { type DeviceConfig, deviceProblem, MAX_CPUS_WITH_DEVICES } from '../devices/config.js'
import { tableWith } from '../kernel/callbacks.js'
import { LIMITS, PAGE } from '../memory/layout.js'
import { BUG_NAMES, type BugName } from '../ops/switches.js'
import { checkProfile, type Profile } from '../profiles/profile.js'
import { DeterministicEngine } from './deterministic/engine.js'
import { MEMORY_MODELS, type MemoryModel } from './deterministic/memory-model.js'
import { FixedStrategy, RandomStrategy, type Strategy } from './deterministic/strategy.js'
import type { Engine, EngineConfig, Watchdog } from './engine.js'
import { loadModules, loadWorkloads } from './modules.js'

export interface MachineOptions {
  /** possible CPUs, 1..4096 */
  readonly cpus: number
  /** what they run on: worker threads (default), or one thread in an order that a seed decides */
  readonly machine?: 'threads' | 'deterministic'
  /** CPUs that are present (default: all) */
  readonly present?: number
  /** CPUs that come up at boot (default: all that are present) */
  readonly maxcpus?: number
  /** deterministic: seed of the random strategy (default 1) */
  readonly seed?: number
  /** deterministic: who runs next; 'random' (default), 'fixed', or a strategy of your own */
  readonly strategy?: 'random' | 'fixed' | Strategy
  /** deterministic: when CPUs see what others store: 'sc' (default), 'tso' or 'pso' */
  readonly memoryModel?: MemoryModel
  /** threads: worker threads that the CPUs are spread over (default: one for each CPU) */
  readonly workers?: number
  /** the step table: a name ('linux-6.1-minimal'), or a profile */
  readonly profile?: string | Profile
  /** URLs or absolute paths of kernel modules (see KernelModule), loaded by every worker */
  readonly modules?: readonly (string | URL)[]
  /** tasks that there is room for besides the kernel's own (default 64) */
  readonly tasks?: number
  /** kernel threads that Machine.kthread may start, at most 4096 (default 0) */
  readonly kthreads?: number
  /** users' workloads besides the built-in ones: paths or URLs of their modules */
  readonly workloads?: readonly (string | URL)[]
  /** memory for user processes, bytes (default 4 MiB): each has pages of 4 KiB of its own */
  readonly userMemory?: number
  /** words of memory for modules' own use (default 1024) */
  readonly scratch?: number
  /** trace events kept for each CPU, a power of two (default 1024; 256 from 65 CPUs on), or 0: none are recorded */
  readonly traceRecords?: number
  /** devices: network cards and disks (default: none) */
  readonly devices?: readonly DeviceConfig[]
  /** historical bugs of Linux to put back, by name: see ops/switches.ts (default: none) */
  readonly bugs?: readonly BugName[]
  /** whether synchronize_rcu is expedited (default), as with the kernel parameter rcupdate.rcu_expedited=1 */
  readonly rcuExpedited?: boolean
  /** when a machine counts as hung */
  readonly watchdog?: Watchdog
}

const DEFAULT_USER_MEMORY = 4 * 2 ** 20

const KNOWN = new Set([
  'cpus',
  'machine',
  'present',
  'maxcpus',
  'seed',
  'strategy',
  'memoryModel',
  'workers',
  'profile',
  'modules',
  'tasks',
  'kthreads',
  'workloads',
  'userMemory',
  'scratch',
  'traceRecords',
  'devices',
  'bugs',
  'rcuExpedited',
  'watchdog',
])

/** The engine that the options ask for. A UsageError names what is wrong and what is allowed. */
export async function engineFor(options: MachineOptions): Promise<Engine> {
  if (typeof options !== 'object' || options === null) throw new UsageError('Machine.boot takes an object of options')
  for (const key of Object.keys(options)) {
    if (!KNOWN.has(key)) throw new UsageError(`unknown option ${key}; known are ${[...KNOWN].join(', ')}`)
  }
  const { machine = 'threads' } = options
  const cpus = count('cpus', options.cpus, 1, LIMITS.cpus)
  const present = count('present', options.present ?? cpus, 1, cpus)
  const bugs = list('bugs', options.bugs ?? []).map(checkBug)
  const config: EngineConfig = {
    cpus,
    present,
    maxcpus: count('maxcpus', options.maxcpus ?? present, 1, present),
    tasks: count('tasks', options.tasks ?? 64, 0, LIMITS.tasks),
    kthreads: count('kthreads', options.kthreads ?? 0, 0, LIMITS.kthreads),
    scratch: count('scratch', options.scratch ?? 1024, 0, 2 ** 24),
    user: Math.ceil(count('userMemory', options.userMemory ?? DEFAULT_USER_MEMORY, 0, 2 ** 30) / (4 * PAGE)) * PAGE,
    traceRecords: powerOfTwoOrNone('traceRecords', options.traceRecords ?? (cpus > 64 ? 256 : 1024), 16, 65_536),
    profile: tableWith(await profileOf(options.profile ?? 'linux-6.1-minimal'), bugs),
    modules: await Promise.all(list('modules', options.modules ?? []).map(moduleUrl)),
    workloads: await Promise.all(list('workloads', options.workloads ?? []).map(moduleUrl)),
    bugs,
    devices: devices(options.devices ?? [], cpus),
    rcuExpedited: flag('rcuExpedited', options.rcuExpedited ?? true),
  }
  if (machine === 'deterministic') {
    if (options.workers !== undefined) throw new UsageError('workers is for the threads machine')
    const watchdog = checkWatchdog(options.watchdog ?? {})
    if (watchdog.stuckMs !== undefined) throw new UsageError('watchdog.stuckMs is for the threads machine')
    const workloads = await loadWorkloads(config.workloads)
    const modules = await loadModules(config.modules)
    return new DeterministicEngine(config, modules, workloads, strategyOf(options), watchdog, modelOf(options))
  }
  if (machine !== 'threads') throw new UsageError(`machine is 'threads' or 'deterministic', not '${String(machine)}'`)
  const { strategy, seed, memoryModel } = options
  if (strategy !== undefined || seed !== undefined || memoryModel !== undefined) {
    throw new UsageError('seed, strategy and memoryModel are for the deterministic machine')
  }
  const workers = count('workers', options.workers ?? cpus, 1, cpus)
  const watchdog = checkWatchdog(options.watchdog ?? {})
  if (watchdog.operations !== undefined) throw new UsageError('watchdog.operations is for the deterministic machine')
  const { ThreadsEngine } = await import('./threads/engine.js')
  return new ThreadsEngine(config, workers, watchdog)
}

function count(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new UsageError(`${name} is a whole number from ${low} to ${high}, not ${String(value)}`)
}

function flag(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value
  throw new UsageError(`${name} is true or false, not ${String(value)}`)
}

function powerOfTwoOrNone(name: string, value: number, low: number, high: number): number {
  const fits = Number.isInteger(value) && value >= low && value <= high && (value & (value - 1)) === 0
  if (fits || value === 0) return value
  throw new UsageError(`${name} is a power of two from ${low} to ${high}, or 0, not ${String(value)}`)
}

function devices(given: readonly DeviceConfig[], cpus: number): readonly DeviceConfig[] {
  const many = given.length > 0 && cpus > MAX_CPUS_WITH_DEVICES
  const problem = many ? `a machine with devices has ${MAX_CPUS_WITH_DEVICES} CPUs at most` : deviceProblem(given)
  if (problem !== null) throw new UsageError(problem)
  return given
}

function list<T>(name: string, value: readonly T[]): readonly T[] {
  if (Array.isArray(value)) return value
  throw new UsageError(`${name} is a list, not ${String(value)}`)
}

function checkWatchdog(limits: Watchdog): Watchdog {
  const known = ['requestMs', 'stuckMs', 'operations']
  if (typeof limits !== 'object' || limits === null) throw new UsageError(`watchdog is { ${known.join(', ')} }`)
  for (const [key, value] of Object.entries(limits)) {
    if (!known.includes(key)) throw new UsageError(`watchdog has ${known.join(', ')}, no ${key}`)
    if (!(typeof value === 'number' && value > 0)) {
      const unit = key === 'operations' ? '' : ' of milliseconds'
      throw new UsageError(`watchdog.${key} is a number${unit} above 0, not ${String(value)}`)
    }
  }
  return limits
}

async function profileOf(profile: string | Profile): Promise<Profile> {
  if (typeof profile !== 'string') return checkProfile(profile, 'the profile given')
  const { loadProfile } = await import('../profiles/load.js')
  return loadProfile(profile)
}

function checkBug(name: BugName): BugName {
  if (BUG_NAMES.includes(name)) return name
  throw new UsageError(`there is no bug ${String(name)}; known are ${BUG_NAMES.join(', ')}`)
}

/** A URL as it is (two letters at least stand before its colon: one is a drive), a path as a URL. */
async function moduleUrl(module: string | URL): Promise<string> {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string') throw new UsageError(`modules are paths and URLs, not ${String(module)}`)
  if (/^[a-z][a-z+.-]+:/i.test(module)) return module
  const { pathToFileURL } = await import('node:url')
  return pathToFileURL(module).href
}

/** What a memory model is called; a UsageError says which there are. */
function modelOf({ memoryModel = 'sc' }: MachineOptions): MemoryModel {
  if (MEMORY_MODELS.includes(memoryModel)) return memoryModel
  throw new UsageError(`memoryModel is ${MEMORY_MODELS.join(', ')}, not ${String(memoryModel)}`)
}

function strategyOf(options: MachineOptions): Strategy {
  const { strategy = 'random', seed = 1 } = options
  if (!Number.isInteger(seed)) throw new UsageError(`seed is a whole number, not ${String(seed)}`)
  if (strategy === 'random') return new RandomStrategy(seed)
  if (strategy === 'fixed') return new FixedStrategy()
  const methods = ['next', 'takeInterrupt', 'choose'] as const
  const own = typeof strategy === 'object' && strategy !== null
  if (own && methods.every((name) => typeof strategy[name] === 'function')) return strategy
  const given = typeof strategy === 'string' ? `'${strategy}'` : 'this'
  throw new UsageError(`strategy is 'random' or 'fixed', or an object with ${methods.join(', ')}; not ${given}`)
}
