import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Machine, type MachineOptions } from '#dist/src/index.js'

const SCRIPT = fileURLToPath(new URL('../support/digest.mjs', import.meta.url))
const run = promisify(execFile)

/** What the script prints on that Node, a line for each scenario. */
async function digests(node: string): Promise<string[]> {
  const { stdout } = await run(node, [SCRIPT], { timeout: 60_000 })
  return stdout.trim().split('\n')
}

async function digestOf(options: Omit<MachineOptions, 'machine' | 'cpus'>): Promise<number> {
  const machine = await Machine.boot({ ...options, cpus: 3, machine: 'deterministic' })
  for (const cpu of [1, 2]) {
    await machine.offline(cpu)
    await machine.online(cpu)
  }
  await machine.shutdown()
  return machine.counters().digest
}

describe('the digest of all operations', () => {
  test('is the same for the same seed', async () => {
    for (const seed of [0, 1, 77, 0xffff_ffff]) expect(await digestOf({ seed })).toBe(await digestOf({ seed }))
    expect(await digestOf({ strategy: 'fixed' })).toBe(await digestOf({ strategy: 'fixed' }))
  })

  test('is the same with other machines running at the same time', async () => {
    const alone = await Promise.all([await digestOf({ seed: 5 }), await digestOf({ seed: 6 })])
    expect(await Promise.all([digestOf({ seed: 5 }), digestOf({ seed: 6 })])).toEqual(alone)
  })

  test('differs from seed to seed', async () => {
    const seeds = Array.from({ length: 20 }, (_, seed) => seed)
    const found = await Promise.all(seeds.map((seed) => digestOf({ seed })))
    expect(new Set(found).size).toBe(seeds.length)
  })

  test('is the same in another process', async () => {
    const first = await digests(process.execPath)
    expect(first.length).toBeGreaterThan(5)
    expect(first[0]).toMatch(/^\{"name":"cycles, seed 5","operations":\d{4,},"timeNs":\d+,"digest":\d+\}$/)
    expect(await digests(process.execPath)).toEqual(first)
  })

  // CPUHP_OTHER_NODE: the path of a Node of another version.
  const other = process.env.CPUHP_OTHER_NODE
  test.skipIf(other === undefined)('is the same on another version of Node', async () => {
    const { stdout: version } = await run(other!, ['--version'])
    expect(version.trim()).not.toBe(process.version)
    expect(await digests(other!)).toEqual(await digests(process.execPath))
  })
})
