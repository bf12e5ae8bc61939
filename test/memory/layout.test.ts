import { describe, expect, test } from 'vitest'
import { Layout, LIMITS, type MemoryConfig } from '#dist/src/memory/layout.js'
import { Memory } from '#dist/src/memory/memory.js'
import { CPUHP, GLOBAL, MUTEX, TASK, TRACE_RECORD } from '#dist/src/memory/structs.js'

const LINE = 16
const SMALL: MemoryConfig = { cpus: 4, tasks: 8, workers: 2, traceRecords: 64, scratch: 100, user: 64 }
const SIZES: [number, number][] = [
  [1, 0],
  [4, 64],
  [64, 1024],
  [4096, 65_536],
]

function layoutOf(cpus: number, tasks: number): Layout {
  return new Layout({ cpus, tasks, workers: cpus, traceRecords: 256, scratch: 1024, user: 64 })
}

describe.each(SIZES)('the memory of %i CPUs and %i tasks', (cpus, tasks) => {
  const layout = layoutOf(cpus, tasks)

  test('has its regions one behind the other, on cache lines, all inside', () => {
    let end = LINE
    for (const { name, base, stride, count } of layout.regions) {
      expect(base, name).toBeGreaterThanOrEqual(end)
      expect([base % LINE, stride % LINE], name).toEqual([0, 0])
      expect(count, name).toBeGreaterThan(0)
      end = base + stride * count
    }
    expect(end).toBeLessThanOrEqual(layout.words)
  })

  test('has room for every structure, as many of each as there must be', () => {
    const counts = new Map(layout.regions.map(({ name, count }) => [name, count]))
    for (const name of ['percpu', 'cpuhp', 'rq', 'stopper', 'hrtimer_base', 'call_senders', 'ring']) {
      expect(counts.get(name), name).toBe(cpus)
    }
    expect(counts.get('worker_pool')).toBe(cpus + 1)
    expect(counts.get('worker')).toBeGreaterThan(2 * cpus + 1)
    expect(counts.get('pool_workqueue')).toBe(LIMITS.workqueues * (cpus + 1))
    expect(counts.get('task')).toBeGreaterThanOrEqual(tasks + cpus)
    expect(counts.get('cpus_mask')).toBe(counts.get('task'))
    expect(counts.get('step')).toBe(LIMITS.states)
    for (const { name, shape, stride } of layout.regions) {
      if (shape !== null) expect(stride, name).toBeGreaterThanOrEqual(shape.$size)
    }
  })

  test('is no larger than 2 GiB', () => {
    expect(layout.words * 4).toBeLessThan(2 ** 31)
  })

  test('says of the first and the last word of every region where it is', () => {
    for (const region of layout.regions) {
      for (const index of [0, region.count - 1]) {
        const address = region.base + index * region.stride
        expect(layout.locate(address)).toEqual({ region, index, offset: 0 })
        expect(layout.locate(address + region.stride - 1)).toEqual({ region, index, offset: region.stride - 1 })
      }
    }
  })

  test.skipIf(cpus > 64)('has every lock at an address that is described by its name', () => {
    for (const [name, address] of layout.locks()) expect(layout.describe(address)).toBe(name)
  })
})

describe('an address', () => {
  const memory = new Memory(SMALL)
  const { layout } = memory

  test.each<[number, string]>([
    [memory.cpuhp(1) + CPUHP.state, 'cpuhp[1].state'],
    [memory.cpuhp(3) + CPUHP.doneUp, 'cpuhp[3].doneUp.lock'],
    [memory.global + GLOBAL.addRemoveLock + MUTEX.owner, 'global.addRemoveLock.owner'],
    [memory.initTask + TASK.comm + 2, `task[${memory.taskIndex(memory.initTask)}].comm[2]`],
    [memory.online, 'cpu_online_mask[0]'],
    [memory.dying, 'cpu_dying_mask[0]'],
    [memory.scratch(7), 'scratch+7'],
    [memory.traceRecord(2, 1), `ring[2]+${TRACE_RECORD.$size}`],
    [0, 'null'],
    [3, 'word 3'],
  ])('%i is %s', (address, name) => {
    expect(layout.describe(address)).toBe(name)
  })

  test('of each task is its own, and so is its index', () => {
    const { cpus } = SMALL
    const tasks = [
      ...Array.from({ length: cpus }, (_, cpu) => memory.idleTask(cpu)),
      ...[0, 1, 2].flatMap((kind) => Array.from({ length: cpus }, (_, cpu) => memory.threadTask(cpu, kind))),
      memory.initTask,
      ...Array.from({ length: LIMITS.portSlots }, (_, slot) => memory.requesterTask(slot)),
      ...Array.from({ length: LIMITS.portSlots }, (_, slot) => memory.runnerTask(slot)),
      memory.rcuThread,
      ...Array.from({ length: layout.workerCount }, (_, n) => memory.workerTask(memory.worker(n))),
    ]
    expect(tasks.map((task) => memory.taskIndex(task))).toEqual(tasks.map((_, index) => index))
    expect(tasks.length).toBe(layout.taskCount - SMALL.tasks)
  })
})

