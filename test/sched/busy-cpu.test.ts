// What tasks, affinities and latencies do when a busy CPU goes down: as on the real kernel of test/golden/busy.txt.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseCpuList } from '#dist/src/base/cpulist.js'
import type { Machine, MachineOptions, Task } from '#dist/src/index.js'
import { TASK } from '#dist/src/memory/structs.js'
import { MIGRATION } from '#dist/src/sched/placement.js'
import { onDeterministic } from '../support/machines.js'

const FOREVER = 2 ** 31 - 1
const MS = 1e6
const RECORDED = readFileSync(new URL('../golden/busy.txt', import.meta.url), 'utf8')

interface Stage {
  /** 'before', 'after offline 2,1', ... */
  readonly name: string
  /** affinities by pid */
  readonly allowed: ReadonlyMap<number, string>
  readonly cpus: ReadonlyMap<number, number>
}

/** The stages of the recording in their order. */
function stagesOf(text: string): Stage[] {
  const stages: { name: string; allowed: Map<number, string>; cpus: Map<number, number> }[] = []
  for (const line of text.split('\n')) {
    const stage = /^#(before|after .+)$/.exec(line)
    if (stage !== null) stages.push({ name: stage[1]!, allowed: new Map(), cpus: new Map() })
    const task = /^#task (\d+) allowed=(\S+) cpu=(\d+) policy=0$/.exec(line)
    if (task === null) continue
    stages.at(-1)!.allowed.set(Number(task[1]), task[2]!)
    stages.at(-1)!.cpus.set(Number(task[1]), Number(task[3]))
  }
  return stages
}

/** 'after offline 2,1': what is done on the way to a stage. CPUs that are there already are left alone. */
async function goTo(machine: Machine, { name }: Stage): Promise<void> {
  const [, way, list] = /^after (offline|online) (\S+)$/.exec(name)!
  for (const cpu of list!.split(',').map(Number)) {
    const online = parseCpuList(await machine.read('online'), 4).includes(cpu)
    if (way === 'offline' && online) await machine.offline(cpu)
    if (way === 'online' && !online) await machine.online(cpu)
  }
  // Time for the balancer.
  await machine.sleep(100 * MS)
}

/** Who was pushed off a CPU since the trace was read last: pid and the CPU that it went to. */
function pushes(machine: Machine, from: number): [pid: number, to: number][] {
  return machine
    .trace()
    .filter(({ event, b }) => event === 'sched_migrate_task' && b >> 16 === MIGRATION.push && (b & 0xffff) === from)
    .map(({ a, c }) => [machine.memory.get(a + TASK.pid), c])
}

test.each([1, 2, 3])('affinities and messages are those that were recorded (seed %d)', async (seed) => {
  const stages = stagesOf(RECORDED)
  expect(stages.map(({ name }) => name)).toHaveLength(5)
  await onDeterministic({ cpus: 4, seed, traceRecords: 16_384 }, async (machine) => {
    const tasks = new Map<number, Task>()
    for (const [pid, affinity] of stages[0]!.allowed) {
      tasks.set(pid, await machine.spawn({ workload: 'sieve', work: FOREVER, affinity }))
    }
    const recordedPid = new Map([...tasks].map(([pid, task]) => [task.pids[0]!, pid]))
    await machine.sleep(50 * MS)

    for (const stage of stages.slice(1)) {
      pushes(machine, -1)
      await goTo(machine, stage)
      const online = parseCpuList(await machine.read('online'), 4)
      for (const [pid, task] of tasks) {
        expect([stage.name, pid, task.affinity()]).toEqual([stage.name, pid, stage.allowed.get(pid)])
        expect(online).toContain(task.cpus()[0])
        expect(parseCpuList(task.affinity(), 4)).toContain(task.cpus()[0])
      }
      if (stage.name === 'after offline 2') {
        // The two that were pinned there are pushed by the stopper; the first CPU that there is takes them.
        const recorded = [
          ...RECORDED.matchAll(/sched_migrate_task: comm=sh pid=(\d+) prio=120 orig_cpu=2 dest_cpu=(\d)/g),
        ]
        const expected = recorded.map(([, pid, to]) => [Number(pid), Number(to)])
        const found = pushes(machine, 2).map(([pid, to]) => [recordedPid.get(pid), to])
        expect(expected).toHaveLength(2)
        expect(found).toEqual(expect.arrayContaining(expected))
      }
      // A CPU that is back has work: one of those that may go there has come.
      if (stage.name.startsWith('after online')) {
        for (const cpu of online) expect([...tasks.values()].map((task) => task.cpus()[0])).toContain(cpu)
      }
    }

    const recorded = [...RECORDED.matchAll(/^log: process (\d+) \(\w+\) (.+)$/gm)].map(
      ([, pid, says]) => `${pid} ${says}`,
    )
    const said = machine.log.flatMap(({ text }) => {
      const match = /^process (\d+) \(sieve\) (no longer affine .+)$/.exec(text)
      return match === null ? [] : [`${recordedPid.get(Number(match[1]))} ${match[2]}`]
    })
    expect(recorded).toHaveLength(4)
    expect(said.sort()).toEqual(recorded.sort())
  })
})

