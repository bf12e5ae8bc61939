// The command line: commands, their options, and what becomes of errors. Everything that goes wrong ends here, in one
// line and an exit code (see base/failure.ts); only a panic has more to say.
import { Command, CommanderError, Option } from 'commander'
import { DEFAULTS } from '../../stress/busy/options.js'
import { EXIT, exitCodeFor, UsageError } from '../base/failure.js'
import { MachinePanic } from '../machine/report.js'
import { LIMITS } from '../memory/layout.js'
import { profileNames } from '../profiles/load.js'
import { type ConformCommand, conformCommand } from './conform.js'
import { type CyclesCommand, cyclesCommand } from './cycles.js'
import { deviceOption } from './device-option.js'
import { bugsOptions, exploreOptions, mergeOptions, minimiseOptions, replayOptions } from './explore-options.js'
import { loadOption } from './load-option.js'
import type { MachineChoice } from './machine-choice.js'
import { MOUNT_HELP, type MountCommand, mountCommand, splitCommand } from './mount.js'
import { err, out } from './output.js'
import { profileOptions } from './profile-options.js'
import { type RunCommand, runCommand } from './run.js'
import { SCRIPT_USAGE } from './script.js'
import { shellCommand } from './shell.js'
import { type StatesOptions, statesCommand } from './states.js'
import { type StressCommand, stressCommand } from './stress.js'
import { traceOptions } from './trace-options.js'
import { oneLine, oneOf, wholeNumber } from './values.js'
import { version } from './version.js'

const EXAMPLES = `
Examples:
  $ cpuhp stress                                   busy CPUs go down and come back, for about 15 s
  $ cpuhp cycles                                   1,000 cycles on both machines
  $ cpuhp cycles --machine threads --workers 2     four CPUs on two worker threads
  $ cpuhp cycles --machine deterministic --seed 7  the same run every time
  $ cpuhp cycles --cycles 100 --json - --quiet     the verdict as JSON
  $ cpuhp states                                   the steps a CPU goes through, and which are modelled
  $ cpuhp explore --bug M15 --until-found          a bug that Linux had, found by trying schedules

Exit codes: 0 all held, 1 something was violated, 2 bad input, 3 a machine panicked or this program has a defect;
4 to 10 bad input of its own kind (cpuhp explore --help, cpuhp replay --help), 130 Ctrl-C.`

const STRESS_EXAMPLES = `
Examples:
  $ cpuhp stress                                        8 CPUs, 32 tasks, about 15 s
  $ cpuhp stress --cpus 16 --tasks 64 --duration 60s --seed 7 --json out.json
  $ cpuhp stress --workload sha256,mine.mjs --cycles 200
  $ cpuhp stress --load help                            ways to be busy besides, and their parameters
  $ cpuhp stress --load all                             all of them at once
  $ cpuhp stress --load irq-off:us=200,fifo:prio=50,tasks=2
  $ cpuhp stress --machine deterministic --seed 5       the same run every time
  $ cpuhp stress --machine deterministic --until-fail   seed after seed
  $ cpuhp stress --duration 8h --metrics 9464           curl http://127.0.0.1:9464/metrics

Exit codes: 0 all held, 1 a violation, a wrong result or not busy enough, 2 bad input, 3 a panic or a hang.`

const CONFORM_EXAMPLES = `
Examples:
  $ cpuhp conform test/golden                           every golden file, on the deterministic machine
  $ cpuhp conform --machine both 01-offline-online.jsonl
  $ cpuhp conform --machine threads --workers 2 --busy 32 --repeat 20 test/golden
  $ cpuhp conform --profile my-table.json recorded/     what a kernel of your own answered

Exit codes: 0 all equal, 1 a difference, 2 bad input.`

const RUN_HELP = `
A script has one request a line; # begins a comment. A VALUE in double quotes is as in JSON: "1\\n".
  ${SCRIPT_USAGE.join('\n  ')}

Examples:
  $ cpuhp run offline.txt                                what the machine answers and traces, as a golden file
  $ echo 'target 1 155' | cpuhp run --text -             for reading
  $ cpuhp run a.txt > a.jsonl && cpuhp conform a.jsonl   the same again
  $ cpuhp run --machine threads --workers 2 offline.txt

Exit codes: 0 everything was answered, also with an errno; 1 a task's result was wrong or a trace is incomplete,
2 bad input, 3 the machine panicked or hung.`

