import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from '#dist/src/base/failure.js'
import { loadProfile } from '#dist/src/profiles/load.js'
import { checkProfile, type Profile, type StepDescription } from '#dist/src/profiles/profile.js'

const MINIMAL = loadProfile('linux-6.1-minimal')
const NEEDED = [0, 1, 41, 46, 68, 91, 92, 93, 94, 148, 149, 153, 155, 156, 197, 235, 236]

function problemOf(value: unknown): string {
  try {
    checkProfile(value, 'mine.json')
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as UsageError).message
  }
  return 'none'
}

// The minimal profile with one of its fields, or one of its steps, made different.
function withField(changes: Record<string, unknown>): unknown {
  return { ...MINIMAL, ...changes }
}

function withStep(state: number, changes: Record<string, unknown>): unknown {
  return withField({ states: MINIMAL.states.map((step) => (step.state === state ? { ...step, ...changes } : step)) })
}

function withoutStep(state: number): unknown {
  return withField({ states: MINIMAL.states.filter((step) => step.state !== state) })
}

const STEP: StepDescription = {
  state: 100,
  name: 'mine',
  startup: 'my_startup',
  teardown: null,
  instances: 0,
  cantStop: false,
  multi: false,
}

function withNewStep(step: Record<string, unknown>): unknown {
  const { states } = MINIMAL
  const at = states.findIndex(({ state }) => state > 100)
  return withField({ states: [...states.slice(0, at), { ...STEP, ...step }, ...states.slice(at)] })
}

describe('a profile is accepted', () => {
  test('and answered as it is, without the remarks in it', () => {
    expect(checkProfile({ ...MINIMAL, comment: 'measured on a Tuesday' }, 'mine.json')).toEqual(MINIMAL)
    expect(checkProfile(withStep(92, { comment: ['whatever'] }), 'mine.json')).toEqual(MINIMAL)
  })

  test('with steps of its own in any section, single or multi', () => {
    const profile = checkProfile(withNewStep({ multi: true, instances: 3 }), 'mine.json')
    expect(profile.states.find(({ state }) => state === 100)).toEqual({ ...STEP, multi: true, instances: 3 })
  })

  test('with nothing but the states that the kernel does not work without', () => {
    const states = MINIMAL.states.filter(({ state }) => NEEDED.includes(state))
    expect(checkProfile({ ...MINIMAL, states }, 'mine.json').states).toHaveLength(NEEDED.length)
  })
})

