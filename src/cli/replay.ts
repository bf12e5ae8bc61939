// `cpuhp replay` and `cpuhp minimise`: a schedule that a token describes is run again, and made as small as it can be.
import { closeSync, openSync, writeSync } from 'node:fs'
import { EXIT, UsageError } from '../base/failure.js'
import { Pool, Trouble } from '../campaign/pool.js'
import { isFile, loadScenario } from '../explore/load.js'
import { minimise } from '../explore/minimise.js'
import { describeFailure, type Outcome, signatureOf } from '../explore/outcome.js'
import { choose, Film, sentences, tableOf } from '../explore/picture.js'
import { Playback } from '../explore/playback.js'
import { type Ran, runSchedule, type Setup } from '../explore/schedule.js'
import { withPlaces } from '../explore/sleepers.js'
import { searchNamed } from '../explore/strategies/table.js'
import { decodeToken, encodeToken, type Recipe } from '../explore/token.js'
import { Walk } from '../explore/walk.js'
import { actorsOf } from '../machine/deterministic/store-buffers.js'
import { loadProfile } from '../profiles/load.js'
import { counted, err, out, styled, table } from './output.js'
import { Progress } from './progress.js'
import { stepThrough } from './step.js'
import { oneLine } from './values.js'
import { version } from './version.js'

export interface ReplayCommand {
  readonly trace?: string
  readonly bestEffort: boolean
  readonly then?: string
  readonly step: boolean
}

/** Operations that a strategy that goes on after a token's schedule may reckon with. */
const TYPICAL = 1_000

export interface MinimiseCommand {
  readonly quiet: boolean
}

/** Runs the command; answers the exit code: 1 when the failure is seen again, 0 when all is well. */
export async function replayCommand(token: string, command: ReplayCommand): Promise<number> {
  if (command.step && (command.bestEffort || command.then !== undefined)) {
    throw new UsageError(
      '--step walks through the run of the token itself: neither --best-effort nor --then goes with it',
    )
  }
  const recipe = decodeToken(token)
  const setup = await setupOf(recipe, command.bestEffort)
  const trace = command.trace === undefined ? null : openTrace(command.trace)
  const film = new Film()
  const after = command.then === undefined ? null : searchNamed(command.then)
  const { machine } = setup.scenario
  const counts = new Array<number>(actorsOf(machine.cpus, machine.devices?.length ?? 0, recipe.memory)).fill(0)
  const search = after?.(recipe.seed, { counts, operations: TYPICAL, words: new Map() })
  const playback = new Playback(recipe.deviations, command.bestEffort, search?.strategy(0) ?? null)
  const ran = await runSchedule(setup, playback, film)
  trace?.(film)
  const free = command.bestEffort || after !== null
  if (!free) checkSame(recipe, ran, playback)
  const told = describeRun(recipe, ran, film)
  if (command.step) await stepThrough(await Walk.through(setup, recipe.deviations), told)
  else out(told)
  if (free && playback.divergence !== null) out(`diverged: ${playback.divergence}\n`)
  const unmade = playback.unmade.length
  if (free && unmade > 0) out(`${counted(unmade, 'deviation')} of ${recipe.deviations.length} could not be made\n`)
  return ran.outcome.kind === 'ok' ? EXIT.ok : EXIT.violation
}

/** Runs the command; answers the exit code: 1, for the failure is there still. */
export async function minimiseCommand(token: string, { quiet }: MinimiseCommand): Promise<number> {
  const recipe = decodeToken(token)
  const setup = await setupOf(recipe, false)
  const playback = new Playback(recipe.deviations)
  const ran = await runSchedule(setup, playback)
  checkSame(recipe, ran, playback)
  if (ran.outcome.kind === 'ok')
    throw new UsageError('the schedule of this token does not fail: there is nothing to minimise')
  const progress = new Progress(quiet)
  let runs = 0
  const small = await minimise(setup, { ...ran, failure: ran.outcome }, () => progress.update(() => `${++runs} runs`))
  progress.clear()
  const film = new Film()
  const again = await runSchedule({ ...setup, without: small.without }, new Playback(small.deviations), film)
  if (again.digest !== small.digest) throw new Error('the minimised schedule does not lead to the same run again')
  const { digest, deviations } = small
  const short = { ...recipe, version: version(), without: [...small.without], digest, deviations }
  const dropped = small.without.size - setup.without.size
  out(
    `${counted(dropped, 'step')} left out, ${deviations.length} of ${counted(recipe.deviations.length, 'deviation')} kept, in ${counted(small.runs, 'run')}\n` +
      `${describeSteps({ ...setup, without: small.without })}\n\n${picture(film, again, setup.scenario.machine.cpus)}\n\n` +
      `${describeRun(short, again, film)}cpuhp replay ${encodeToken(short)}\n`,
  )
  return EXIT.violation
}

