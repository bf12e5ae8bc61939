// A profile is the step table of one kernel configuration: which hotplug states it has, what they are called, which
// callbacks hang on them in either direction. It is data; the behaviour behind the callback names is the kernel's. A
// user may bring one of their own, so everything that the kernel relies on is checked here.
//
// The states, in the order of bringing up:
//
//     0 offline | 1..91 PREPARE, on the control CPU | 92..152 STARTING, interrupts off | 153 | 155..235 ONLINE | online
//
// Some of them are the mechanism itself, or belong to what is modelled: every profile has them (FIXED).

import { UsageError } from '../base/failure.js'

/** One row of the step table. */
export type StepDescription = {
  /** The state's number, 0..online. */
  readonly state: number
  /** Its name, as hotplug/states lists it: 'sched:active'. */
  readonly name: string
  /** The function called when a CPU comes up through this state; null for none. */
  readonly startup: string | null
  /** The function called when a CPU goes down through it; null for none. */
  readonly teardown: string | null
  /** How many instances a multi-instance step has after boot. Each is one call of the callback. */
  readonly instances: number
  /** Whether no request may stop here: writing this state to hotplug/target is refused. */
  readonly cantStop: boolean
  /** Whether the callbacks are called once for every instance rather than once. */
  readonly multi: boolean
}

/** The step table of one kernel configuration. */
export type Profile = {
  readonly name: string
  /** The release of the kernel that it describes: '6.1.192'. */
  readonly kernel: string
  /** The state of a CPU that is fully up; the last of the table. */
  readonly online: number
  /** Whether hotplug/target takes every state, or only offline and online (CONFIG_CPU_HOTPLUG_STATE_CONTROL). */
  readonly stateControl: boolean
  /** Rows in ascending order of state. States that nothing is registered for have none. */
  readonly states: readonly StepDescription[]
}

// The numbers of states are the kernel's own: a profile says which of them have steps.
const ONLINE = 236
/** Characters that a step's name may have. */
const NAME_MAX = 39
/** Instances that all steps may have together. */
const INSTANCES_MAX = 128

type FixedStep = {
  readonly name: string
  /** The function that must be there; null: none may, because the walk through the table would never call it. */
  readonly startup?: string | null
  readonly teardown?: string | null
  /** Whether a CPU left here would be neither up nor down: its thread parked, or itself half started. */
  readonly cantStop?: boolean
}

const NEVER_CALLED = { startup: null, teardown: null } as const

/** What the kernel does not work without: the mechanism itself, and the subsystems that a CPU must leave in order. */
const FIXED: ReadonlyMap<number, FixedStep> = new Map<number, FixedStep>([
  [0, { name: 'offline', ...NEVER_CALLED, cantStop: false }],
  [1, { name: 'threads:prepare', startup: 'smpboot_create_threads' }],
  [41, { name: 'workqueue:prepare', startup: 'workqueue_prepare_cpu' }],
  [46, { name: 'smpcfd:prepare', startup: 'smpcfd_prepare_cpu', teardown: 'smpcfd_dead_cpu' }],
  [68, { name: 'timers:prepare', teardown: 'timers_dead_cpu' }],
  [91, { name: 'cpu:bringup', startup: 'bringup_cpu', cantStop: true }],
  [92, { name: 'idle:dead', ...NEVER_CALLED, cantStop: false }],
  [93, { name: 'ap:offline', ...NEVER_CALLED, cantStop: true }],
  [94, { name: 'sched:starting', startup: 'sched_cpu_starting', teardown: 'sched_cpu_dying' }],
  [148, { name: 'smpcfd:dying', teardown: 'smpcfd_dying_cpu' }],
  [149, { name: 'hrtimers:dying', startup: 'hrtimers_cpu_starting', teardown: 'hrtimers_cpu_dying' }],
  [153, { name: 'cpu:teardown', startup: null, teardown: 'takedown_cpu', cantStop: true }],
  [155, { name: 'sched:waitempty', teardown: 'sched_cpu_wait_empty' }],
  [156, { name: 'smpboot/threads:online', startup: 'smpboot_unpark_threads', teardown: 'smpboot_park_threads' }],
  [197, { name: 'workqueue:online', startup: 'workqueue_online_cpu', teardown: 'workqueue_offline_cpu' }],
  [235, { name: 'sched:active', startup: 'sched_cpu_activate', teardown: 'sched_cpu_deactivate' }],
  [ONLINE, { name: 'online', ...NEVER_CALLED, cantStop: false }],
])

