import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Machine, type MachineOptions } from '#dist/src/index.js'
import { kernelModule, rejection, testsMachine } from '../support/machines.js'

const CHILD = fileURLToPath(new URL('../support/child.mjs', import.meta.url))
const OPTIONS: MachineOptions = { cpus: 3, machine: 'threads', modules: [kernelModule('faults')] }

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string[]
}

/** Runs a way of the child's to its end, or until it has said `killAt`; one that does not end is killed and fails. */
function runChild(way: string, killAt?: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, way], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [text, errors] = ['', '']
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`'${way}' does not end by itself; it said: ${text}${errors}`))
    }, 30_000)
    child.stdout.on('data', (chunk) => {
      text += String(chunk)
      if (killAt !== undefined && text.includes(killAt)) child.kill('SIGINT')
    })
    child.stderr.on('data', (chunk) => {
      errors += String(chunk)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(late)
      resolve({ code, signal, output: text.trim().split('\n') })
    })
  })
}

describe.runIf(testsMachine('threads'))('a process', () => {
  test.each<[string, string, string[]]>([
    ['ends by itself after a shutdown', 'shutdown', ['done']],
    ['ends by itself when the shutdown has been forgotten', 'forgotten', ['done']],
    ['ends by itself when it has been forgotten with one worker', 'forgotten, one worker', ['done']],
    ['ends by itself when a deterministic machine has been forgotten', 'forgotten, deterministic', ['done']],
    ['does not end before a request has been answered that nobody waits for', 'not waited for', ['done', 'answered']],
    [
      'ends by itself when a machine could not be booted: none of its threads is left',
      'failed boot',
      ['refused', '0', 'done'],
    ],
    ['ends by itself after a panic', 'panic', ['MachinePanic', 'done']],
    ['ends by itself with a CPU that does not', 'stuck', ['stuck', 'done']],
  ])('%s', async (_, way, output) => {
    expect(await runChild(way)).toEqual({ code: 0, signal: null, output })
  })

  test('dies of a panic that nobody handles', async () => {
    expect(await runChild('not handled')).toEqual({ code: 1, signal: null, output: ['done'] })
  })

  test.skipIf(process.platform === 'win32')('ends at once when it is interrupted', async () => {
    expect(await runChild('for ever', 'done')).toEqual({ code: null, signal: 'SIGINT', output: ['done'] })
  })
})

describe.runIf(testsMachine('threads'))('a shutdown', () => {
  test('ends what is under way with an error, and all that comes after it', async () => {
    const machine = await Machine.boot(OPTIONS)
    const under = [
      machine.run('faults_sleep', { cpu: 1 }),
      machine.offline(2),
      machine.run('faults_livelock', { cpu: 0 }),
    ]
    const settled = Promise.allSettled(under)
    await machine.shutdown()
    for (const one of await settled)
      expect(String(one.status === 'rejected' && one.reason)).toContain('has been shut down')
    expect(String(await rejection(machine.online(1)))).toContain('has been shut down')
    expect(machine.failure).toBeInstanceOf(Error)
  })

  test('may be asked for twice, and at once', async () => {
    const machine = await Machine.boot(OPTIONS)
    await Promise.all([machine.shutdown(), machine.shutdown()])
    await machine.shutdown()
    expect(String(machine.failure)).toContain('has been shut down')
  })

  test('comes with the end of the block that disposes of a machine', async () => {
    const machine = await Machine.boot(OPTIONS)
    await machine[Symbol.asyncDispose]()
    expect(String(machine.failure)).toContain('has been shut down')
  })

  test('ends a machine one of whose CPUs never comes back, and leaves the others alone', async () => {
    const [stuck, other] = await Promise.all([Machine.boot(OPTIONS), Machine.boot({ ...OPTIONS, workers: 1 })])
    const endless = rejection(stuck.run('faults_endless', { cpu: 2 }))
    // It has begun by then: a request to the same CPU has to wait.
    await stuck.run('faults_echo', { cpu: 1 })
    await stuck.shutdown()
    expect(String(await endless)).toContain('has been shut down')
    expect(await other.run('faults_echo', { args: [20, 22] })).toBe(42)
    await other.shutdown()
  })

  test('says how many operations there were', async () => {
    const machine = await Machine.boot(OPTIONS)
    await machine.offline(1)
    await machine.shutdown()
    expect(machine.counters().operations).toBeGreaterThan(500)
  })

  test('leaves nothing behind after many machines', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => /worker|message/i.test(name)).length
    for (let n = 0; n < 6; n++) {
      const machine = await Machine.boot({ cpus: 2, machine: 'threads', workers: 1 + (n % 2) })
      await machine.offline(1)
      await machine.shutdown()
    }
    expect(process.getActiveResourcesInfo().filter((name) => /worker|message/i.test(name)).length).toBe(before)
  })
})
