// Bad input: one line that names it and says what is allowed, an exit code (2, or that of its kind), and nothing is run.
import { describe, expect, test } from 'vitest'
import { EXIT, type ExitCode } from '#dist/src/base/failure.js'
import { cpuhp } from '../support/run.js'

const CYCLES = '--cycles, --cpus, --workers, --seed, --machine, --profile, --json, --quiet, --help'
const PROFILES = 'there are linux-6.1-debian-cloud, linux-6.1-minimal, or the path of a .json file'

const COMMANDS =
  'cycles, stress, conform, run, shell, mount, states, profile, explore, merge, replay, minimise, trace, bugs, help'

const TABLE: readonly (readonly [line: string, message: string, exit?: ExitCode])[] = [
  ['cycels', `unknown command 'cycels'; there are ${COMMANDS}`],
  ['--cycles 3', "unknown option '--cycles'; cpuhp takes --version, --help"],
  ['help cycels', `unknown command 'cycels'; there are ${COMMANDS}`],
  ['cycles --cycels 3', `unknown option '--cycels'; cpuhp cycles takes ${CYCLES}`],
  ['cycles -x', `unknown option '-x'; cpuhp cycles takes ${CYCLES}`],
  ['cycles 100', "unexpected '100'; cpuhp cycles takes options only: --cycles"],
  ['cycles --cycles', "option '--cycles <n>' argument missing; it says how many times a CPU goes down and up"],
  ['cycles --cycles many', "--cycles is a whole number from 1 to 1000000000, not 'many'"],
  ['cycles --cycles 0', "--cycles is a whole number from 1 to 1000000000, not '0'"],
  ['cycles --cycles 1e3', "--cycles is a whole number from 1 to 1000000000, not '1e3'"],
  ['cycles --cpus 1', "--cpus is a whole number from 2 to 4096, not '1'"],
  ['cycles --cpus 4097', "--cpus is a whole number from 2 to 4096, not '4097'"],
  ['cycles --workers 0', "--workers is a whole number from 1 to 4096, not '0'"],
  ['cycles --workers 5', "--workers is a whole number from 1 to 4, the number of CPUs, not '5'"],
  ['cycles --workers 2 --machine deterministic', '--workers is for --machine threads or both'],
  ['cycles --seed -1', "--seed is a whole number from 0 to 4294967295, not '-1'"],
  ['cycles --seed 1.5', "--seed is a whole number from 0 to 4294967295, not '1.5'"],
  ['cycles --machine real', "--machine is threads, deterministic or both, not 'real'"],
  ['cycles --profile linux-9', `there is no profile 'linux-9'; ${PROFILES}`],
  ['cycles --json no/such/folder/verdict.json', "--json no/such/folder/verdict.json: can't be written: ENOENT"],
  ['stress --cpus 1', "--cpus is a whole number from 2 to 4096, not '1'"],
  ['stress --tasks 0', "--tasks is a whole number from 1 to 10000, not '0'"],
  ['stress --workers 9', "--workers is a whole number from 1 to 8, the number of CPUs, not '9'"],
  ['stress --workers 2 --machine deterministic', '--workers is for --machine threads'],
  ['stress --machine both', "--machine is threads or deterministic, not 'both'"],
  ['stress --duration long', "'long' is not a duration; write a number with one of the units ns, us, ms, s, m, h"],
  ['stress --duration 0s', "--duration is a duration above 0, as in 60s, not '0s'"],
  ['stress --duration 5s --cycles 5', 'a run ends by --cycles or by --duration, not by both'],
  ['stress --min-online 8', "--min-online is below the number of CPUs, 8, not '8'"],
  ['stress --onoff-interval often', "'often' is not a duration"],
  ['stress --workload md5', "--workload: there is no workload 'md5'; there are sha256, sieve, matrix,"],
  ['stress --workload no/such.mjs', 'no/such.mjs: there is no such file; a workload is a .mjs or .js file'],
  ['stress --workload test/fixtures/exits.mjs', 'test/fixtures/exits.mjs: exports no workload'],
  ['stress --workload test/fixtures/wrong.mjs', 'test/fixtures/wrong.mjs: 1 units in steps of 1: the result is "2"'],
  ['stress --json no/such/folder/v.json', "--json no/such/folder/v.json: can't be written: ENOENT"],
  ['conform --repeat 0 test/golden', "--repeat is a whole number from 1 to 1000000, not '0'"],
  ['conform --busy many test/golden', "--busy is a whole number from 0 to 1000, not 'many'"],
  ['run', "missing required argument 'file'; see cpuhp run --help"],
  ['run no/such.txt', "no/such.txt: can't be read: ENOENT"],
  ['run --cpus 0 x', "--cpus is a whole number from 1 to 4096, not '0'"],
  ['run --machine both x', "--machine is threads or deterministic, not 'both'"],
  ['run --workers 2 x', '--workers is for --machine threads'],
  ['run --machine threads --workers 5 x', '--workers is a whole number from 1 to 4, the number of CPUs'],
  ['run --watchdog 0s x', "--watchdog is a duration above 0, as in 10s, not '0s'"],
  ['run --profile linux-9 x', `there is no profile 'linux-9'; ${PROFILES}`],
  ['shell now', "unexpected 'now'; cpuhp shell takes options only: --cpus"],
  ['shell --machine deterministic --workers 2', '--workers is for --machine threads'],
  ['states --profile linux-9', `there is no profile 'linux-9'; ${PROFILES}`],
  ['states --profile no/such.json', "no/such.json: can't be read: ENOENT"],
  ['states --profile package.json', 'package.json: unknown field "version"; known are name, kernel, online,'],
  ['states --profile', "option '--profile <name>' argument missing; it says linux-6.1-debian-cloud"],
  ['explore nothing', "there is no scenario 'nothing'; there are two-requesters, neighbours,"],
  ['explore no/such.mjs', 'no/such.mjs: there is no such file; a scenario is a .mjs or .js file'],
  ['explore --bug M99', "there is no bug 'M99'; there are M", EXIT.unknownBug],
  [
    'explore --strategy best',
    "there is no strategy 'best'; there are random, pct[:depth], pos, surw,",
    EXIT.unknownStrategy,
  ],
  ['explore --strategy pos --portfolio', '--strategy names one or several, --portfolio takes all in turn: not both'],
  ['explore --schedules 0', "--schedules is a whole number from 1 to 1000000000, not '0'"],
  ['explore --time 0s', "--time is a duration above 0, as in 10m, not '0s'"],
  ['explore --profile linux-9', `there is no profile 'linux-9'; ${PROFILES}`],
  ['explore --json no/such/folder/v.json', "--json no/such/folder/v.json: can't be written: ENOENT"],
  ['replay', "missing required argument 'token'; see cpuhp replay --help"],
  ['replay hello', "this is no token of cpuhp: it does not begin with 'cpuhp1-'", EXIT.brokenToken],
  [
    'replay cpuhp1-AAAAAAAAAAAA',
    'this is no token of cpuhp: its checksum is wrong; was it copied as a whole?',
    EXIT.brokenToken,
  ],
  ['replay cpuhp9-AAAAAAAAAAAA', 'this token is of format 9; this version of cpuhp reads format 1', EXIT.otherVersion],
  ['minimise hello', "this is no token of cpuhp: it does not begin with 'cpuhp1-'", EXIT.brokenToken],
  ['explore --jobs 0', "--jobs is a whole number from 1 to 256, not '0'"],
  ['explore --shard 3/2', "--shard is i/n, the i-th of n parts, as in 2/8, not '3/2'"],
  ['explore --shard 0/2', "--shard is i/n, the i-th of n parts, as in 2/8, not '0/2'"],
  [
    'explore targets --strategy exhaustive:1 --shard 1/2',
    "--shard: exhaustive:1 can't be spread: which schedules there are depends on those before",
  ],
  ['merge', "missing required argument 'file'; see cpuhp merge --help"],
  ['merge no/such.json', "no/such.json: can't be read: ENOENT"],
  ['merge README.md', 'README.md: is no result of cpuhp explore --json'],
  ['merge package.json', 'package.json: is no result of cpuhp explore --json'],
  ['states 1', "unexpected '1'; cpuhp states takes options only: --profile, --json, --help"],
]

describe('bad input is named, with what is allowed:', () => {
  test.concurrent.each(TABLE.map(([line, message, exit = EXIT.usage]) => [line, message, exit] as const))(
    'cpuhp %s',
    async (line, message, exit) => {
      const { code, stdout, stderr } = await cpuhp(line.split(' '))
      expect(stderr).toMatch(/^cpuhp: [^\n]+\n$/)
      expect(stderr).toContain(message)
      expect(stdout).toBe('')
      expect(code).toBe(exit)
    },
  )

  test('line ends in what was given do not get into the message', async () => {
    const { code, stderr } = await cpuhp(['cycles', '--seed', 'one\ntwo\x1b[31m'])
    expect(stderr).toBe("cpuhp: --seed is a whole number from 0 to 4294967295, not 'one two [31m'\n")
    expect(code).toBe(2)
  })
})