const SHELL_HELP = `
Examples:
  $ cpuhp shell                                          'help' says what there is
  $ cpuhp shell --machine deterministic --seed 7
  $ echo 'echo 0 > /sys/devices/system/cpu/cpu1/online; lscpu -e' | cpuhp shell

Without a terminal it reads commands, and exits as the last of them did; 3 when the machine has panicked.`

/** Runs the command line. Answers the exit code; never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok
  const { words, command } = splitCommand(argv)
  const program = build((result) => {
    code = result
  }, command)
  try {
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(checkHelp(program, words), { from: 'user' })
    return code
  } catch (error) {
    // Help and the version were asked for, and have been given.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    err(`${describe(error)}\n`)
    return error instanceof CommanderError ? EXIT.usage : exitCodeFor(error)
  }
}

/** @param command what `mount` is to run, null: nothing */
function build(end: (code: number) => void, command: readonly string[] | null): Command {
  const program = new Command('cpuhp')
  program
    .description('Linux CPU hotplug, running for real inside a Node process.')
    .version(version(), '--version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', EXAMPLES)
  program
    .command('cycles')
    .description('take CPUs down and bring them up again, in many ways, and check everything about it')
    .addOption(
      new Option('--cycles <n>', 'how many times a CPU goes down and up')
        .default(1000)
        .argParser(wholeNumber('--cycles', 1, 1e9)),
    )
    .addOption(new Option('--cpus <n>', 'how many CPUs').default(4).argParser(wholeNumber('--cpus', 2, LIMITS.cpus)))
    .addOption(workersOption())
    .addOption(
      new Option('--seed <n>', 'decides the requests').default(1).argParser(wholeNumber('--seed', 0, 2 ** 32 - 1)),
    )
    .addOption(machineOption())
    .addOption(profileOption())
    .addOption(new Option('--json <file>', 'write the verdict as JSON; - is standard output'))
    .addOption(new Option('--quiet', 'show no progress, and figures only when something is wrong').default(false))
    .action(async (options: CyclesCommand) => end(await cyclesCommand(options)))
  stressOptions(program.command('stress'))
    .description('take CPUs down while all of them are busy, bring them up again, and check that nothing is lost')
    .addHelpText('after', STRESS_EXAMPLES)
    .action(async (options: StressCommand) => end(await stressCommand(options)))
  program
    .command('conform')
    .argument('<path...>', 'golden files, and directories of them')
    .description('hold a machine against what a real kernel answered, event for event')
    .addOption(machineOption('deterministic'))
    .addOption(workersOption())
    .addOption(seedOption())
    .addOption(new Option('--profile <name>', 'instead of the one that each file names: a name, or a .json file'))
    .addOption(
      new Option('--repeat <n>', 'all of it that many times; on the deterministic machine with one seed after another')
        .default(1)
        .argParser(wholeNumber('--repeat', 1, 1e6)),
    )
    .addOption(
      new Option('--busy <n>', 'user tasks that compute meanwhile and may go anywhere')
        .default(0)
        .argParser(wholeNumber('--busy', 0, 1000)),
    )
    .addOption(new Option('--json <file>', 'write the results as JSON; - is standard output'))
    .addOption(new Option('--quiet', 'show no progress, and only the files that differ').default(false))
    .addHelpText('after', CONFORM_EXAMPLES)
    .action(async (paths: string[], options: ConformCommand) => end(await conformCommand(paths, options)))
  machineChoice(program.command('run'), 'deterministic')
    .argument('<file>', 'the script; - is standard input')
    .description('carry out a script of requests, and print what was answered and traced as a golden file')
    .addOption(new Option('--text', 'for reading instead of golden lines').default(false))
    .addHelpText('after', RUN_HELP)
    .action(async (file: string, options: RunCommand) => end(await runCommand(file, options)))
  machineChoice(program.command('shell'), 'threads')
    .description('a root shell on a machine: take CPUs down by hand, and look at what that does')
    .addHelpText('after', SHELL_HELP)
    .action(async (options: MachineChoice) => end(await shellCommand(options)))
  machineChoice(program.command('mount'), 'threads')
    .argument('[directory]', 'where (default, with a command: a temporary one)')
    .usage('[options] [directory] [-- command...]')
    .description('mount the files of a machine, and run a command that takes it for the real one')
    .addOption(
      new Option('--spawn <words>', 'start a process first; as often as you like')
        .default([])
        .argParser((words: string, all: readonly string[]) => [...all, words]),
    )
    .addOption(new Option('--console', "show the kernel's messages on standard error").default(false))
    .addOption(
      new Option('--uevents <file>', 'write what the kernel tells of devices to a file; - is standard error').default(
        null,
      ),
    )
    .addHelpText('after', MOUNT_HELP)
    .action(async (directory: string | undefined, options: MountCommand) =>
      end(await mountCommand(directory, command, options)),
    )
  program
    .command('states')
    .description('list the steps that a CPU goes through, and which of them are modelled')
    .addOption(
      new Option('--profile <name>', `${profileNames().join(', ')}, or a .json file`).default('linux-6.1-minimal'),
    )
    .addOption(new Option('--json', 'as JSON').default(false))
    .action((options: StatesOptions) => statesCommand(options))
  profileOptions(program.command('profile'), end)
  exploreOptions(program.command('explore'), end)
  mergeOptions(program.command('merge'), end)
  replayOptions(program.command('replay'), end)
  minimiseOptions(program.command('minimise'), end)
  traceOptions(program.command('trace'), end, main)
  bugsOptions(program.command('bugs'), end)
  for (const command of [program, ...program.commands]) tame(command)
  return program
}