async function setupOf(recipe: Recipe, bestEffort: boolean): Promise<Setup> {
  await tryElsewhere(recipe)
  const loaded = await loadScenario(recipe.scenario)
  if (recipe.version !== version() && !bestEffort) {
    const advice = '--best-effort tries it all the same'
    const message = `this token is of cpuhp ${oneLine(recipe.version)}, and this is ${version()}; ${advice}`
    throw new UsageError(message, { exitCode: EXIT.otherVersion })
  }
  if (recipe.hash !== loaded.hash) err(`note: ${oneLine(recipe.scenario)} has changed since this token was made\n`)
  const { bugs, without, races, memory } = recipe
  return {
    scenario: loaded.scenario,
    profile: loadProfile(recipe.profile),
    bugs,
    without: new Set(without),
    races,
    memory,
  }
}

/** A user's scenario may loop since the token was made, and nobody could end it in this thread. */
async function tryElsewhere({ scenario, profile, bugs, seed, without, deviations }: Recipe): Promise<void> {
  if (!isFile(scenario)) return
  const pool = new Pool(1)
  const plan = { scenario, profile, bugs, strategies: [], seed, shard: { index: 0, count: 1 } }
  try {
    await pool.run({ kind: 'try', plan, without, deviations })
  } catch (error) {
    throw error instanceof Trouble ? error.error : error
  } finally {
    await pool.close()
  }
}

/** A UsageError when the run is not the one that the token was made of: it names the first operation that differs. */
function checkSame(recipe: Recipe, ran: Ran, { divergence, unmade }: Playback): void {
  const advice = 'the code has changed; --best-effort goes on nevertheless'
  if (divergence !== null) throw new UsageError(`the replay diverges: ${divergence}; ${advice}`)
  if (unmade.length > 0) {
    const { cpu, nth, place } = unmade[0]!
    throw new UsageError(
      `the replay diverges: it has ended before operation ${nth} of CPU ${cpu} (${place}); ${advice}`,
    )
  }
  const signature = signatureOrNone(ran.outcome)
  if (ran.digest === recipe.digest && signature === recipe.signature) return
  const seen =
    signature === recipe.signature
      ? `digest ${ran.digest}, not ${recipe.digest}`
      : `'${signature || 'ok'}', not '${recipe.signature || 'ok'}'`
  throw new UsageError(`the replay diverges after the last deviation: it comes to ${seen}; ${advice}`)
}

function signatureOrNone(outcome: Outcome): string {
  return outcome.kind === 'ok' ? '' : signatureOf(outcome)
}

function describeRun({ scenario, bugs }: Recipe, { outcome, operations, digest }: Ran, film: Film): string {
  const failure = outcome.kind === 'ok' ? null : withPlaces(outcome, film.sleepers)
  const what = failure === null ? styled('green', 'ok') : styled('red', describeFailure(failure))
  const lines = [`${scenario}${bugs.length === 0 ? '' : ` with ${bugs.join(', ')}`}: ${what}`]
  if (failure !== null && 'accesses' in failure) for (const line of failure.accesses) lines.push(`  ${line}`)
  if (failure !== null && 'details' in failure) for (const line of failure.details) lines.push(`  ${line}`)
  lines.push(`${operations} operations, digest ${digest}`)
  return `${lines.join('\n')}\n`
}

function describeSteps({ scenario, without }: Setup): string {
  const lines = scenario.actors.map(({ name, steps }, actor) => {
    const kept = steps.filter((_, n) => !without.has(`${actor}/${n}`)).map(({ says }) => says)
    return kept.length === 0 ? null : `  ${name}: ${kept.join(', then ')}`
  })
  return lines.filter((line) => line !== null).join('\n')
}

function picture({ seen }: Film, { deviations }: Ran, cpus: number): string {
  const rows = choose(seen, deviations)
  return [...table(tableOf(seen, rows, cpus), [0]), '', ...sentences(seen, deviations)].join('\n')
}

/** Opened before anything runs. One operation a line, as JSON. */
function openTrace(file: string): (film: Film) => void {
  let descriptor: number
  try {
    descriptor = openSync(file, 'w')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--trace ${oneLine(file)}: can't be written: ${oneLine(reason)}`, { cause: error })
  }
  return ({ seen }) => {
    const lines = seen.map(({ cpu, nth, task, place, says, before }) =>
      JSON.stringify({ cpu, nth, task, place, operation: says, before }),
    )
    writeSync(descriptor, `${lines.join('\n')}\n`)
    closeSync(descriptor)
  }
}
