// The options of `cpuhp explore`, `cpuhp replay`, `cpuhp minimise` and `cpuhp bugs`.
import { type Command, Option } from 'commander'
import { SCENARIOS } from '../explore/scenarios/table.js'
import { PORTFOLIO, STRATEGY_NAMES } from '../explore/strategies/table.js'
import { MEMORY_MODELS } from '../machine/deterministic/memory-model.js'
import { type BugsCommand, bugsCommand } from './bugs.js'
import { type ExploreCommand, exploreCommand, parseShard } from './explore.js'
import { type MergeCommand, mergeCommand } from './merge.js'
import { type MinimiseCommand, minimiseCommand, type ReplayCommand, replayCommand } from './replay.js'
import { wholeNumber } from './values.js'

const EXPLORE_EXAMPLES = `
Scenarios:
${SCENARIOS.map(({ name, says }) => `  ${name.padEnd(18)} ${says}`).join('\n')}

Examples:
  $ cpuhp explore                                         every scenario, 1,000 schedules each
  $ cpuhp explore --bug M15 --until-found                 a bug that Linux had (see cpuhp bugs)
  $ cpuhp explore two-requesters --strategy exhaustive:1  every schedule with one deviation from the default order
  $ cpuhp explore affinity --races                        data races too, by happens-before
  $ cpuhp explore my-scenario.mjs --time 10m --json out.json
  $ cpuhp explore --shard 2/8 --json part2.json           the second eighth of it; see cpuhp merge

Exit codes:
  0 nothing found, 1 something found, 2 bad input
  6 a scenario throws, 7 a scenario does not end, 8 there is no such bug, 9 there is no such strategy
  10 a worker has died, 11 nothing was interleaved, 130 Ctrl-C before anything was found`

const MERGE_EXAMPLES = `
Examples:
  $ cpuhp explore --bug M15 --shard 1/2 --json 1.json     on one machine
  $ cpuhp explore --bug M15 --shard 2/2 --json 2.json     on another one
  $ cpuhp merge 1.json 2.json                             what one machine would have found

Exit codes: 0 nothing found, 1 something found, 2 bad input: a part is missing, or of another campaign.`

const REPLAY_EXAMPLES = `
Examples:
  $ cpuhp replay cpuhp1-...                      the same run again, to the last operation
  $ cpuhp replay cpuhp1-... --trace run.jsonl    every operation of it in a file
  $ cpuhp replay cpuhp1-... --step               walk through it
  $ cpuhp replay cpuhp1-... --best-effort        although the code has changed

Exit codes:
  0 nothing failed, 1 the failure was seen again, 2 bad input, or the run is another one
  4 a broken token, 5 a token of another version, 6 the scenario throws, 7 it does not end`

const BUGS_EXAMPLES = `
Examples:
  $ cpuhp bugs                                            what there is, with Linux's fixes
  $ cpuhp bugs --bench                                    how soon each strategy finds each of Linux's
  $ cpuhp bugs --bench --bug M10,M20 --strategy pos,pct:2 --seeds 9 --json

Exit codes: 0 done, 2 bad input, 8 an unknown bug, 9 an unknown strategy.`

type End = (code: number) => void

const quiet = (): Option => new Option('--quiet', 'show no progress').default(false)

