import { describe, expect, test } from 'vitest'
import { formatReport, type Machine, MachinePanic } from '#dist/src/index.js'
import { kernelModule, onDeterministic, rejection } from '../support/machines.js'

const OPTIONS = { cpus: 3, modules: [kernelModule('faults')] }

/** The panic that ends `promise`, and all that comes after it. */
async function panicOf(machine: Machine, promise: Promise<unknown>): Promise<MachinePanic> {
  const error = await rejection(promise)
  expect(error).toBeInstanceOf(MachinePanic)
  expect(machine.failure).toBe(error)
  expect(await rejection(machine.read('online'))).toBe(error)
  expect(await rejection(machine.offline(1))).toBe(error)
  return error as MachinePanic
}

describe('a deadlock is a panic that says who waits for whom:', () => {
  test('a task that sleeps for what nobody does', async () => {
    await onDeterministic(OPTIONS, async (machine) => {
      const panic = await panicOf(machine, machine.run('faults_sleep', { cpu: 1 }))
      expect(panic.report.cause.kind).toBe('deadlock')
      expect(panic.report.cpu).toBe(-1)
      expect(panic.report.waits).toContain('runner/0 (D, CPU 1) waits for scratch+32')
      expect(panic.report.waits).toContainEqual(
        expect.stringMatching(/^requester\/0 \(D, CPU \d\) waits for task\[\d+\]\.exited/),
      )
    })
  })

  test('two tasks that want what the other one has', async () => {
    await onDeterministic(OPTIONS, async (machine) => {
      const both = [1, 2].map((cpu) => machine.run('faults_two_mutexes', { cpu, args: [cpu - 1] }))
      const panic = await panicOf(machine, Promise.all(both))
      expect(await rejection(both[1])).toBe(panic)
      expect(panic.report.waits).toContain('runner/0 (D, CPU 1) waits for global.stateMutex, held by runner/1')
      expect(panic.report.waits).toContain('runner/1 (D, CPU 2) waits for global.smpbootMutex, held by runner/0')
    })
  })

  test('a CPU that spins for what nobody writes', async () => {
    await onDeterministic(OPTIONS, async (machine) => {
      const panic = await panicOf(machine, machine.run('faults_spin', { cpu: 2 }))
      expect(panic.report.cause.kind).toBe('deadlock')
      const [, , cpu] = panic.report.cpus
      expect(cpu).toMatchObject({ cpu: 2, online: true, task: 'runner/0', irqsOff: true, preemptionOff: false })
      expect(cpu.operation).toBe('waitUntil scratch+16 1')
      expect(cpu.place).toBe('faults:spin')
    })
  })
})

test('CPUs that go on for ever without an answer are a panic', { timeout: 60_000 }, async () => {
  await onDeterministic({ ...OPTIONS, cpus: 2 }, async (machine) => {
    const panic = await panicOf(machine, machine.run('faults_livelock', { cpu: 1 }))
    expect(panic.report.cause.kind).toBe('hang')
    expect(panic.report.cpus[1]).toMatchObject({ task: 'runner/0', place: 'faults:livelock' })
  })
})

test('whoever called what throws may catch it', async () => {
  await onDeterministic(OPTIONS, async (machine) => {
    expect(await machine.run('faults_catch', { cpu: 1, args: [2] })).toBe(42)
    // Its stack is in order: it goes on, and so do others.
    expect(await machine.run('faults_catch', { cpu: 1, args: [0] })).toBe(0)
    await machine.offline(1)
  })
})

describe('a kernel BUG is a panic', () => {
  test('with the function and how it was called', async () => {
    await onDeterministic(OPTIONS, async (machine) => {
      const panic = await panicOf(machine, machine.run('faults_throw', { cpu: 1, args: [1] }))
      const { cause, cpu, cpus } = panic.report
      expect(cause).toMatchObject({ kind: 'bug', function: 'innermost', message: 'it was told to' })
      expect('chain' in cause && cause.chain).toEqual(['innermost', 'inBetween', 'faults_throw', 'runner', 'startTask'])
      expect(cpu).toBe(1)
      expect(cpus.map((one) => one.cpu)).toEqual([0, 1, 2])
      expect(panic.message.split('\n').slice(0, 2)).toEqual([
        'kernel BUG in innermost on CPU 1: it was told to',
        'call chain: innermost < inBetween < faults_throw < runner < startTask',
      ])
    })
  })

  test('with the latest events of every CPU', async () => {
    await onDeterministic(OPTIONS, async (machine) => {
      await machine.offline(2)
      const panic = await panicOf(machine, machine.run('faults_unlock', { cpu: 1 }))
      expect(panic.report.cause).toMatchObject({ kind: 'bug', function: 'mutex_unlock' })
      const [, one, two] = panic.report.cpus
      expect(one.recent.at(-1)).toMatch(/^\d+\.\d{6} \[001\] \S+: sched_switch: \S+ \(state \d\) ==> runner\/0$/)
      expect(two).toMatchObject({ online: false })
      expect(two.recent.length).toBeGreaterThan(10)
      expect(formatReport(panic.report, 1).split('\n').length).toBeLessThan(
        formatReport(panic.report, 12).split('\n').length,
      )
    })
  })

  test('and so is an exception in kernel code, which is a defect', async () => {
    await onDeterministic(OPTIONS, async (machine) => {
      const panic = await panicOf(machine, machine.run('faults_throw', { cpu: 2, args: [2] }))
      expect(panic.report.cause).toMatchObject({ kind: 'defect', message: 'TypeError: this is no kernel BUG' })
      expect(panic.report.cpu).toBe(2)
    })
  })

  test('and of a step that can not be: a CPU that goes down to a state in the section with interrupts off', async () => {
    await onDeterministic(OPTIONS, async (machine) => {
      const panic = await panicOf(machine, machine.write('cpu1/hotplug/target', 149))
      expect(panic.report.cause).toMatchObject({ kind: 'bug', function: 'cpuhp_report_idle_dead' })
    })
  })
})

test('a dead machine ends everything that is under way, and another one boots at once', async () => {
  await onDeterministic(OPTIONS, async (machine) => {
    const others = [machine.run('faults_sleep', { cpu: 0 }), machine.offline(2)]
    const settled = Promise.allSettled(others)
    const panic = await panicOf(machine, machine.run('faults_throw', { cpu: 1, args: [1] }))
    const reasons = (await settled).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(reasons.length).toBeGreaterThan(0)
    for (const reason of reasons) expect(reason).toBe(panic)
    await onDeterministic(OPTIONS, async (next) => {
      expect(await next.run('faults_echo', { args: [2, 3] })).toBe(5)
    })
    await machine.shutdown()
    await machine.shutdown()
  })
})
