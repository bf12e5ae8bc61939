import { describe, expect, test } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { TIMER_WHEEL } from '#dist/src/memory/structs/deferred.js'
import { GLOBAL } from '#dist/src/memory/structs.js'
import { bucketOf } from '#dist/src/time/timer.js'
import { checkAtRest } from '#dist/stress/settle.js'
import { AT } from '#dist/test/modules/timer.js'
import { kernelModule, onDeterministic, onEveryMachine } from '../support/machines.js'

const BOOT = { cpus: 3, modules: [kernelModule('timer')], scratch: 1024 }
const OPTIONS = { ...BOOT, seeds: 6 }

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))
const count = ({ memory, cpus }: Machine, field: number): number =>
  Array.from({ length: cpus }, (_, cpu) => memory.get(memory.timerWheel(cpu) + field)).reduce((a, b) => a + b)

/** All timers have been served, what is left is sound, and what the functions have seen is right. */
async function expectServed(machine: Machine): Promise<void> {
  for (let looks = 0; looks < 200; looks++) {
    if (word(machine, AT.ran) + word(machine, AT.deleted) === word(machine, AT.armed)) break
    await machine.sleep(10e6)
  }
  expect((await checkAtRest(machine)).violations).toEqual([])
  expect(word(machine, AT.ran) + word(machine, AT.deleted)).toBe(word(machine, AT.armed))
  expect(word(machine, AT.ran)).toBe(count(machine, TIMER_WHEEL.served))
  expect(word(machine, AT.wrong)).toBe(0)
}

describe('the bucket of a timer', () => {
  test('comes round after its time, by no more than an eighth of how far ahead that was, and a jiffy', () => {
    for (const clock of [0, 1, 63, 64, 511, 12_345]) {
      for (let ahead = 0; ahead < 2 ** 30; ahead = Math.ceil(ahead * 1.37) + 1) {
        const bucket = bucketOf(clock + ahead, clock)
        if (ahead > 62 * 8 ** 8) continue
        expect(bucket).toBeGreaterThan(clock + ahead)
        expect(bucket - clock - ahead).toBeLessThanOrEqual(1 + ahead / 7)
      }
    }
  })

  test('is as wide as its level of the wheel', () => {
    expect([0, 62, 63, 64, 503, 504].map((ahead) => bucketOf(ahead, 0))).toEqual([1, 63, 64, 72, 504, 512])
    expect(bucketOf(4032, 0)).toBe(4096)
  })

  test('is the next one for what is over already', () => {
    expect(bucketOf(5, 9)).toBe(9)
  })
})

onEveryMachine('a timer is served once, not early, by the CPU that armed it', OPTIONS, async (machine) => {
  await machine.run('timer_init', { cpu: 0 })
  for (const [n, us] of [0, 100, 5_000, 20_000].entries()) {
    await machine.run('timer_arm', { cpu: n % 3, args: [n, us] })
  }
  await expectServed(machine)
  expect([0, 1, 2, 3].map((n) => [word(machine, AT.runs + n), word(machine, AT.where + n)])).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
    [1, 0],
  ])
})

onEveryMachine('a timer may be armed on another CPU, which is idle', OPTIONS, async (machine) => {
  await machine.run('timer_init', { cpu: 0 })
  for (const n of [1, 2]) await machine.run('timer_arm_there', { cpu: 0, args: [n, 9_000] })
  await expectServed(machine)
  expect([1, 2].map((n) => word(machine, AT.where + n))).toEqual([1, 2])
})

onEveryMachine('timers are armed, put off and taken off by all CPUs at once', OPTIONS, async (machine, { seed }) => {
  await machine.run('timer_init', { cpu: 0 })
  await Promise.all([0, 1, 2].map((cpu) => machine.run('timer_churn', { cpu, args: [60, seed] })))
  await expectServed(machine)
  expect(word(machine, AT.ran)).toBeGreaterThan(0)
})

onEveryMachine(
  'the same while CPUs go down and come up',
  { ...OPTIONS, timeoutMs: 60_000 },
  async (machine, { seed }) => {
    await machine.run('timer_init', { cpu: 0 })
    const churns = [1, 2, 3].map((n) => machine.run('timer_churn', { cpu: 0, args: [60, seed + n] }))
    for (let n = 0; n < 4; n++) {
      const cpu = 1 + (n % 2)
      churns.push(machine.run('timer_churn', { cpu, args: [20, seed + n] }))
      await machine.offline(cpu)
      await machine.online(cpu)
    }
    await Promise.all(churns)
    await expectServed(machine)
  },
)