export function exploreOptions(command: Command, end: End): void {
  command
    .argument('[scenario...]', 'names of scenarios, and .mjs files of your own (default: all, or the one of --bug)')
    .description('search the interleavings of a scenario for one that goes wrong')
    .addOption(
      new Option(
        '--schedules <n>',
        'of each scenario, at most (default: 1,000, or as many as fit into --time)',
      ).argParser(wholeNumber('--schedules', 1, 1e9)),
    )
    .addOption(new Option('--time <time>', 'how long, in all: 30s, 10m'))
    .addOption(new Option('--until-found', 'ends with the first failure').default(false))
    .addOption(
      new Option('--jobs <n>', 'worker threads (default: as many as cores); results do not depend on it').argParser(
        wholeNumber('--jobs', 1, 256),
      ),
    )
    .addOption(
      new Option('--shard <i/n>', 'only the i-th of n parts; cpuhp merge puts them together').argParser(parseShard),
    )
    .addOption(
      new Option('--seed <n>', 'decides the schedules').default(1).argParser(wholeNumber('--seed', 0, 2 ** 32 - 1)),
    )
    .addOption(new Option('--strategy <list>', `which take turns: ${STRATEGY_NAMES.join(', ')}`))
    .addOption(new Option('--portfolio', `the default: ${PORTFOLIO.join(', ')} take turns`).default(false))
    .addOption(new Option('--bug <list>', 'historical bugs and mutations to put back: see cpuhp bugs'))
    .addOption(new Option('--memory <model>', 'when CPUs see what others store').choices(MEMORY_MODELS).default('sc'))
    .addOption(new Option('--races', 'look for data races as well: plain accesses that nothing orders').default(false))
    .addOption(
      new Option('--coverage', 'count distinct traces, and what came while CPUs went down and up').default(false),
    )
    .addOption(new Option('--profile <name>', 'the step table').default('linux-6.1-minimal'))
    .addOption(new Option('--json <file>', 'write the result as JSON; - is standard output'))
    .addOption(quiet())
    .addHelpText('after', EXPLORE_EXAMPLES)
    .action(async (names: string[], options: ExploreCommand) => end(await exploreCommand(names, options)))
}

export function mergeOptions(command: Command, end: End): void {
  command
    .argument('<file...>', 'what cpuhp explore --shard i/n --json has written, all parts of it')
    .description('put the parts of a campaign together')
    .addOption(new Option('--json <file>', 'write the result as JSON; - is standard output'))
    .addHelpText('after', MERGE_EXAMPLES)
    .action((files: string[], options: MergeCommand) => end(mergeCommand(files, options)))
}

export function replayOptions(command: Command, end: End): void {
  command
    .argument('<token>', 'as cpuhp explore prints it')
    .description('run the schedule of a token again')
    .addOption(new Option('--trace <file>', 'write every operation, one a line, as JSON'))
    .addOption(
      new Option('--step', 'walk through it, forwards and backwards; commands come from standard input').default(false),
    )
    .addOption(new Option('--best-effort', 'go on where the run is another one than the token says').default(false))
    .addOption(
      new Option('--then <strategy>', `who decides after the token's last deviation: ${STRATEGY_NAMES.join(', ')}`),
    )
    .addHelpText('after', REPLAY_EXAMPLES)
    .action(async (token: string, options: ReplayCommand) => end(await replayCommand(token, options)))
}

export function minimiseOptions(command: Command, end: End): void {
  command
    .argument('<token>', 'as cpuhp explore prints it')
    .description('leave out what a failure does not need, and show what is left as a table')
    .addOption(quiet())
    .addHelpText('after', '\nExit codes: 1 the failure, minimised; 2 and 4 to 7 as those of cpuhp replay.')
    .action(async (token: string, options: MinimiseCommand) => end(await minimiseCommand(token, options)))
}

export function bugsOptions(command: Command, end: End): void {
  command
    .description(
      'list the historical bugs of Linux, and the mutations, that can be put back; or measure how they are found',
    )
    .addOption(new Option('--bench', 'how soon each strategy finds each bug').default(false))
    .addOption(new Option('--bug <list>', 'with --bench: which (default: all that Linux had)'))
    .addOption(
      new Option('--strategy <list>', `with --bench: of ${STRATEGY_NAMES.join(', ')} (default: the portfolio)`),
    )
    .addOption(
      new Option('--seeds <n>', 'with --bench: searches of each strategy (default: 3)').argParser(
        wholeNumber('--seeds', 1, 1000),
      ),
    )
    .addOption(
      new Option('--schedules <n>', 'with --bench: schedules of a search, at most (default: 500)').argParser(
        wholeNumber('--schedules', 1, 1e9),
      ),
    )
    .addOption(new Option('--json', 'as JSON').default(false))
    .addOption(quiet())
    .addHelpText('after', BUGS_EXAMPLES)
    .action(async (options: BugsCommand) => end(await bugsCommand(options)))
}
