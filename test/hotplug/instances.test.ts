import { describe, expect, test } from 'vitest'
import { ERRNO, type Machine } from '#dist/src/index.js'
import { CPUHP } from '#dist/src/memory/structs.js'
import { AT, type Call, encode, ROOM } from '#dist/test/modules/hotplug.js'
import {
  type EveryMachineOptions,
  kernelModule,
  onDeterministic,
  onEveryMachine,
  rejection,
  testsMachine,
} from '../support/machines.js'

const MACHINE = { cpus: 3, modules: [kernelModule('hotplug')] }
const OPTIONS: EveryMachineOptions = { ...MACHINE, seeds: 5 }
const CALLBACKS = { startup: 'hotplug_startup', teardown: 'hotplug_teardown' } as const

const up = (subject: number, instance: number): Call => ({ kind: 1, subject, instance })
const down = (subject: number, instance: number): Call => ({ kind: 2, subject, instance })

/** The calls since the last time. */
function calls({ memory }: Machine): number[] {
  const count = memory.get(memory.scratch(AT.called))
  expect(count).toBeLessThan(ROOM)
  memory.set(memory.scratch(AT.called), 0)
  return Array.from({ length: count }, (_, n) => memory.get(memory.scratch(AT.calls) + n))
}

/** From now on that call fails with that error; null: none does. */
function failOn({ memory }: Machine, call: Call | null, errno: number = ERRNO.ENOMEM): void {
  memory.set(memory.scratch(AT.failing), call === null ? 0 : encode(call))
  memory.set(memory.scratch(AT.errno), errno)
}

/** A multi-instance step with three instances; their ids in the order in which they are called: the latest first. */
async function addStep(machine: Machine, state: 'prepare' | 'online'): Promise<{ state: number; ids: number[] }> {
  const added = await machine.addState({ name: 'test/multi', state, multi: true, ...CALLBACKS })
  const ids: number[] = []
  for (let n = 0; n < 3; n++) ids.unshift(await machine.addInstance(added))
  expect(new Set(ids).size).toBe(3)
  calls(machine)
  return { state: added, ids }
}

const each = (ids: readonly number[], make: (subject: number, id: number) => Call): number[] =>
  ids.map((id) => encode(make(1, id)))

describe('a multi-instance step', () => {
  for (const section of ['prepare', 'online'] as const) {
    onEveryMachine(
      `of the ${section} section is called for each of its instances, the latest first`,
      OPTIONS,
      async (machine) => {
        const { ids } = await addStep(machine, section)
        await machine.offline(1)
        expect(calls(machine)).toEqual(each(ids, down))
        await machine.online(1)
        expect(calls(machine)).toEqual(each(ids, up))
      },
    )

    onEveryMachine(
      `of the ${section} section that fails on the way up undoes the instances done so far`,
      OPTIONS,
      async (machine) => {
        const { ids } = await addStep(machine, section)
        await machine.offline(1)
        calls(machine)
        for (let n = 0; n < ids.length; n++) {
          failOn(machine, up(1, ids[n]))
          expect(await rejection(machine.online(1))).toMatchObject({ code: 'ENOMEM' })
          expect(calls(machine)).toEqual([...each(ids.slice(0, n + 1), up), ...each(ids.slice(0, n), down)])
          expect(await machine.read('cpu1/hotplug/state')).toBe('0')
        }
        failOn(machine, null)
        await machine.online(1)
        expect(calls(machine)).toEqual(each(ids, up))
      },
    )
  }

  onEveryMachine('that fails on the way down brings the instances done so far up again', OPTIONS, async (machine) => {
    const { ids } = await addStep(machine, 'online')
    for (let n = 0; n < ids.length; n++) {
      failOn(machine, down(1, ids[n]), ERRNO.EBUSY)
      expect(await rejection(machine.offline(1))).toMatchObject({ code: 'EBUSY' })
      expect(calls(machine)).toEqual([...each(ids.slice(0, n + 1), down), ...each(ids.slice(0, n), up)])
      expect(await machine.read('cpu1/hotplug/state')).toBe('236')
    }
    failOn(machine, null)
    await machine.offline(1)
    expect(calls(machine)).toEqual(each(ids, down))
  })

  onEveryMachine(
    'that fails for a dead CPU brings the instances done so far up again, and the CPU as far as it goes',
    { ...OPTIONS, warnings: /DEAD callback error for CPU1/ },
    async (machine) => {
      const { ids } = await addStep(machine, 'prepare')
      failOn(machine, down(1, ids[1]))
      expect(await rejection(machine.offline(1))).toMatchObject({ code: 'ENOMEM' })
      expect(calls(machine)).toEqual([...each(ids.slice(0, 2), down), ...each(ids.slice(0, 1), up)])
      expect([await machine.read('cpu1/hotplug/state'), await machine.read('online')]).toEqual(['154', '0-2'])
    },
  )

  onEveryMachine('below which another step fails is undone for all of its instances', OPTIONS, async (machine) => {
    const { ids, state } = await addStep(machine, 'online')
    await machine.write('cpu1/hotplug/fail', 197)
    expect(state).toBeGreaterThan(197)
    expect(await rejection(machine.offline(1))).toMatchObject({ code: 'EAGAIN' })
    expect(calls(machine)).toEqual([...each(ids, down), ...each(ids, up)])
  })

  onEveryMachine('that is told to fail fails before its first instance', OPTIONS, async (machine) => {
    const { state } = await addStep(machine, 'online')
    await machine.write('cpu1/hotplug/fail', state)
    expect(await rejection(machine.offline(1))).toMatchObject({ code: 'EAGAIN' })
    expect(calls(machine)).toEqual([])
  })
})

