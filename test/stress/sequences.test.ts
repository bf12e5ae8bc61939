// Whatever is asked of a machine, one request after the other: answers, files, masks and callbacks are those of the model.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCpuList } from '#dist/src/base/cpulist.js'
import { KernelError, Machine } from '#dist/src/index.js'
import { bitsOf } from '#dist/src/ops/mask.js'
import { loadProfile, profileNames } from '#dist/src/profiles/load.js'
import type { Profile } from '#dist/src/profiles/profile.js'
import { differenceOf, observe } from '#dist/stress/calls.js'
import { type Call, Model, type Request } from '#dist/stress/model.js'
import { checkAtRest } from '#dist/stress/settle.js'
import { anyProfile } from '../support/profiles.js'
import { tries } from '../support/properties.js'

const CPUS = 4

interface Real {
  readonly machine: Machine
  /** how often which error was answered; 'none' for success */
  readonly seen: Map<string, number>
}

interface Expected {
  readonly errno: string | null
  readonly calls: ReadonlyMap<number, readonly Call[]>
}

/** A request as a user makes it. */
interface Ask {
  /** as a counterexample shows it */
  readonly text: string
  /** whether it may be asked: what no kernel survives is not */
  readonly check?: (model: Model) => boolean
  readonly predict: (model: Model) => Expected
  readonly ask: (machine: Machine) => Promise<void>
}

/** What fast-check makes a sequence of. */
class Command implements fc.AsyncCommand<Model, Real> {
  private readonly request: Ask

  constructor(request: Ask) {
    this.request = request
  }

  check(model: Readonly<Model>): boolean {
    return this.request.check?.(model as Model) ?? true
  }

  async run(model: Model, { machine, seen }: Real): Promise<void> {
    const expected = this.request.predict(model)
    let errno: string | null = null
    try {
      await this.request.ask(machine)
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      errno = error.code
    }
    expect(errno).toBe(expected.errno)
    seen.set(errno ?? 'none', (seen.get(errno ?? 'none') ?? 0) + 1)
    expect(await filesOf(machine)).toEqual(filesOfModel(model))
    const { calls, problems } = observe(machine.trace(), (fn) => machine.functionName(fn))
    expect(problems).toEqual([])
    for (let subject = 0; subject < CPUS; subject++) {
      const difference = differenceOf(expected.calls.get(subject) ?? [], calls.get(subject) ?? [])
      expect(difference, `callbacks for CPU ${subject}`).toBe(null)
    }
  }

  toString(): string {
    return this.request.text
  }
}

const answer = (errno: string | null): Expected => ({ errno, calls: new Map() })

/** Of the model's requests: what it expects, unless the file is not there. */
function expected(model: Model, request: Request, exists: boolean): Expected {
  if (!exists) return answer('ENOENT')
  const { errno, calls } = model.expect(request)
  return { errno, calls: new Map([[request.cpu, calls]]) }
}

function writeOf(path: string, text: string): Pick<Ask, 'text' | 'ask'> {
  return { text: `${JSON.stringify(text)} to ${path}`, ask: (machine) => machine.write(path, text) }
}

/** A number written to hotplug/target or hotplug/fail, in one of the ways in which the kernel reads it. */
function writeNumber(name: 'target' | 'fail', subject: number, value: number, text: string): Command {
  const request = { do: name, cpu: subject, value }
  const exists = subject < CPUS
  return new Command({
    ...writeOf(`cpu${subject}/hotplug/${name}`, text),
    check: (model) => !exists || model.survives(request),
    predict: (model) => expected(model, request, exists),
  })
}

/** What the kernel refuses whatever the state of things. */
function writeNonsense(name: 'hotplug/target' | 'hotplug/fail' | 'online', subject: number, text: string): Command {
  const errno = (TOO_LARGE as readonly string[]).includes(text) ? 'ERANGE' : 'EINVAL'
  const exists = name !== 'online' || subject !== 0
  return new Command({ ...writeOf(`cpu${subject}/${name}`, text), predict: () => answer(exists ? errno : 'ENOENT') })
}

/** A truth value written to the `online` file, which CPU 0 does not have; with `text` null, the device's own call. */
function turn(subject: number, up: boolean, text: string | null): Command {
  const request = { do: up ? 'online' : 'offline', cpu: subject } as const
  const way: Pick<Ask, 'text' | 'ask'> =
    text !== null
      ? writeOf(`cpu${subject}/online`, text)
      : { text: `${request.do} of CPU ${subject}`, ask: (machine) => machine[request.do](subject) }
  return new Command({
    ...way,
    check: (model) => model.survives(request),
    predict: (model) => expected(model, request, text === null || subject !== 0),
  })
}

function suspend(level: string): Command {
  return new Command({
    text: `suspend ${level}`,
    check: (model) => model.survivesSuspend(),
    predict(model) {
      if (level === 'disk') return answer('EINVAL')
      return level === 'devices' ? answer(null) : model.suspend()
    },
    ask: (machine) => machine.suspend(level),
  })
}

const list = (cpus: Iterable<number>): string => formatCpuList([...cpus])

async function filesOf(machine: Machine): Promise<Record<string, string>> {
  const { memory } = machine
  const files: Record<string, string> = {
    active: list(bitsOf(memory, memory.active)),
    dying: list(bitsOf(memory, memory.dying)),
  }
  for (const name of ['online', 'offline', 'present', 'possible']) files[name] = await machine.read(name)
  for (let cpu = 0; cpu < CPUS; cpu++) {
    for (const name of ['state', 'target', 'fail']) {
      files[`cpu${cpu}/${name}`] = await machine.read(`cpu${cpu}/hotplug/${name}`)
    }
    if (cpu !== 0) files[`cpu${cpu}/online`] = await machine.read(`cpu${cpu}/online`)
  }
  return files
}

