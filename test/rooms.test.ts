import { describe, expect, test } from 'vitest'
import { RULES } from './support/room-rules.js'
import { MAX_LINES } from './support/rooms.js'
import { parseSource, readSources } from './support/source.js'

type Rule = keyof typeof RULES
type Files = Record<string, string>

function check(rule: Rule, files: Files): string[] {
  return RULES[rule](Object.entries(files).map(([path, text]) => parseSource(path, text)))
}

const SOURCES = readSources(['src', 'workers', 'stress', 'bench'])

describe('the sources', () => {
  test('are found', () => {
    expect(SOURCES.map(({ path }) => path)).toContain('src/base/errno.ts')
  })

  test.each(Object.keys(RULES) as Rule[])('%s', (rule) => {
    expect(RULES[rule](SOURCES)).toEqual([])
  })
})

describe('a rule finds what breaks it:', () => {
  test.each<[Rule, string, Files, string]>([
    [
      'rooms import only from rooms before them',
      'a lower room imports a higher one',
      { 'src/sched/core.ts': "// first\nimport { cpuDown } from '../hotplug/down.js'" },
      'src/sched/core.ts:2: sched may not import hotplug, a later room',
    ],
    [
      'rooms import only from rooms before them',
      'a type counts as well',
      { 'src/base/list.ts': "export type Kernel = import('../ops/operation.js').Kernel" },
      'src/base/list.ts:1: base may not import ops',
    ],
    [
      'rooms import only from rooms before them',
      'what is exported again, and what is imported late, count as well',
      { 'src/base/list.ts': "export { add } from '../ops/a.js'", 'src/ops/b.ts': "await import('../cli/main.js')" },
      'src/ops/b.ts:1: ops may not import cli',
    ],
    [
      'rooms import only from rooms before them',
      'a room imports a door',
      { 'src/cli/main.ts': "import { Machine } from '../index.js'" },
      'src/cli/main.ts:1: imports src/index.ts, which is in no room',
    ],
    [
      'rooms import only from rooms before them',
      'a room imports from the leaves',
      { 'src/report/html.ts': "import { histogram } from '../../bench/histogram.js'" },
      'src/report/html.ts:1: imports bench/histogram.ts, which is in no room',
    ],
    [
      'rooms import only from rooms before them',
      'a folder is not on the list',
      { 'src/helpers/misc.ts': '' },
      'src/helpers/misc.ts:1: is in no room',
    ],
    [
      'shared memory is touched in two places only',
      'kernel code loads a word by itself',
      { 'src/sync/mutex.ts': 'const held = Atomics.load(words, 0)' },
      'src/sync/mutex.ts:1: uses Atomics',
    ],
    [
      'shared memory is touched in two places only',
      'a worker takes Atomics apart',
      { 'workers/cpu.ts': 'const { wait } = Atomics' },
      'workers/cpu.ts:1: uses Atomics',
    ],
    [
      'threads are started in few places only',
      'a report starts a thread',
      { 'src/report/html.ts': "import { Worker } from 'node:worker_threads'" },
      'src/report/html.ts:1: imports worker_threads',
    ],
    [
      'the kernel and the deterministic machine need no Node',
      'the kernel reads a file',
      { 'src/kernel/boot.ts': "import { readFileSync } from 'node:fs'" },
      'src/kernel/boot.ts:1: imports node:fs',
    ],
    [
      'the kernel and the deterministic machine need no Node',
      'an invariant wants a package',
      { 'src/invariants/masks.ts': "import lodash from 'lodash'" },
      'src/invariants/masks.ts:1: imports lodash',
    ],
    [
      'the kernel and the deterministic machine need no Node',
      'the way to Node leads through another file',
      { 'src/hotplug/table.ts': "import { loadProfile } from '../profiles/load.js'" },
      'src/hotplug/table.ts:1: imports src/profiles/load.ts',
    ],
    [
      'the kernel and the deterministic machine need no Node',
      'the deterministic machine borrows from the threads machine',
      { 'src/machine/deterministic/run.ts': "import { park } from '../threads/park.js'" },
      'src/machine/deterministic/run.ts:1: imports src/machine/threads/park.ts',
    ],
    ...['Date.now()', 'performance.now()', 'process.hrtime.bigint()', 'Math.random()', 'new Date()'].map(
      (clock): [Rule, string, Files, string] => [
        'time and chance enter at the edges only',
        `the deterministic machine calls ${clock}`,
        { 'src/machine/deterministic/run.ts': `\nconst now = ${clock}` },
        'src/machine/deterministic/run.ts:2: uses ',
      ],
    ),
    [
      'files are short',
      'a file is as long as the limit',
      { 'src/base/long.ts': '// line\n'.repeat(MAX_LINES) },
      `src/base/long.ts:${MAX_LINES}: has ${MAX_LINES} lines`,
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'a cast to any',
      { 'src/base/a.ts': 'const a = b as any' },
      'src/base/a.ts:1: says any',
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'a list of any',
      { 'src/base/a.ts': 'let a: Map<string, any[]>' },
      'src/base/a.ts:1: says any',
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'an empty catch, with an excuse in it',
      { 'src/base/a.ts': 'try { a() }\ncatch { /* fine */ }' },
      'src/base/a.ts:2: swallows an error',
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'a rejection that goes nowhere',
      { 'src/base/a.ts': 'a().catch(() => {})' },
      'src/base/a.ts:1: swallows a rejection',
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'a compiler told to look away',
      { 'src/base/a.ts': 'a()\n// @ts-ignore: it works\nb()' },
      'src/base/a.ts:2: silences the compiler with ts-ignore',
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'a barrel',
      { 'src/base/all.ts': "export * from './a.js'" },
      'src/base/all.ts:1: exports everything',
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'a barrel with a name',
      { 'src/base/all.ts': "export * as a from './a.js'" },
      'src/base/all.ts:1: exports everything',
    ],
    [
      'ordering comments name a partner that exists',
      'the partner is gone',
      { 'src/stop/stop.ts': 'function* wake() {\n  // Release: pairs with stopperSleep\n}' },
      'src/stop/stop.ts:2: pairs with stopperSleep: no such function',
    ],
    [
      'ordering comments name a partner that exists',
      'the partner is only a variable',
      { 'src/stop/stop.ts': 'const sleep = 1 // pairs with sleep' },
      'src/stop/stop.ts:1: pairs with sleep: no such function',
    ],
    [
      'ordering comments name a partner that exists',
      'the partner is only described',
      { 'src/stop/stop.ts': '// Pairs with the load in the other loop.' },
      'src/stop/stop.ts:1: pairs with the: no such function',
    ],
    [
      'ordering comments name a partner that exists',
      'there is no partner',
      { 'src/stop/stop.ts': '// This pairs with: nobody.' },
      'src/stop/stop.ts:1: pairs with nothing',
    ],
    [
      'no file imports itself, by whatever way round',
      'three files in a circle',
      {
        'src/base/a.ts': "import './b.js'",
        'src/base/b.ts': "import type { C } from './c.js'",
        'src/base/c.ts': "\nexport { a } from './a.js'",
      },
      'src/base/c.ts:2: closes a circle of imports: src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts',
    ],
    [
      'no file imports itself, by whatever way round',
      'a file and itself',
      { 'src/base/a.ts': "import './a.js'" },
      'src/base/a.ts:1: closes a circle of imports: src/base/a.ts -> src/base/a.ts',
    ],
  ])('%s: %s', (rule, _, files, expected) => {
    expect(check(rule, files).join('\n')).toContain(expected)
  })
})

