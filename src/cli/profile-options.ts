// The options of `cpuhp profile`.
import { type Command, Option } from 'commander'
import { LIMITS } from '../memory/layout.js'
import { profileNames } from '../profiles/load.js'
import { loadOption } from './load-option.js'
import { type ProfileCommand, profileCommand } from './profile.js'
import { oneOf, wholeNumber } from './values.js'

const EXAMPLES = `
Tasks may run anywhere; hogs are bound to the CPU that is about to go. Neither ever sleeps. --load adds other ways to be busy, and
--sweep LOAD.PARAMETER sweeps what can be set of one; --load help lists them.

Examples:
  $ cpuhp profile                                        0, 2, 8 and 32 tasks on 4 CPUs
  $ cpuhp profile --sweep cpus=2,4,8,16 --tasks 16 --cycles 200 --report a.html --json a.json
  $ cpuhp profile --sweep hogs=0,1,8 --machine deterministic --seed 5
  $ cpuhp profile --sweep irq-off.us=0,50,200,1000       the length of sections with interrupts off
  $ cpuhp profile --sweep tasks=0,8 --load fifo,work
  $ cpuhp profile --compare a.json b.json                what has become slower, and how sure that is

Exit codes: 0 measured, or no certain difference; 1 --compare found one, 2 bad input, 3 a panic or a hang.`

export function profileOptions(command: Command, end: (code: number) => void): void {
  const count = (name: string, description: string, low: number, high: number): Option =>
    new Option(`${name} <n>`, description).argParser(wholeNumber(name, low, high))
  command
    .description(
      'measure what a load does to an offline and an online, phase by phase, and what those do to the others',
    )
    .addOption(
      new Option('--sweep <list>', 'tasks=, hogs=, cpus= or LOAD.PARAMETER= and values').default('tasks=0,2,8,32'),
    )
    .addOption(count('--cpus', 'how many CPUs', 2, LIMITS.cpus).default(4))
    .addOption(count('--tasks', 'busy tasks that may run anywhere', 0, 10_000).default(8))
    .addOption(count('--hogs', 'busy tasks that are bound to the CPU that goes', 0, 10_000).default(0))
    .addOption(loadOption())
    .addOption(count('--cycles', 'ways down and up for each value', 1, 1e6).default(50))
    .addOption(
      count(
        '--workers',
        'worker threads (default: one for each CPU, but no more than cores, or two)',
        1,
        LIMITS.workers,
      ),
    )
    .addOption(count('--seed', 'decides which CPUs go', 0, 2 ** 32 - 1).default(1))
    .addOption(
      new Option('--machine <kind>', 'threads or deterministic')
        .default('threads')
        .argParser(oneOf('--machine', ['threads', 'deterministic'] as const)),
    )
    .addOption(new Option('--profile <name>', `the step table: ${profileNames().join(', ')}, or a .json file`))
    .addOption(new Option('--limit <time>', 'real time, at most, shared among the values').default('60s'))
    .addOption(new Option('--json <file>', 'write the result as JSON; - is standard output'))
    .addOption(new Option('--report <file>', 'write a page with charts'))
    .addOption(
      new Option('--compare <files...>', 'compare two results of --json instead: what differs, and how sure that is'),
    )
    .addOption(new Option('--quiet', 'show no progress').default(false))
    .addHelpText('after', EXAMPLES)
    .action(async (options: ProfileCommand) => end(await profileCommand(options)))
}
