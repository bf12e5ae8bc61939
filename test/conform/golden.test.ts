import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatEvent, type GoldenRequest, parseGolden, readGolden } from '#dist/src/conform/golden.js'
import { formatMachine, formatRequest } from '#dist/src/conform/golden-writer.js'
import { MachinePanic, type PanicReport } from '#dist/src/index.js'

const FOLDER = new URL('../golden/', import.meta.url)
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'))

const MACHINE = '{"kernel":"6.1.192","profile":"linux-6.1-minimal","cpus":4,"scenario":"made-up"}'
const ANSWER =
  '{"do":"online","cpu":1,"value":"0","errno":null,"state":0,"target":0,"fail":-1,"file":0,"online":"0,2-3",' +
  '"offline":"1","trace":["* kworker enter 1 153 236 cpuhp_kick_ap_work","1 cpuhp/1 exit 1 234 235 -11"]}'

function parseLines(...lines: string[]): readonly GoldenRequest[] {
  return parseGolden(`${lines.join('\n')}\n`, 'made-up.jsonl').requests
}

describe('the golden files', () => {
  test('are there', () => {
    expect(FILES.length).toBeGreaterThanOrEqual(4)
  })

  test.each(FILES)('%s is read, every line of it', (name) => {
    const text = readFileSync(new URL(name, FOLDER), 'utf8')
    const golden = readGolden(new URL(name, FOLDER))
    expect(golden.machine).toMatchObject({ cpus: 4, scenario: name.replace('.jsonl', '') })
    expect(golden.requests).toHaveLength(text.trimEnd().split('\n').length - 1)
  })

  test.each(FILES)('the events of %s are written as they were read', (name) => {
    const lines = readFileSync(new URL(name, FOLDER), 'utf8').split('\n')
    for (const request of readGolden(new URL(name, FOLDER)).requests) {
      if (request.outcome !== 'answered') continue
      const written: unknown = JSON.parse(lines[request.line - 1])
      expect(written).toMatchObject({ trace: request.trace.map(formatEvent) })
    }
  })
})

describe('the golden writer', () => {
  test.each(FILES)('writes %s as it was read', (name) => {
    const lines = readFileSync(new URL(name, FOLDER), 'utf8').split('\n')
    const { machine, requests } = readGolden(new URL(name, FOLDER))
    expect(formatMachine(machine)).toBe(lines[0])
    for (const request of requests) {
      if (request.outcome !== 'answered') continue
      const written = formatRequest(request, { ...request, trace: request.trace.map(formatEvent) })
      expect(written).toEqual(lines.slice(request.line - 1, request.line + request.warnings.length))
    }
  })

  const command = { do: 'target', cpu: 1, value: '94' } as const
  const death = (cause: PanicReport['cause']): string[] | null =>
    formatRequest(command, {
      outcome: 'died',
      panic: new MachinePanic({ cause, cpu: 1, cpus: [], waits: [], blocked: [] }),
    })

  test('writes the end of a kernel as a panic or a hang, and no other end', () => {
    const message = 'why'
    const bug = { kind: 'bug', function: 'takedown_cpu', message, chain: [] } as const
    expect(death(bug)).toEqual(['{"do":"target","cpu":1,"value":"94","panic":"takedown_cpu"}'])
    for (const kind of ['deadlock', 'hang'] as const) {
      expect(death({ kind, message })).toEqual(['{"do":"target","cpu":1,"value":"94","hang":true}'])
    }
    for (const kind of ['violation', 'defect'] as const) expect(death({ kind, message, chain: [] })).toBe(null)
    for (const kind of ['stuck', 'worker'] as const) expect(death({ kind, message })).toBe(null)
  })
})

describe('a request', () => {
  test('that was answered has the files, the lists and the events', () => {
    expect(parseLines(MACHINE, ANSWER)).toEqual([
      {
        line: 2,
        do: 'online',
        cpu: 1,
        value: '0',
        outcome: 'answered',
        errno: null,
        state: 0,
        target: 0,
        fail: -1,
        file: 0,
        online: '0,2-3',
        offline: '1',
        trace: [
          { kind: 'enter', on: '*', task: 'kworker', cpu: 1, target: 153, step: 236, function: 'cpuhp_kick_ap_work' },
          { kind: 'exit', on: 1, task: 'cpuhp/1', cpu: 1, state: 234, step: 235, ret: -11 },
        ],
        warnings: [],
      },
    ])
  })

  test('to suspend is for no CPU', () => {
    const line = ANSWER.replace('"do":"online","cpu":1', '"do":"suspend"')
    expect(parseLines(MACHINE, line)[0]).toMatchObject({ do: 'suspend', cpu: null, state: 0 })
  })

  test('has the warnings that follow it', () => {
    const requests = parseLines(MACHINE, ANSWER, '{"warn":"one"}', '{"warn":"two"}', ANSWER)
    expect(requests).toMatchObject([{ warnings: ['one', 'two'] }, { warnings: [] }])
  })

  test('may be the end of the machine', () => {
    const panic = '{"do":"target","cpu":1,"value":"94","panic":"cpuhp_report_idle_dead"}'
    expect(parseLines(MACHINE, panic)).toMatchObject([{ outcome: 'panic', panic: 'cpuhp_report_idle_dead', line: 2 }])
    const hang = '{"do":"target","cpu":1,"value":"236","hang":true}'
    expect(parseLines(MACHINE, ANSWER, hang)).toMatchObject([{ outcome: 'answered' }, { outcome: 'hang', line: 3 }])
  })
})

describe('an error names file and line:', () => {
  test.each([
    ['an empty file', [], 'made-up.jsonl:1: is not JSON'],
    ['a machine without CPUs', [MACHINE.replace('4', 'null')], 'made-up.jsonl:1: cpus: null is not an integer'],
    ['half a line', [MACHINE, '{"do":'], 'made-up.jsonl:2: is not JSON'],
    ['a list', [MACHINE, ANSWER, '[]'], 'made-up.jsonl:3: is not a JSON object'],
    ['another verb', [MACHINE, ANSWER.replace('online', 'dance')], "made-up.jsonl:2: do: 'dance' is none of online"],
    ['no CPU', [MACHINE, ANSWER.replace('"cpu":1,', '')], 'made-up.jsonl:2: cpu: missing is not an integer'],
    ['no errno', [MACHINE, ANSWER.replace('"errno":null,', '')], 'made-up.jsonl:2: errno: missing is not text'],
    [
      'an unknown errno',
      [MACHINE, ANSWER.replace('null', '"EODD"')],
      "made-up.jsonl:2: errno: EODD is no error's name",
    ],
    [
      'text for a state',
      [MACHINE, ANSWER.replace('"state":0', '"state":"0"')],
      'made-up.jsonl:2: state: "0" is not an',
    ],
    ['no trace', [MACHINE, ANSWER.replace('"trace"', '"race"')], 'made-up.jsonl:2: trace: missing is not a list'],
    [
      'half an event',
      [MACHINE, ANSWER.replace(' -11', '')],
      "made-up.jsonl:2: trace: '1 cpuhp/1 exit 1 234 235' is no",
    ],
    ['a warning of nothing', [MACHINE, '{"warn":"what"}'], 'made-up.jsonl:2: a warning must follow a request'],
    [
      'life after a hang',
      [MACHINE, '{"do":"fail","cpu":1,"value":"0","hang":true}', ANSWER],
      'made-up.jsonl:3: nothing',
    ],
  ])('%s', (_, lines, message) => {
    expect(() => parseLines(...lines)).toThrow(message)
  })
})