/** Where a CPU that has come up waits to be told more: nothing can be registered for it. */
const AP_ONLINE_IDLE = 154

const SIDES = ['startup', 'teardown'] as const

/** The functions of FIXED: what each is, in words. */
const PLACES: ReadonlyMap<string, string> = new Map(
  [...FIXED].flatMap(([state, fixed]) =>
    SIDES.flatMap((side) => (fixed[side] ? [[fixed[side], `the ${side} of state ${state}`] as const] : [])),
  ),
)

const PROFILE_FIELDS = ['name', 'kernel', 'online', 'stateControl', 'states'] as const
const STEP_FIELDS = ['state', 'name', 'startup', 'teardown', 'instances', 'cantStop', 'multi'] as const

/**
 * Checks that a value, as parsed from JSON, is a profile that the kernel can run.
 * @param value anything
 * @param source what to call it in errors: the file's name
 * @returns the profile; remarks in fields named `comment` are left out
 * @throws UsageError, one line that names the source, and the state where there is one
 */
export function checkProfile(value: unknown, source: string): Profile {
  const fields = asObject(value)
  if (fields === null) throw new UsageError(`${source}: a profile must be a JSON object`)
  const fail = (problem: string): UsageError => new UsageError(`${source}: ${problem}`)

  const { name, kernel, online, stateControl, states } = fields
  const unknown = unknownField(fields, PROFILE_FIELDS)
  if (unknown !== null) throw fail(`unknown field ${unknown}`)
  if (!isLine(name)) throw fail(`name must be text, not ${show(name)}`)
  if (!isLine(kernel)) throw fail(`kernel must be text, not ${show(kernel)}`)
  if (online !== ONLINE) {
    throw fail(`online must be ${ONLINE}, not ${show(online)}`)
  }
  if (typeof stateControl !== 'boolean') throw fail(`stateControl must be true or false, not ${show(stateControl)}`)
  if (!Array.isArray(states)) throw fail(`states must be a list, not ${show(states)}`)

  const steps = states.map((row: unknown, index) => checkStep(row, index, online, source))
  checkOrder(steps, source)
  checkNames(steps, source)
  checkFixed(steps, source)
  checkInstances(steps, source)
  return { name, kernel, online, stateControl, states: steps }
}

function checkStep(row: unknown, index: number, online: number, source: string): StepDescription {
  const fields = asObject(row)
  if (fields === null) throw new UsageError(`${source}: states[${index}] must be an object, not ${show(row)}`)
  const { state, name, startup, teardown, instances, cantStop, multi } = fields
  if (!isIntegerIn(state, 0, online)) {
    throw new UsageError(`${source}: states[${index}]: state must be an integer in 0..${online}, not ${show(state)}`)
  }
  const fail = (problem: string): UsageError => new UsageError(`${source}: state ${state}: ${problem}`)

  const unknown = unknownField(fields, STEP_FIELDS)
  if (unknown !== null) throw fail(`unknown field ${unknown}`)
  if (!isPlainLine(name)) throw fail(`name must be ASCII text on one line, not ${show(name)}`)
  if (name.length > NAME_MAX) throw fail(`name may have ${NAME_MAX} characters, not ${name.length}`)
  if (!isCallback(startup)) throw fail(`startup must be a function's name or null, not ${show(startup)}`)
  if (!isCallback(teardown)) throw fail(`teardown must be a function's name or null, not ${show(teardown)}`)
  if (typeof multi !== 'boolean') throw fail(`multi must be true or false, not ${show(multi)}`)
  if (typeof cantStop !== 'boolean') throw fail(`cantStop must be true or false, not ${show(cantStop)}`)
  if (!isIntegerIn(instances, 0, Number.MAX_SAFE_INTEGER)) {
    throw fail(`instances must be an integer that is not negative, not ${show(instances)}`)
  }
  if (instances > 0 && !multi) throw fail(`it has ${instances} instances but is not multi`)
  if (state === AP_ONLINE_IDLE) throw fail('no step can be there: a CPU that has come up idles in it')
  if (multi && startup === null && teardown === null) throw fail('it is multi but has neither startup nor teardown')
  return { state, name, startup, teardown, instances, cantStop, multi }
}

