// `cpuhp states`: the step table, and which of its steps have a subsystem behind them.
import { MODELLED } from '../kernel/callbacks.js'
import { loadProfile } from '../profiles/load.js'
import type { Profile, StepDescription } from '../profiles/profile.js'
import { out, table } from './output.js'

export interface StatesOptions {
  readonly profile: string
  readonly json: boolean
}

/**
 * modelled: what its callbacks do in Linux is done here. partly: one of the two is. named: it is called, traced and may
 * be told to fail, and does nothing.
 */
type Depth = 'modelled' | 'partly' | 'named'

interface Row extends StepDescription {
  readonly section: string
  readonly depth: Depth
}

/** What the kernel itself does between callbacks: there is nothing more behind these. */
const OF_THE_KERNEL = new Set([
  'offline',
  'cpu:bringup',
  'idle:dead',
  'ap:offline',
  'ap:online',
  'cpu:teardown',
  'online',
])

export function statesCommand({ profile: name, json }: StatesOptions): void {
  const profile = loadProfile(name)
  const rows = profile.states.map((step) => ({ ...step, section: sectionOf(step, profile), depth: depthOf(step) }))
  out(json ? `${JSON.stringify({ ...profile, states: rows }, null, 2)}\n` : text(profile, rows))
}

function sectionOf({ state }: StepDescription, { online }: Profile): string {
  if (state === 0 || state === online) return '-'
  if (state <= 91) return 'PREPARE'
  if (state <= 152) return 'STARTING'
  return state === 153 ? 'TEARDOWN' : 'ONLINE'
}

function depthOf({ name, startup, teardown }: StepDescription): Depth {
  if (OF_THE_KERNEL.has(name)) return 'modelled'
  const callbacks = [startup, teardown].filter((callback) => callback !== null)
  const modelled = callbacks.filter((callback) => Object.hasOwn(MODELLED, callback))
  if (modelled.length === 0) return 'named'
  return modelled.length === callbacks.length ? 'modelled' : 'partly'
}

function text(profile: Profile, rows: readonly Row[]): string {
  const head = ['state', 'section', 'name', 'startup', 'teardown', 'instances', 'stop', 'behind it']
  const cells = rows.map((row) => [
    String(row.state),
    row.section,
    row.name,
    row.startup ?? '-',
    row.teardown ?? '-',
    row.multi ? String(row.instances) : '-',
    row.cantStop ? "can't" : '',
    row.depth === 'named' ? 'named step' : row.depth,
  ])
  const count = (depth: Depth): number => rows.filter((row) => row.depth === depth).length
  return [
    ...table([head, ...cells], [0, 5]),
    '',
    `${profile.name} (Linux ${profile.kernel}): ${rows.length} states, ${count('modelled')} modelled, ` +
      `${count('partly')} in one direction, ${count('named')} named steps`,
    '',
  ].join('\n')
}
