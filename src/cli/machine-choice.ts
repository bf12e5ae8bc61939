// The options with which `run` and `shell` choose a machine.
import { UsageError } from '../base/failure.js'
import { NS_PER_MS, parseDuration } from '../base/time.js'
import type { DeviceConfig } from '../devices/config.js'
import type { MachineOptions } from '../machine/options.js'
import { TRACE_RECORD } from '../memory/structs.js'
import { loadProfile } from '../profiles/load.js'

export interface MachineChoice {
  readonly cpus: number
  readonly machine: 'threads' | 'deterministic'
  readonly workers?: number
  readonly seed: number
  readonly profile: string
  readonly watchdog?: string
  readonly device?: readonly DeviceConfig[]
}

/** Words of all trace rings together: busy CPUs record much between two looks. */
const TRACE_WORDS = 2 ** 24

/** What to boot; a UsageError for what does not go together. */
export function machineOptions(choice: MachineChoice): MachineOptions {
  const { cpus, machine, workers, seed, profile, watchdog, device } = choice
  if (workers !== undefined && machine === 'deterministic') {
    throw new UsageError('--workers is for --machine threads; the deterministic machine has none')
  }
  if (workers !== undefined && workers > cpus) {
    throw new UsageError(`--workers is a whole number from 1 to ${cpus}, the number of CPUs, not '${workers}'`)
  }
  const limit = watchdog === undefined ? null : parseDuration(watchdog) / NS_PER_MS
  if (limit === 0) throw new UsageError(`--watchdog is a duration above 0, as in 10s, not '${watchdog}'`)
  return {
    cpus,
    profile: loadProfile(profile),
    traceRecords: 2 ** Math.min(16, Math.floor(Math.log2(TRACE_WORDS / TRACE_RECORD.$size / cpus))),
    machine,
    ...(machine === 'deterministic' ? { seed } : {}),
    ...(device === undefined ? {} : { devices: device }),
    ...(workers === undefined ? {} : { workers }),
    ...(limit === null ? {} : { watchdog: { requestMs: limit } }),
  }
}