/** Steps of one section with some instances each, in the order of their states; the middle one has `count`. */
async function addThree(machine: Machine, section: 'prepare' | 'online', count: number): Promise<number[][]> {
  const steps: number[][] = []
  for (const instances of [2, count, 1]) {
    const state = await machine.addState({ name: `test/${steps.length}`, state: section, multi: true, ...CALLBACKS })
    const ids: number[] = []
    for (let n = 0; n < instances; n++) ids.unshift(await machine.addInstance(state))
    steps.push(ids)
  }
  calls(machine)
  return steps
}

/** What an operation leaves of its instances in the CPU's record. */
function leftovers({ memory }: Machine): number[] {
  const record = memory.cpuhp(1)
  return [CPUHP.node, CPUHP.last, CPUHP.single].map((field) => memory.get(record + field))
}

const SECTIONS = ['prepare', 'online'] as const

/** Has every instance of a step fail in turn, on every way. Answers what was called that should not have been, or the other way round. */
async function failEach(machine: Machine, section: 'prepare' | 'online', count: number): Promise<string[]> {
  const [lower, middle, upper] = (await addThree(machine, section, count)) as [number[], number[], number[]]
  const wrong: string[] = []
  const compare = (what: string, expected: readonly number[]): void => {
    const found = calls(machine)
    if (found.join() !== expected.join()) wrong.push(`${what}: ${found.join()} called, ${expected.join()} expected`)
    if (leftovers(machine).some((word) => word !== 0)) wrong.push(`${what}: the record keeps ${leftovers(machine)}`)
  }
  const attempt = async (what: string, call: Call, way: () => Promise<void>, expected: readonly number[]) => {
    failOn(machine, call)
    const answer = await way().then(
      () => 'success',
      (error: { code?: string }) => error.code ?? String(error),
    )
    if (answer !== 'ENOMEM') wrong.push(`${what}: answered ${answer}`)
    failOn(machine, null)
    compare(what, expected)
  }
  const allDown = [...each(upper, down), ...each(middle, down), ...each(lower, down)]
  const allUp = [...each(lower, up), ...each(middle, up), ...each(upper, up)]
  for (const [n, id] of middle.entries()) {
    const before = middle.slice(0, n)
    // One that has died is brought back only as far as it goes by itself: that is above the PREPARE section.
    const undone = [...each(upper, down), ...each([...before, id], down), ...each(before, up), ...each(upper, up)]
    await attempt(`down, instance ${n + 1} of ${count}`, down(1, id), () => machine.offline(1), undone)
    if (section === 'prepare') await machine.write('cpu1/hotplug/target', 236)
    await machine.offline(1)
    compare(`down after instance ${n + 1}`, allDown)
    await attempt(`up, instance ${n + 1} of ${count}`, up(1, id), () => machine.online(1), [
      ...each(lower, up),
      ...each([...before, id], up),
      ...each(before, down),
      ...each(lower, down),
    ])
    await machine.online(1)
    compare(`up after instance ${n + 1}`, allUp)
  }
  return wrong
}