function checkOrder(steps: readonly StepDescription[], source: string): void {
  for (let i = 1; i < steps.length; i++) {
    const { state } = steps[i]
    const before = steps[i - 1].state
    if (state === before) throw new UsageError(`${source}: state ${state}: it is there twice`)
    if (state < before) throw new UsageError(`${source}: state ${state}: it comes after ${before}; states must ascend`)
  }
}

function checkInstances(steps: readonly StepDescription[], source: string): void {
  let sum = 0
  for (const { state, instances } of steps) {
    sum += instances
    if (sum <= INSTANCES_MAX) continue
    throw new UsageError(
      `${source}: state ${state}: with its instances there are ${sum}; there may be ${INSTANCES_MAX}`,
    )
  }
}

/** A name is how a state is known in hotplug/states, and a function of the kernel's is at home in one place. */
function checkNames(steps: readonly StepDescription[], source: string): void {
  const states = new Map<string, number>()
  for (const { state, name, startup, teardown } of steps) {
    const fail = (problem: string): UsageError => new UsageError(`${source}: state ${state}: ${problem}`)
    const other = states.get(name)
    if (other !== undefined) throw fail(`its name, ${name}, is that of state ${other}`)
    states.set(name, state)
    for (const [side, callback] of [['startup', startup] as const, ['teardown', teardown] as const]) {
      const place = callback === null ? undefined : PLACES.get(callback)
      if (place === undefined || place === `the ${side} of state ${state}`) continue
      throw fail(`its ${side} can not be ${callback}: that is ${place}`)
    }
  }
}

function checkFixed(steps: readonly StepDescription[], source: string): void {
  for (const [state, fixed] of FIXED) {
    const fail = (problem: string): UsageError => new UsageError(`${source}: state ${state}: ${problem}`)
    const step = steps.find((candidate) => candidate.state === state)
    if (step === undefined) throw fail(`it is missing; every profile has it, named ${fixed.name}`)
    if (step.name !== fixed.name) throw fail(`it must be named ${fixed.name}, not ${show(step.name)}`)
    if (step.multi) throw fail(`${fixed.name} can not be multi`)
    for (const side of SIDES) {
      if (fixed[side] === undefined || step[side] === fixed[side]) continue
      if (fixed[side] === null) throw fail(`${fixed.name} can not have a ${side}: it would never be called`)
      throw fail(`${fixed.name} needs ${fixed[side]} as its ${side}, not ${show(step[side])}`)
    }
    if (fixed.cantStop !== undefined && step.cantStop !== fixed.cantStop) {
      throw fail(`cantStop of ${fixed.name} must be ${fixed.cantStop}`)
    }
  }
}

/** A field that is not of those, with what is allowed; null when there is none. */
function unknownField(fields: Record<string, unknown>, known: readonly string[]): string | null {
  const unknown = Object.keys(fields).find((key) => key !== 'comment' && !known.includes(key))
  return unknown === undefined ? null : `${show(unknown)}; known are ${known.join(', ')}, and comment for remarks`
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function isLine(value: unknown): value is string {
  return typeof value === 'string' && /^[^\r\n]*[^\s][^\r\n]*$/.test(value)
}

// In the table a character has a byte.
function isPlainLine(value: unknown): value is string {
  return typeof value === 'string' && /^[ -~]*[!-~][ -~]*$/.test(value)
}

// Trace records are split at blanks, so a function's name has none.
function isCallback(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && /^\S+$/.test(value))
}

// How a wrong value is shown in an error: as JSON, on one line, short.
function show(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`
}