describe('a profile is refused', () => {
  test.each<[string, unknown, string]>([
    ['that is a list', [], 'a profile must be a JSON object'],
    ['that is null', null, 'a profile must be a JSON object'],
    ['without a name', withField({ name: undefined }), 'name must be text, not missing'],
    ['with a blank name', withField({ name: ' ' }), 'name must be text, not " "'],
    ['with a number for a kernel', withField({ kernel: 6.1 }), 'kernel must be text, not 6.1'],
    ['with text for online', withField({ online: '236' }), 'online must be 236, not "236"'],
    ['with online in the middle', withField({ online: 153 }), 'online must be 236, not 153'],
    ['with another number for online', withField({ online: 300 }), 'online must be 236, not 300'],
    ['with 1 for stateControl', withField({ stateControl: 1 }), 'stateControl must be true or false, not 1'],
    [
      'with a field that there is not',
      withField({ statecontrol: true }),
      'unknown field "statecontrol"; known are name, kernel, online, stateControl, states, and comment for remarks',
    ],
    ['with no list of states', withField({ states: {} }), 'states must be a list, not {}'],
    ['with no states', withField({ states: [] }), 'state 0: it is missing; every profile has it, named offline'],
  ])('%s', (_, value, problem) => {
    expect(problemOf(value)).toBe(`mine.json: ${problem}`)
  })

  test.each<[string, unknown, string]>([
    ['that is no object', withField({ states: [...MINIMAL.states, 7] }), 'states[58] must be an object, not 7'],
    ['without a number', withNewStep({ state: undefined }), 'state must be an integer in 0..236, not missing'],
    ['with a name that is too long', withNewStep({ name: 'x'.repeat(40) }), 'name may have 39 characters, not 40'],
    ['with a fraction for a number', withNewStep({ state: 100.5 }), 'state must be an integer in 0..236, not 100.5'],
    ['with a number below 0', withNewStep({ state: -1 }), 'state must be an integer in 0..236, not -1'],
    ['with a number above online', withNewStep({ state: 237 }), 'state must be an integer in 0..236, not 237'],
    ['that is there twice', withNewStep({ state: 95 }), 'state 95: it is there twice'],
    ['out of order', withNewStep({ state: 51 }), 'state 51: it comes after 95; states must ascend'],
    ['with no name', withNewStep({ name: '' }), 'state 100: name must be ASCII text on one line, not ""'],
    ['with a name of two lines', withNewStep({ name: 'a\nb' }), 'ASCII text on one line, not "a\\nb"'],
    [
      'with a name in Greek',
      withNewStep({ name: 'βήμα' }),
      'state 100: name must be ASCII text on one line, not "βήμα"',
    ],
    [
      'with the name of another',
      withNewStep({ name: 'RCU/tree:dying' }),
      'its name, RCU/tree:dying, is that of state 95',
    ],
    ['where no step can be', withNewStep({ state: 154 }), 'state 154: no step can be there'],
    [
      'with a field that there is not',
      withNewStep({ instanes: 2 }),
      'state 100: unknown field "instanes"; known are state,',
    ],
    [
      "with a subsystem's function",
      withNewStep({ teardown: 'sched_cpu_dying' }),
      'state 100: its teardown can not be sched_cpu_dying: that is the teardown of state 94',
    ],
    [
      'with a function the wrong way round',
      withStep(235, { startup: 'sched_cpu_deactivate' }),
      'state 235: its startup can not be sched_cpu_deactivate: that is the teardown of state 235',
    ],
    [
      'with more instances than there is room for',
      withNewStep({ multi: true, instances: 125 }),
      'state 100: with its instances there are 129; there may be 128',
    ],
    [
      'with no startup',
      withNewStep({ startup: undefined }),
      "state 100: startup must be a function's name or null, not",
    ],
    [
      'with a blank in a callback',
      withNewStep({ teardown: 'a b' }),
      "state 100: teardown must be a function's name or",
    ],
    ['with text for multi', withNewStep({ multi: 'yes' }), 'state 100: multi must be true or false, not "yes"'],
    ['with null for cantStop', withNewStep({ cantStop: null }), 'state 100: cantStop must be true or false, not null'],
    ['with half an instance', withNewStep({ instances: 0.5 }), 'state 100: instances must be an integer that is not'],
    ['with instances but not multi', withNewStep({ instances: 2 }), 'state 100: it has 2 instances but is not multi'],
    ['multi without callbacks', withNewStep({ multi: true, startup: null }), 'state 100: it is multi but has neither'],
  ])('with a state %s', (_, value, problem) => {
    expect(problemOf(value)).toContain(problem)
    expect(problemOf(value)).toMatch(/^mine\.json: state[^\n]*$/)
  })

  test.each(NEEDED)('without state %d', (state) => {
    expect(problemOf(withoutStep(state))).toMatch(
      new RegExp(`^mine.json: state ${state}: it is missing; every profile`),
    )
  })

  test.each<[string, unknown, string]>([
    ['with another name', withStep(92, { name: 'idle' }), 'state 92: it must be named idle:dead, not "idle"'],
    ['that can be stopped at', withStep(153, { cantStop: false }), 'state 153: cantStop of cpu:teardown must be true'],
    ['that can not be stopped at', withStep(0, { cantStop: true }), 'state 0: cantStop of offline must be false'],
    [
      'that starts no CPU',
      withStep(91, { startup: null }),
      'state 91: cpu:bringup needs bringup_cpu as its startup, not null',
    ],
    [
      'that takes none down',
      withStep(153, { teardown: 'f' }),
      'cpu:teardown needs takedown_cpu as its teardown, not "f"',
    ],
    ['with a callback that never runs', withStep(236, { startup: 'f' }), 'state 236: online can not have a startup'],
    ['that is multi', withStep(91, { multi: true }), 'state 91: cpu:bringup can not be multi'],
  ])('whose mechanism has a state %s', (_, value, problem) => {
    expect(problemOf(value)).toMatch(/^mine.json: state /)
    expect(problemOf(value)).toContain(problem)
  })

  test('in one line and as a UsageError, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(MINIMAL), ...Object.keys(STEP)), (junk, field) => {
        for (const value of [junk, withField({ [field]: junk }), withNewStep({ [field]: junk })]) {
          expect(problemOf(value)).toMatch(/^(none|mine\.json: [^\n]+)$/)
        }
      }),
    )
  })
})

test('what is accepted stays accepted when written out and read back', () => {
  const again: unknown = JSON.parse(JSON.stringify(MINIMAL))
  const profile: Profile = checkProfile(again, 'again.json')
  expect(profile).toEqual(MINIMAL)
})