describe('a callback that fails for one instance of several, whichever it is', () => {
  for (const section of SECTIONS) {
    for (const count of [1, 2, 3, 4]) {
      onEveryMachine(
        `has those before it undone, in the order of the list as in Linux, and the record clean: ${count}, ${section}`,
        { ...OPTIONS, seeds: 2, warnings: /DEAD callback error for CPU1/ },
        async (machine) => {
          expect(await failEach(machine, section, count)).toEqual([])
        },
      )
    }
  }

  test.runIf(testsMachine('deterministic'))('shows the bug of a record that keeps an instance', async () => {
    await onDeterministic({ ...MACHINE, bugs: ['M26'] }, async (machine) => {
      expect((await failEach(machine, 'online', 3)).join('\n')).toMatch(/the record keeps [1-9]/)
    })
  })
})

describe('an instance', () => {
  onEveryMachine('that is added is started on every CPU that is above its step', OPTIONS, async (machine) => {
    const state = await machine.addState({ name: 'test/multi', state: 'online', multi: true, ...CALLBACKS })
    expect(calls(machine)).toEqual([])
    await machine.offline(2)
    const id = await machine.addInstance(state)
    expect(calls(machine)).toEqual([0, 1].map((cpu) => encode(up(cpu, id))))
    await machine.online(2)
    expect(calls(machine)).toEqual([encode(up(2, id))])
    await machine.removeInstance(state, id)
    expect(calls(machine)).toEqual([0, 1, 2].map((cpu) => encode(down(cpu, id))))
    await machine.offline(2)
    expect(calls(machine)).toEqual([])
  })

  onEveryMachine(
    'that can not be started on one CPU is undone on those before it, and is not added',
    OPTIONS,
    async (machine) => {
      const { state, ids } = await addStep(machine, 'online')
      const next = Math.max(...ids) + 1
      failOn(machine, up(2, next), ERRNO.EIO)
      expect(await rejection(machine.addInstance(state))).toMatchObject({ code: 'EIO' })
      expect(calls(machine)).toEqual([up(0, next), up(1, next), up(2, next), down(0, next), down(1, next)].map(encode))
      failOn(machine, null)
      await machine.offline(1)
      expect(calls(machine)).toEqual(each(ids, down))
      await machine.online(1)
      calls(machine)
      // Its number is free again.
      expect(await machine.addInstance(state)).toBe(next)
    },
  )

  onEveryMachine('is added and removed without a call when that is asked for', OPTIONS, async (machine) => {
    const state = await machine.addState({ name: 'test/multi', state: 'online', multi: true, ...CALLBACKS })
    const id = await machine.addInstance(state, false)
    expect(calls(machine)).toEqual([])
    await machine.offline(1)
    expect(calls(machine)).toEqual([encode(down(1, id))])
    await machine.removeInstance(state, id, false)
    await machine.online(1)
    expect(calls(machine)).toEqual([])
  })

  onEveryMachine('is refused where there can be none', OPTIONS, async (machine) => {
    const state = await machine.addState({ name: 'test/multi', state: 'online', multi: true, ...CALLBACKS })
    for (const other of [235, 0, 236, 220, -1, 1000]) {
      expect(await rejection(machine.addInstance(other)), String(other)).toMatchObject({ code: 'EINVAL' })
    }
    const id = await machine.addInstance(state)
    expect(await rejection(machine.removeInstance(state, id + 1))).toMatchObject({ code: 'ENOENT' })
    expect(await rejection(machine.removeInstance(1000, id))).toMatchObject({ code: 'ENOENT' })
    expect(await rejection(machine.removeState(state))).toMatchObject({ code: 'EBUSY' })
    await machine.removeInstance(state, id)
    await machine.removeState(state)
    expect(await machine.read('hotplug/states')).not.toContain('test/multi')
  })

  onEveryMachine('is refused with ENOSPC when there is room for no more', { ...OPTIONS, seeds: 1 }, async (machine) => {
    const state = await machine.addState({ name: 'test/multi', state: 'online', multi: true })
    const ids = new Set<number>()
    for (let n = 0; n < 256; n++) {
      try {
        ids.add(await machine.addInstance(state))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
        break
      }
    }
    // The profile's own steps have some.
    expect(ids.size).toBeGreaterThan(200)
    expect(ids.size).toBeLessThan(256)
    const [one] = ids
    await machine.removeInstance(state, one)
    expect(await machine.addInstance(state)).toBe(one)
  })
})