type Load = { readonly hogs: number; readonly policy?: 'fifo'; readonly workload?: string; readonly runNs: number }

/** Takes CPU 3 down under a load that is pinned to it. Answers when what happened, ns since it was asked for. */
async function takeDown(seed: number, load: Load): Promise<{ kicked: number; thread: number; done: number }> {
  const { hogs, policy = 'normal', workload = 'short-steps', runNs } = load
  const workloads = [new URL('../fixtures/short-steps.mjs', import.meta.url)]
  const options: MachineOptions = { cpus: 4, seed, tasks: 80, workloads, traceRecords: 16_384 }
  const times = { kicked: 0, thread: 0, done: 0 }
  await onDeterministic(options, async (machine) => {
    // A machine on which something has run: kernel threads are behind in vruntime, and preempt what is there.
    for (const affinity of ['0', '1', '2']) {
      await (await machine.spawn({ workload: 'sieve', work: 20_000, affinity })).result
    }
    for (let n = 0; n < hogs; n++) await machine.spawn({ workload, work: FOREVER, affinity: '3', policy })
    await machine.sleep(runNs)
    machine.trace()
    await machine.offline(3)
    const events = machine.trace().map((event) => ({ ...event, text: machine.formatEvent(event) }))
    const at = (pattern: RegExp): number => events.find(({ text }) => pattern.test(text))!.timeNs
    const began = at(/cpuhp_mark: cpu 3 ask/)
    times.kicked = at(/cpuhp_kick_ap_work/) - began
    times.thread = at(/sched_switch: .* ==> cpuhp\/3/) - began
    times.done = at(/cpuhp_mark: cpu 3 done/) - began
  })
  return times
}

/** The median of an odd number of runs. */
async function medianOffline(load: Load): Promise<number> {
  const times: number[] = []
  for (const seed of [1, 2, 3]) times.push((await takeDown(seed, load)).done)
  return times.sort((a, b) => a - b)[1]!
}

/** The recorded medians of the whole offline, ms, by load. */
function recordedOffline(load: string): number {
  return Number(new RegExp(`^${load} +([\\d.]+) `, 'm').exec(RECORDED)![1])
}

test('a few hogs cost little, for cpuhp/N preempts them; 64 cost a push each, not a slice each', {
  timeout: 60_000,
}, async () => {
  const idle = await medianOffline({ hogs: 0, runNs: 20 * MS })
  const [one, four, sixteen, many] = await Promise.all(
    [1, 4, 16, 64].map((hogs) => medianOffline({ hogs, runNs: 20 * MS })),
  )
  // Recorded: 1.6, 1.8 and 1.7 times an idle CPU; here one that is pushed costs more of what is less in all.
  for (const few of [one!, four!]) expect(few / idle).toBeLessThan(2)
  expect(sixteen! / idle).toBeLessThan(4)
  // Far from waiting for their slices, which would be 64 times 2.25 ms.
  expect(many!).toBeLessThan(0.01 * 64 * 2.25 * MS)
  expect(many!).toBeGreaterThan(sixteen!)
  expect(recordedOffline('cfs64')).toBeGreaterThan(recordedOffline('cfs16'))
  expect(many! / idle).toBeGreaterThan(recordedOffline('cfs64') / recordedOffline('idle'))
})

test('a FIFO loop holds cpuhp/N up until throttling opens its window, and the whole takes two of them', async () => {
  const recorded =
    /offline total [\d.]+ \(([\d.]+)\.\.([\d.]+)\); .* first runs +([\d.]+) \(([\d.]+)\.\.([\d.]+)\)/.exec(RECORDED)!
  const [least, most] = recorded.slice(1, 3).map((ms) => Number(ms) * MS)
  for (const seed of [1, 2, 3]) {
    const { kicked, thread, done } = await takeDown(seed, {
      hogs: 1,
      policy: 'fifo',
      workload: 'sha256',
      runNs: 2300 * MS,
    })
    // Asked for 300 ms into a second: the loop has 650 ms left of it.
    expect(Math.abs(thread - kicked - 650 * MS)).toBeLessThan(20 * MS)
    expect(done).toBeGreaterThan(0.9 * least!)
    expect(done).toBeLessThan(most!)
  }
})