function stressOptions(command: Command): Command {
  const count = (name: string, description: string, low: number, high: number): Option =>
    new Option(`${name} <n>`, description).argParser(wholeNumber(name, low, high))
  return command
    .addOption(count('--cpus', 'how many CPUs', 2, LIMITS.cpus).default(8))
    .addOption(
      count(
        '--workers',
        'worker threads (default: one for each CPU, but no more than cores, or two)',
        1,
        LIMITS.workers,
      ),
    )
    .addOption(count('--tasks', 'busy tasks', 1, 10_000).default(32))
    .addOption(new Option('--workload <list>', 'what they do: names, and .mjs files of your own (default: a mix)'))
    .addOption(loadOption())
    .addOption(new Option('--duration <time>', "how long, in the machine's time (default: 12s, deterministic 100ms)"))
    .addOption(count('--cycles', 'ends after that many ways down instead', 1, 1e9))
    .addOption(count('--seed', 'decides the requests and the load', 0, 2 ** 32 - 1).default(1))
    .addOption(
      new Option('--machine <kind>', 'threads or deterministic')
        .default('threads')
        .argParser(oneOf('--machine', ['threads', 'deterministic'] as const)),
    )
    .addOption(count('--requesters', 'who makes requests at the same time', 1, 32).default(DEFAULTS.requesters))
    .addOption(new Option('--onoff-interval <time>', 'between two requests of a requester').default('0s'))
    .option('--check-interval <time>', 'between two checks of the invariants (default 500ms, deterministic 5ms)')
    .addOption(count('--min-online', 'CPUs that stay active', 1, LIMITS.cpus).default(DEFAULTS.minOnline))
    .addOption(
      count('--fail-every', 'one in so many ways down has a step that fails; 0: none', 0, 1e6).default(
        DEFAULTS.failEvery,
      ),
    )
    .addOption(profileOption())
    .addOption(new Option('--watchdog <time>', 'a request without an answer for that long is a hang (default 30s)'))
    .addOption(new Option('--stuck <time>', 'threads: a CPU without progress for that long is stuck (default 10s)'))
    .addOption(
      count('--metrics', 'serve metrics for Prometheus on that port of 127.0.0.1; 0: any that is free', 0, 65_535),
    )
    .addOption(new Option('--until-fail', 'run after run, with the next seed, until one fails').default(false))
    .addOption(new Option('--json <file>', 'write the verdict as JSON; - is standard output'))
    .addOption(new Option('--report <file>', 'write a page with charts'))
    .addOption(new Option('--quiet', 'show no progress, and figures only when something is wrong').default(false))
}

