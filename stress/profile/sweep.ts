// What a profile can sweep: the machine's own figures, and every parameter of every load: 'irq-off.us'.
import { LIMITS } from '../../src/memory/layout.js'
import { KINDS, type Kind } from '../loads/kinds.js'
import { type LoadSetting, standard } from '../loads/setting.js'

/** What a machine is measured under. */
export interface Setting {
  readonly cpus: number
  /** endless tasks that may run anywhere */
  readonly tasks: number
  /** endless tasks that are bound to the CPU that is about to go */
  readonly hogs: number
  /** other ways to be busy */
  readonly loads: readonly LoadSetting[]
}

/** Something that takes one value after the other while all else stays. */
export interface SweepTarget {
  readonly name: string
  readonly low: number
  readonly high: number
  set(setting: Setting, value: number): Setting
  /** a value in a few words: '8 tasks' */
  label(value: number): string
}

const OWN: readonly SweepTarget[] = [
  {
    name: 'tasks',
    low: 0,
    high: 10_000,
    set: (setting, tasks) => ({ ...setting, tasks }),
    label: (value) => (value === 1 ? '1 task' : `${value} tasks`),
  },
  {
    name: 'cpus',
    low: 2,
    high: LIMITS.cpus,
    set: (setting, cpus) => ({ ...setting, cpus }),
    label: (value) => `${value} CPUs`,
  },
  {
    name: 'hogs',
    low: 0,
    high: 10_000,
    set: (setting, hogs) => ({ ...setting, hogs }),
    label: (value) => (value === 1 ? '1 hog' : `${value} hogs`),
  },
]

/** Names without those of the loads' parameters. */
export const SWEEPS = OWN.map(({ name }) => name)

/** What goes by that name; undefined when nothing does. */
export function sweepTarget(name: string): SweepTarget | undefined {
  const own = OWN.find((target) => target.name === name)
  if (own !== undefined) return own
  const [load, parameter = ''] = name.split(/\.(.*)/s)
  const kind = KINDS.find((candidate) => candidate.name === load)
  if (kind === undefined || !Object.hasOwn(kind.parameters, parameter)) return undefined
  return parameterOf(kind, parameter)
}

/** A load that is swept and has not been asked for has its usual parameters otherwise. */
function parameterOf(kind: Kind, parameter: string): SweepTarget {
  const { min, max } = kind.parameters[parameter]!
  return {
    name: `${kind.name}.${parameter}`,
    low: min,
    high: max,
    set(setting, value) {
      const others = setting.loads.filter((load) => load.kind !== kind)
      const { values } = setting.loads.find((load) => load.kind === kind) ?? standard(kind)
      return { ...setting, loads: [...others, { kind, values: { ...values, [parameter]: value } }] }
    },
    label: (value) => `${parameter}=${value}`,
  }
}