describe('a rule lets pass what is right:', () => {
  test.each<[Rule, string, Files]>([
    [
      'rooms import only from rooms before them',
      'earlier rooms, the same room, doors and leaves that look in',
      {
        'src/hotplug/down.ts': "import { wake } from '../sched/wakeup.js'\nimport { up } from './up.js'",
        'src/machine/threads/run.ts': "import { boot } from '../../kernel/boot.js'",
        'src/index.ts': "import { main } from './cli/main.js'",
        'src/cli/main.ts': "import { harness } from '../../stress/harness.js'\nimport { Command } from 'commander'",
        'stress/harness.ts': "import { boot } from '../src/kernel/boot.js'",
        'workers/cpu.ts': "import { run } from '../src/machine/threads/run.js'",
      },
    ],
    [
      'shared memory is touched in two places only',
      'the two places, and words about Atomics',
      {
        'src/machine/threads/run.ts': 'Atomics.wait(words, 0, 0)',
        'src/atomics-sync/mutex.ts': 'Atomics.notify(words, 0)',
        'src/sync/mutex.ts': "// Atomics.load would do.\nconst text = 'Atomics.load'",
      },
    ],
    [
      'threads are started in few places only',
      'the two places',
      {
        'src/machine/threads/start.ts': "import { Worker } from 'node:worker_threads'",
        'workers/cpu.ts': "import { parentPort } from 'node:worker_threads'",
      },
    ],
    [
      'the kernel and the deterministic machine need no Node',
      'Node where it may be needed',
      {
        'src/profiles/load.ts': "import { readFileSync } from 'node:fs'\nimport { checkProfile } from './profile.js'",
        'src/machine/threads/run.ts': "import { cpus } from 'node:os'",
        'src/machine/deterministic/run.ts': "import type { Machine } from '../machine.js'",
        'src/cli/main.ts': "import { loadProfile } from '../profiles/load.js'",
      },
    ],
    [
      'time and chance enter at the edges only',
      'the edges, and times that are given',
      {
        'src/machine/threads/clock.ts': 'const now = process.hrtime.bigint()',
        'bench/start.ts': 'const now = performance.now()',
        'src/sched/core.ts': '// Not Date.now here.\nconst when = new Date(0)',
      },
    ],
    [
      'files are short',
      'a file just below the limit, and a long benchmark',
      {
        'src/base/a.ts': '// line\n'.repeat(MAX_LINES - 1),
        'bench/a.ts': '// line\n'.repeat(MAX_LINES),
      },
    ],
    [
      'nothing is hidden from the compiler or from the reader',
      'any as a word, errors that are handled, names that are listed',
      {
        'src/base/a.ts': "// any\nconst any = 'any'\ntry { a() } catch (error) { report(error) }",
        'src/base/b.ts': "a().catch((error) => report(error))\nexport { a, type B } from './a.js'",
        'src/base/c.ts': "const text = '@ts-ignore'",
      },
    ],
    [
      'ordering comments name a partner that exists',
      'functions, methods, generators and functions in variables, also in another file or on the next line',
      {
        'src/stop/stop.ts':
          '// pairs with sleep\n// Pairs with the load of\n// onCpu in park.\n// Pairs with `Queue.take`, and so on.\n// pairs with park()\n/* pairs\n * with\n * care */',
        'src/sched/core.ts': 'function* sleep() {}\nclass Queue { take() {} }\nconst park = () => 1',
        'stress/a.ts': '// This acquire pairs with\n// sleep.',
      },
    ],
    [
      'no file imports itself, by whatever way round',
      'two ways to the same file',
      { 'src/base/a.ts': "import './b.js'\nimport './c.js'", 'src/base/b.ts': "import './c.js'", 'src/base/c.ts': '' },
    ],
  ])('%s: %s', (rule, _, files) => {
    expect(check(rule, files)).toEqual([])
  })
})