/** The options that choose a machine (machine-choice.ts). */
function machineChoice(command: Command, standard: 'threads' | 'deterministic'): Command {
  const kinds = ['threads', 'deterministic'] as const
  return command
    .addOption(new Option('--cpus <n>', 'how many CPUs').default(4).argParser(wholeNumber('--cpus', 1, LIMITS.cpus)))
    .addOption(
      new Option('--machine <kind>', kinds.join(' or ')).default(standard).argParser(oneOf('--machine', kinds)),
    )
    .addOption(workersOption())
    .addOption(seedOption())
    .addOption(profileOption().default('linux-6.1-minimal'))
    .addOption(deviceOption())
    .addOption(new Option('--watchdog <time>', 'a request without an answer for that long is a hang (default 30s)'))
}

function seedOption(): Option {
  return new Option('--seed <n>', 'of the deterministic machine')
    .default(1)
    .argParser(wholeNumber('--seed', 0, 2 ** 32 - 1))
}

function profileOption(): Option {
  return new Option('--profile <name>', `the step table: ${profileNames().join(', ')}, or a .json file`)
}

function workersOption(): Option {
  const description = 'worker threads that the CPUs are spread over (default: one for each CPU)'
  return new Option('--workers <n>', description).argParser(wholeNumber('--workers', 1, LIMITS.workers))
}

function machineOption(standard: 'both' | 'deterministic' = 'both'): Option {
  const machines = ['threads', 'deterministic', 'both'] as const
  return new Option('--machine <kind>', machines.join(', ')).default(standard).argParser(oneOf('--machine', machines))
}

/** Has a command throw instead of exiting, and say nothing by itself when something is wrong. */
function tame(command: Command): void {
  command.configureOutput({ writeOut: out, writeErr: () => {} })
  command.showSuggestionAfterError(false)
  command.exitOverride((error) => {
    if (error.exitCode === 0) throw error
    throw new UsageError(explain(command, error))
  })
}

/** What commander objects to, in one line with what is allowed. */
function explain(command: Command, error: CommanderError): string {
  const problem = error.message.replace(/^error: /, '').replace(/\s+/g, ' ')
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`
  const options = command.options.map(({ long }) => long)
  switch (error.code) {
    case 'commander.unknownCommand':
      return `${problem}; there are ${commandNames(command).join(', ')}`
    case 'commander.unknownOption':
      return `${problem}; ${name} takes ${[...options, '--help'].join(', ')}`
    case 'commander.excessArguments': {
      const expected = command.registeredArguments.map((argument) => argument.name())
      const excess = oneLine(command.args[expected.length] ?? '')
      const takes = expected.length === 0 ? 'options only' : `${expected.join(' ')} and options`
      return `unexpected '${excess}'; ${name} takes ${takes}: ${options.join(', ')}, --help`
    }
    case 'commander.optionMissingArgument': {
      const option = command.options.find(({ flags }) => problem.includes(`'${flags}'`))
      return `${problem}; it says ${option?.description ?? 'what to do'}`
    }
    default:
      return `${problem}; see ${name} --help`
  }
}

function commandNames(program: Command): string[] {
  return [...program.commands.map((command) => command.name()), 'help']
}

/** `help` of a command that there is not: commander would show the help of all instead. */
function checkHelp(program: Command, argv: readonly string[]): string[] {
  const [first, second] = argv
  if (first === 'help' && second !== undefined && !second.startsWith('-') && !commandNames(program).includes(second)) {
    throw new UsageError(`unknown command '${second}'; there are ${commandNames(program).join(', ')}`)
  }
  return [...argv]
}

function describe(error: unknown): string {
  if (error instanceof MachinePanic) return error.message
  // Bad input is one line; whatever nobody foresaw needs its stack.
  if (exitCodeFor(error) === EXIT.panic && error instanceof Error) return `cpuhp: ${error.stack ?? error.message}`
  return `cpuhp: ${error instanceof Error ? error.message : String(error)}`
}
