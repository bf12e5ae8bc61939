// How a schedule ended, and which failures are the same.
import type { MachinePanic, PanicReport, Wait } from '../machine/report.js'

export type Outcome =
  | { readonly kind: 'ok' }
  /** something that must hold did not: an invariant, what the scenario's oracle says, a warning of the kernel */
  | { readonly kind: 'violation'; readonly invariant: string; readonly message: string }
  /** each of `cycle` holds what the one before it waits for */
  | { readonly kind: 'deadlock'; readonly cycle: readonly string[]; readonly details: readonly string[] }
  /** a wakeup was lost, or what a task waits for never comes: nobody holds it */
  | { readonly kind: 'hang'; readonly waits: readonly string[]; readonly details: readonly string[] }
  /** CPUs go on, and nobody gets on */
  | { readonly kind: 'livelock'; readonly message: string; readonly places: readonly string[] }
  | { readonly kind: 'panic'; readonly function: string; readonly message: string; readonly chain: readonly string[] }
  /** two locks are taken in both orders: they can deadlock, though here they did not */
  | { readonly kind: 'lock-order'; readonly locks: string; readonly orders: readonly [string, string] }
  | DataRace
  /** the same schedule ended in another way when it was run again: a defect of this program, or of the scenario */
  | { readonly kind: 'not-deterministic'; readonly first: string; readonly second: string }

/** two CPUs use a word, nothing orders that, one writes and one does so by no operation */
export interface DataRace {
  readonly kind: 'data-race'
  /** the word without numbers, and where it is used: the same race has the same */
  readonly race: string
  readonly accesses: readonly [string, string]
}

export type Failure = Exclude<Outcome, { kind: 'ok' }>

/** What a machine that has died died of. `invariant: message` is how violations tell theirs. */
export function outcomeOfPanic({ report }: MachinePanic): Failure {
  const { cause } = report
  switch (cause.kind) {
    case 'deadlock':
    case 'stuck':
      return outcomeOfStandstill(report)
    case 'hang':
      return { kind: 'livelock', message: cause.message, places: placesOf(report) }
    case 'violation': {
      const [invariant] = cause.message.split(':')
      return { kind: 'violation', invariant: invariant!, message: cause.message.slice(invariant!.length + 2) }
    }
    case 'bug':
      return { kind: 'panic', function: cause.function, message: cause.message, chain: cause.chain }
    default: {
      const chain = 'chain' in cause ? cause.chain : []
      return { kind: 'panic', function: chain[0] ?? 'the kernel', message: cause.message, chain }
    }
  }
}

/** Nothing can go on: a deadlock where somebody holds what he who holds it waits for, else a hang. */
function outcomeOfStandstill(report: PanicReport): Failure {
  const details = [...report.waits, ...spinning(report)]
  const cycle = findCycle(report.blocked)
  if (cycle !== null) {
    const told = cycle.map(({ task, what, holder }) => `${task} ${WAITS} ${what}, held by ${holder}`)
    return { kind: 'deadlock', cycle: told, details }
  }
  const spins = spinning(report)
  // CPUs that spin keep the others from what those wait for.
  const waits = spins.length > 0 ? spins : report.blocked.map(({ task, what }) => `${task} ${WAITS} ${what}`)
  return { kind: 'hang', waits: waits.length > 0 ? waits : ['a user task sleeps and nobody wakes it'], details }
}

const WAITS = 'waits for'

function spinning({ cpus }: PanicReport): string[] {
  return cpus
    .filter(({ operation }) => operation !== null && /^wait(While|Until) /.test(operation))
    .filter(({ online }) => online)
    .map(({ cpu, task, operation, place }) => `CPU ${cpu} (${task}) spins in ${place}: ${operation}`)
}

function findCycle(blocked: readonly Wait[]): Wait[] | null {
  for (const start of blocked) {
    const path: Wait[] = [start]
    for (;;) {
      const { holder } = path.at(-1)!
      const next = holder === null ? undefined : blocked.find(({ task }) => task === holder)
      if (next === undefined) break
      const seen = path.indexOf(next)
      if (seen >= 0) return path.slice(seen)
      path.push(next)
    }
  }
  return null
}

function placesOf({ cpus }: PanicReport): string[] {
  return cpus.filter(({ place, operation }) => place !== null && operation !== 'halt').map(({ place }) => place!)
}

/** Failures with the same signature are the same failure: numbers do not count, nor who was unlucky. */
export function signatureOf(failure: Failure): string {
  switch (failure.kind) {
    case 'violation':
      return `violation ${failure.invariant}`
    case 'deadlock':
      return `deadlock ${blurred(failure.cycle.map((line) => line.replace(/^.* waits for (.*), held by .*$/, '$1')))}`
    case 'hang':
      return `hang ${blurred(failure.waits.map((line) => line.replace(/^.*? (?:spins in|waits for) ([^ ]*?):?( .*)?$/, '$1')))}`
    case 'livelock':
      return 'livelock'
    case 'panic':
      return `panic ${failure.function}: ${failure.message.replace(/\d+/g, '#')}`
    case 'lock-order':
      return `lock-order ${failure.locks}`
    case 'data-race':
      return `data-race ${failure.race}`
    case 'not-deterministic':
      return 'not-deterministic'
  }
}

function blurred(names: readonly string[]): string {
  return [...new Set(names.map((name) => name.replace(/\d+/g, '#')))].sort().join(' ')
}

/** A failure in a line. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case 'violation':
      return `violated: ${failure.invariant}: ${failure.message}`
    case 'deadlock':
      return `deadlock: ${failure.cycle.join('; ')}`
    case 'hang':
      return `hang: ${failure.waits.join('; ')}`
    case 'livelock':
      return `livelock: ${failure.message}`
    case 'panic':
      return `panic in ${failure.function}: ${failure.message}`
    case 'lock-order':
      return `lock order: ${failure.orders.join('; ')}`
    case 'data-race':
      return `data race: ${failure.race}`
    case 'not-deterministic':
      return `not deterministic: ${failure.first} at first, ${failure.second} when run again`
  }
}
