import { describe, expect, test } from 'vitest'
import { Machine, type MachineOptions, MachinePanic } from '#dist/src/index.js'
import { kernelModule, rejection, testsMachine } from '../support/machines.js'

const OPTIONS: MachineOptions = { cpus: 3, machine: 'threads', modules: [kernelModule('faults')] }

/** Boots, has `body` kill the machine, and shuts it down; the panic that the machine ended with. */
async function panicOf(
  options: Partial<MachineOptions>,
  body: (machine: Machine) => Promise<unknown>,
): Promise<MachinePanic> {
  const machine = await Machine.boot({ ...OPTIONS, ...options })
  try {
    const error = await rejection(body(machine))
    expect(error).toBeInstanceOf(MachinePanic)
    expect(machine.failure).toBe(error)
    expect(await rejection(machine.read('online'))).toBe(error)
    return error as MachinePanic
  } finally {
    await machine.shutdown()
  }
}

describe.runIf(testsMachine('threads'))('a machine of threads', () => {
  describe.each([3, 1])('with workers: %i', (workers) => {
    test('panics when kernel code finds a BUG, and says where', async () => {
      const panic = await panicOf({ workers }, (machine) => machine.run('faults_throw', { cpu: 1, args: [1] }))
      expect(panic.report.cause).toMatchObject({ kind: 'bug', function: 'innermost', message: 'it was told to' })
      expect(panic.report.cpu).toBe(1)
      expect(panic.message).toContain('call chain: innermost < inBetween < faults_throw < runner < startTask')
      expect(panic.report.cpus.map(({ cpu }) => cpu)).toEqual([0, 1, 2])
      expect(panic.report.cpus[1].task).toBe('runner/0')
      for (const { recent } of panic.report.cpus) expect(recent.length).toBeGreaterThan(0)
    })

    test('panics when kernel code throws', async () => {
      const panic = await panicOf({ workers }, (machine) => machine.run('faults_throw', { cpu: 2, args: [2] }))
      expect(panic.report.cause).toMatchObject({ kind: 'defect', message: 'TypeError: this is no kernel BUG' })
      expect(panic.report.cpu).toBe(2)
    })

    test('panics when a request has no answer, and says who waits for whom', async () => {
      const panic = await panicOf({ workers, watchdog: { requestMs: 600 } }, (machine) =>
        Promise.all([1, 2].map((cpu) => machine.run('faults_two_mutexes', { cpu, args: [cpu - 1] }))),
      )
      expect(panic.report.cause.kind).toBe('hang')
      expect(panic.report.waits).toContain('runner/0 (D, CPU 1) waits for global.stateMutex, held by runner/1')
      expect(panic.report.waits).toContain('runner/1 (D, CPU 2) waits for global.smpbootMutex, held by runner/0')
    })

    test('panics when one request has no answer, though others have theirs', async () => {
      const panic = await panicOf({ workers, watchdog: { requestMs: 600 } }, (machine) => {
        const others = async (): Promise<never> => {
          for (;;) await machine.write('cpu2/hotplug/fail', '-1')
        }
        return Promise.all([machine.run('faults_livelock', { cpu: 1 }), others()])
      })
      expect(panic.report.cause.kind).toBe('hang')
      expect(panic.report.cpus[1].task).toBe('runner/0')
    })

    test('panics when a CPU goes on for ever, one operation after another', async () => {
      const panic = await panicOf({ workers, watchdog: { requestMs: 600 } }, (machine) =>
        machine.run('faults_livelock', { cpu: 1 }),
      )
      expect(panic.report.cause.kind).toBe('hang')
      expect(panic.report.cpus[1]).toMatchObject({
        task: 'runner/0',
        place: 'faults:livelock',
        operation: 'load scratch+16',
      })
    })

    test('panics when a CPU makes no progress at all', async () => {
      const panic = await panicOf({ workers, watchdog: { stuckMs: 600 } }, (machine) =>
        machine.run('faults_endless', { cpu: 1 }),
      )
      const { cause, cpus } = panic.report
      expect(cause.kind).toBe('stuck')
      expect('message' in cause && cause.message).toMatch(workers === 3 ? /^CPU 1 makes no progress/ : /no progress/)
      // Its worker could not be asked.
      expect(cpus[1]).toMatchObject({ task: 'runner/0', operation: null })
      expect(panic.message).toContain('its worker does not answer')
    })

    test('panics when one of its threads ends', async () => {
      const panic = await panicOf({ workers }, (machine) => machine.run('faults_exit', { cpu: 1 }))
      expect(panic.report.cause).toMatchObject({
        kind: 'worker',
        message: expect.stringContaining(`worker ${workers === 3 ? 1 : 0}`),
      })
    })

    test('panics with everything that is under way', async () => {
      const machine = await Machine.boot({ ...OPTIONS, workers })
      const under = [machine.run('faults_sleep', { cpu: 2 }), machine.run('faults_sleep', { cpu: 2 })]
      const settled = Promise.allSettled(under)
      const panic = await rejection(machine.run('faults_throw', { cpu: 1, args: [1] }))
      for (const one of await settled) expect(one).toEqual({ status: 'rejected', reason: panic })
      await machine.shutdown()
    })
  })

  test('says what it died of when the host comes late and finds that its threads have left', async () => {
    for (let n = 0; n < 5; n++) {
      const panic = await panicOf({}, (machine) => {
        const died = machine.run('faults_throw', { cpu: 1 + (n % 2), args: [1] })
        // Meanwhile the one that found the BUG says so, and the others leave: the host hears of all of it at once.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
        return died
      })
      expect(panic.report.cause).toMatchObject({ kind: 'bug', function: 'innermost' })
    }
  })

  test('keeps what the kernel says in its log, with the CPU that said it', async () => {
    const machine = await Machine.boot({ ...OPTIONS, workers: 2 })
    for (const cpu of [0, 1, 2]) await machine.run('faults_warn', { cpu, args: [cpu + 1] })
    await machine.shutdown()
    const lines = machine.log.map(({ cpu, level, text }) => ({ cpu, level, text }))
    const said = (cpu: number) => ({ cpu, level: 4, text: `WARNING: CPU: ${cpu} at faults_warn: number ${cpu + 1}` })
    // Lines of different workers may have overtaken each other.
    expect(lines.sort((a, b) => a.cpu - b.cpu)).toEqual([0, 1, 2].map(said))
    for (const { timeNs } of machine.log) expect(timeNs).toBeGreaterThan(0)
  })
})