onEveryMachine('a timer that its function arms anew is served again', OPTIONS, async (machine) => {
  await machine.run('timer_init', { cpu: 0 })
  machine.memory.set(machine.memory.scratch(AT.again), 5)
  await machine.run('timer_arm', { cpu: 1, args: [0, 100] })
  await expectServed(machine)
  expect(word(machine, AT.runs)).toBe(6)
})

onEveryMachine('a timer that has been taken off is under way nowhere', OPTIONS, async (machine) => {
  await machine.run('timer_init', { cpu: 0 })
  await machine.run('timer_race', { cpu: 2, args: [1, 60] })
  await expectServed(machine)
  expect(word(machine, AT.armed)).toBe(60)
})

onEveryMachine('one that its function arms anew is taken off for good', OPTIONS, async (machine) => {
  await machine.run('timer_init', { cpu: 0 })
  machine.memory.set(machine.memory.scratch(AT.again), 1000)
  await machine.run('timer_arm', { cpu: 1, args: [0, 0] })
  await machine.sleep(20e6)
  await machine.run('timer_delete', { cpu: 2, args: [0] })
  await expectServed(machine)
  expect(word(machine, AT.again)).toBeGreaterThan(0)
})

onEveryMachine('the timers of a CPU that dies are served elsewhere', OPTIONS, async (machine) => {
  await machine.run('timer_init', { cpu: 0 })
  await machine.addState({ name: 'test/dying', state: 100, teardown: 'timer_dying', invoke: false })
  // Far enough ahead for a host that is slow.
  for (let n = 1; n <= 3; n++) await machine.run('timer_arm', { cpu: 2, args: [n, 500_000] })
  await machine.offline(2)
  await expectServed(machine)
  expect([0, 1, 2, 3].map((n) => word(machine, AT.runs + n))).toEqual([1, 1, 1, 1])
  expect([0, 1, 2, 3].map((n) => word(machine, AT.where + n))).not.toContain(2)
})

onEveryMachine(
  'timers of a CPU that comes up again before they are moved are served by it',
  OPTIONS,
  async (machine) => {
    await machine.run('timer_init', { cpu: 0 })
    for (let n = 1; n <= 3; n++) await machine.run('timer_arm', { cpu: 2, args: [n, 30_000] })
    // Dead, and above timers:dead.
    await machine.write('cpu2/hotplug/target', 70)
    await machine.write('cpu2/hotplug/target', 236)
    await expectServed(machine)
  },
)

describe('jiffies', () => {
  test('are kept as long as a CPU ticks, whichever goes idle or dies, and never go back', async () => {
    for (let seed = 1; seed <= 2; seed++) {
      await onDeterministic({ ...BOOT, seed, tasks: 8 }, async (machine) => {
        const busy = [0, 1, 2, 3].map(() => machine.spawn({ workload: 'sha256', work: 60_000 }))
        const looks = machine.run('timer_jiffies', { cpu: 0, args: [25] })
        for (let n = 0; n < 4; n++) {
          const cpu = 1 + (n % 2)
          await machine.offline(cpu)
          await machine.sleep(7e6)
          await machine.online(cpu)
          await machine.sleep(5e6)
        }
        for (const task of await Promise.all(busy)) await task.result
        const behind = await looks
        expect(behind).toBeGreaterThanOrEqual(0)
        expect(behind).toBeLessThanOrEqual(2)
      })
    }
  })

  test("are nobody's to keep while every CPU is idle, and up to date when one is not", async () => {
    await onDeterministic(BOOT, async (machine) => {
      const { memory } = machine
      const at = (field: number): number => memory.get(memory.global + field)
      await machine.sleep(50e6)
      const operations = machine.counters().operations!
      await machine.sleep(400e6)
      expect(at(GLOBAL.jiffies)).toBe(Math.floor(machine.now() / 4e6))
      // Nobody has ticked meanwhile, but for those that had something to do before and after it.
      expect(machine.counters().operations! - operations).toBeLessThan(500)
      await checkAtRest(machine)
      expect(at(GLOBAL.tickDoTimerCpu)).toBe(-1)
    })
  })
})