describe('the start-up assertions', () => {
  const layout = new Layout(SMALL)

  function assertSound(changes: Partial<Record<keyof Layout, unknown>>): void {
    const broken: Layout = Object.assign(Object.create(Layout.prototype), layout, changes)
    const { assertSound } = Layout.prototype as unknown as { assertSound(this: Layout): void }
    assertSound.call(broken)
  }

  test('hold as it is', () => {
    expect(() => assertSound({})).not.toThrow()
  })

  test.each(layout.regions.slice(1).map(({ name }, n) => [name, n + 1] as const))(
    'find that %s overlaps',
    (name, n) => {
      const before = layout.regions[n - 1]!
      const base = before.base + before.stride * before.count - LINE
      const regions = layout.regions.map((region, m) => (m === n ? { ...region, base } : region))
      expect(() => assertSound({ regions })).toThrow(`region ${name} overlaps the one before it`)
    },
  )

  test('find a region that is not on a cache line', () => {
    const regions = layout.regions.map((region, n) => (n === 3 ? { ...region, base: region.base + 1 } : region))
    expect(() => assertSound({ regions })).toThrow('is not on cache lines')
  })

  test('find elements that are longer than their places', () => {
    const regions = layout.regions.map((region) => (region.name === 'task' ? { ...region, stride: LINE } : region))
    expect(() => assertSound({ regions })).toThrow('region task has too short a stride')
  })

  test('find regions that do not fit into the memory', () => {
    expect(() => assertSound({ words: layout.words - 1 })).toThrow('the regions do not fit into the memory')
  })

  test('find a memory that word addresses do not reach', () => {
    expect(() => new Layout({ cpus: 4096, tasks: 0, workers: 1, traceRecords: 65_536, scratch: 0, user: 64 })).toThrow(
      'the memory is larger than word addresses reach',
    )
  })
})

describe('a memory', () => {
  test.each<[string, Partial<MemoryConfig>, string]>([
    ['no CPU', { cpus: 0 }, 'cpus must be a whole number from 1 to 4096, not 0'],
    ['too many CPUs', { cpus: 4097 }, 'cpus must be a whole number from 1 to 4096, not 4097'],
    ['half a CPU', { cpus: 1.5 }, 'cpus must be a whole number'],
    ['more workers than CPUs', { workers: 5 }, 'workers must be a whole number from 1 to 4, not 5'],
    ['too many tasks', { tasks: 65_537 }, 'tasks must be a whole number from 0 to 65536, not 65537'],
    ['an odd number of trace records', { traceRecords: 65 }, 'traceRecords must be a power of two, not 65'],
    ['no number', { scratch: Number.NaN }, 'scratch must be a whole number from 0 to 16777216, not NaN'],
  ])('is not made with %s', (_, changes, message) => {
    expect(() => new Memory({ ...SMALL, ...changes })).toThrow(message)
  })

  test('takes a buffer that is large enough', () => {
    const { words } = new Layout(SMALL)
    const buffer = new SharedArrayBuffer(words * 4)
    expect(new Memory(SMALL, buffer).words.buffer).toBe(buffer)
    expect(() => new Memory(SMALL, new SharedArrayBuffer(words * 4 - 4))).toThrow('the layout needs')
  })

  test('keeps text and times as they were written', () => {
    const memory = new Memory(SMALL)
    memory.setText(memory.scratch(0), 2, 'cpuhp/12')
    expect(memory.getText(memory.scratch(0), 2)).toBe('cpuhp/12')
    memory.setText(memory.scratch(0), 2, 'x')
    expect(memory.getText(memory.scratch(0), 2)).toBe('x')
    // A word of nanoseconds would overflow after two seconds.
    memory.setTime(memory.initTask + TASK.vruntime, 3_600e9 + 0.5)
    expect(memory.getTime(memory.initTask + TASK.vruntime)).toBe(3_600e9 + 0.5)
  })
})
