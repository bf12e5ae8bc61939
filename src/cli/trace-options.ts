// The options of `cpuhp trace`.
import { type Command, Option } from 'commander'
import { OUTPUT_FORMATS } from '../export/output-formats.js'
import { TRACED, type TraceCommand, traceCommand } from './trace.js'

const EXAMPLES = `
Formats, and the endings of files that stand for them:
${OUTPUT_FORMATS.map(({ name, endings, says }) => `  ${name.padEnd(12)} ${endings.join(', ').padEnd(24)} ${says}`).join('\n')}

Examples:
  $ cpuhp trace -o offline.txt -- run examples/offline.txt
  $ cpuhp trace -o trace.dat -- stress --machine deterministic --duration 5ms && trace-cmd report trace.dat
  $ cpuhp trace --events sched,cpuhp -o busy.txt -- stress --duration 2s
  $ cpuhp trace -o chcpu.pftrace -- mount -- chcpu -d 1
  $ cpuhp trace --summary -- stress --machine deterministic --duration 20ms --quiet

A command that boots several machines has a file for each: trace.dat, trace.2.dat, and so on.

Exit codes: those of the command; 2 bad input.`

/** `run` carries out a command line. */
export function traceOptions(
  command: Command,
  end: (code: number) => void,
  run: (argv: readonly string[]) => Promise<number>,
): void {
  command
    .argument('<command...>', `behind --: ${TRACED.join(', ')}, with what they take`)
    .description('record what the machines of another command do, for other tools to show')
    .addOption(new Option('-o, --output <file>', 'where it is written'))
    .addOption(new Option('--format <name>', "instead of the one that the file's ending stands for"))
    .addOption(new Option('--events <list>', 'only these: names of events, and of their kinds: cpuhp, sched, irq ...'))
    .addOption(
      new Option('--summary', 'show figures of tasks and CPUs: running times, waits, idle, stopped, offline').default(
        false,
      ),
    )
    .addOption(new Option('--json <file>', 'write those figures as JSON; - is standard output'))
    .addOption(new Option('--quiet', 'do not say what was written').default(false))
    .addHelpText('after', EXAMPLES)
    .action(async (words: string[], options: TraceCommand) => end(await traceCommand(words, options, run)))
}