function filesOfModel(model: Model): Record<string, string> {
  const all = list(model.cpus.keys())
  const files: Record<string, string> = {
    active: list(model.active),
    dying: list(model.dying),
    online: list(model.online),
    offline: list(model.offline),
    present: all,
    possible: all,
  }
  for (const [cpu, { state, target, fail, device }] of model.cpus.entries()) {
    Object.assign(files, {
      [`cpu${cpu}/state`]: String(state),
      [`cpu${cpu}/target`]: String(target),
      [`cpu${cpu}/fail`]: String(fail),
    })
    if (cpu !== 0) files[`cpu${cpu}/online`] = device ? '1' : '0'
  }
  return files
}

const cpu = fc.nat(CPUS - 1)
const file = fc.constantFrom('target' as const, 'fail' as const)

/** The ways in which a number may be written. */
const WRITINGS: readonly ((value: number) => string)[] = [
  String,
  (value) => `${value}\n`,
  (value) => (value < 0 ? `-00${-value}` : `+${value}`),
]
const NO_NUMBER = ['', 'x', '1e2', '0x9b', ' 155', '155 ', '155\n\n', '--1', '1.5', 'offline'] as const
const NO_TRUTH = ['2', '', 'o', '-1', ' 1'] as const
const TRUE = ['1', 'y', 'on', 'true\n', 'Yes, please'] as const
const FALSE = ['0', 'n', 'off\n', 'False'] as const
const isTrue = (text: string): boolean => (TRUE as readonly string[]).includes(text)
const TOO_LARGE = ['2147483648', '-2147483649', '9'.repeat(200)] as const

/** Requests that are drawn for a profile: its own states mostly, as targets and to fail. */
function commandsFor(profile: Profile): fc.Arbitrary<Iterable<Command>> {
  const own = fc.constantFrom(...profile.states.map(({ state }) => state))
  const value = fc.oneof(
    { weight: 12, arbitrary: own },
    { weight: 3, arbitrary: fc.constantFrom(0, profile.online, -1) },
    { weight: 2, arbitrary: fc.integer({ min: -2, max: profile.online + 2 }) },
  )
  const anyCpu = fc.oneof({ weight: 20, arbitrary: cpu }, fc.constant(CPUS))
  const number = fc
    .tuple(file, anyCpu, value, fc.constantFrom(...WRITINGS))
    .map(([name, subject, n, write]) => writeNumber(name, subject, n, write(n)))
  const text = fc.constantFrom(...TRUE, ...FALSE, null, null)
  const turned = fc
    .tuple(cpu, text, fc.boolean())
    .map(([subject, written, up]) => turn(subject, written === null ? up : isTrue(written), written))
  const nonsense = fc.oneof(
    fc
      .tuple(file, cpu, fc.constantFrom(...NO_NUMBER, ...TOO_LARGE))
      .map(([name, subject, written]) => writeNonsense(`hotplug/${name}`, subject, written)),
    fc.tuple(cpu, fc.constantFrom(...NO_TRUTH)).map(([subject, written]) => writeNonsense('online', subject, written)),
  )
  const suspended = fc.constantFrom('core', 'processors', 'devices', 'disk').map(suspend)
  // One kind is as likely as the other: this is how often each stands there.
  const kinds = [number, number, number, number, number, turned, turned, turned, nonsense, suspended]
  return fc.commands<Model, Real>(kinds, { size: 'large', maxCommands: 60 }) as fc.Arbitrary<Iterable<Command>>
}

async function holds(
  profile: Profile,
  seed: number,
  commands: Iterable<Command>,
  seen: Map<string, number>,
): Promise<void> {
  const machine = await Machine.boot({ cpus: CPUS, machine: 'deterministic', seed, profile })
  try {
    machine.trace()
    const setup = () => ({ model: new Model(profile, CPUS), real: { machine, seen } })
    await fc.asyncModelRun(setup, commands)
    expect((await checkAtRest(machine)).violations).toEqual([])
    expect(machine.lostEvents).toBe(0)
  } finally {
    await machine.shutdown()
  }
}

describe('after every one of a sequence of requests, answer, files, masks and callbacks are those of the model:', () => {
  test.each(profileNames())('%s', async (name) => {
    const profile = loadProfile(name)
    const seen = new Map<string, number>()
    const property = fc.asyncProperty(fc.nat(1000), commandsFor(profile), (seed, commands) =>
      holds(profile, seed, commands, seen),
    )
    await fc.assert(property, tries(60))
    for (const errno of ['none', 'EAGAIN', 'EINVAL', 'ENOENT', 'EPERM', 'ERANGE']) {
      expect(seen.get(errno), errno).toBeGreaterThan(5)
    }
  })

  test('profiles that nobody has thought of', async () => {
    const seen = new Map<string, number>()
    const drawn = anyProfile().chain((profile) =>
      fc.record({ profile: fc.constant(profile), seed: fc.nat(1000), commands: commandsFor(profile) }),
    )
    const property = fc.asyncProperty(drawn, ({ profile, seed, commands }) => holds(profile, seed, commands, seen))
    await fc.assert(property, tries(60))
    expect(seen.get('EAGAIN')).toBeGreaterThan(10)
  })
})
