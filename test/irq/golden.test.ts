// What a real 6.1 answered about the affinity of an interrupt (test/golden/subsystems.txt): the same commands, the same answers.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errnoMessage, KernelError } from '#dist/src/base/errno.js'
import type { Machine } from '#dist/src/index.js'
import { onDeterministic, onEveryMachine } from '../support/machines.js'

const FILE = readFileSync(new URL('../golden/subsystems.txt', import.meta.url), 'utf8')

/** The lines of a section of the file, without its heading. */
function section(heading: string): string[] {
  const [, text = ''] = FILE.split(`# ${heading}\n`)
  return text.split(/^#/m, 1)[0]!.trimEnd().split('\n')
}

const LINES = section('interrupt affinity')
const WRITE = /^\$ echo (\S+) > (\S+) : (.*)$/
const READ = /^(\/proc\/irq\S+) = (.*?) *$/
/** Long enough for some interrupts of each queue. */
const TICK_NS = 2_000_000

async function write(machine: Machine, path: string, text: string): Promise<string> {
  try {
    await machine.write(path, text)
    return 'ok'
  } catch (error) {
    if (error instanceof KernelError) return errnoMessage(error.code)
    throw error
  }
}

/** Does what a line of the file says, and answers the line as this machine would have written it; null for one that is no command. */
async function answer(machine: Machine, line: string): Promise<string | null> {
  const written = WRITE.exec(line)
  if (written !== null) {
    const [, text, path] = written as unknown as [string, string, string]
    return `$ echo ${text} > ${path} : ${await write(machine, path, text)}`
  }
  const read = READ.exec(line)
  if (read !== null) return `${read[1]} = ${await machine.read(read[1]!)} `
  if (line !== 'tick') return null
  await machine.sleep(TICK_NS)
  return line
}

onEveryMachine(
  'the affinity of an interrupt is what it was on a real kernel',
  { cpus: 4, devices: [{ kind: 'nic', queues: 4, rate: 40_000 }], seeds: 4, timeoutMs: 60_000 },
  async (machine) => {
    // As it was there: the interrupt goes to CPU 1, which has no other one, and may go anywhere.
    await machine.write('/proc/irq/2/smp_affinity_list', '0')
    await machine.write('/proc/irq/4/smp_affinity_list', '1')
    await machine.sleep(TICK_NS)
    await machine.write('/proc/irq/4/smp_affinity_list', '0-3')
    await machine.sleep(TICK_NS)
    let compared = 0
    for (const line of LINES) {
      const own = await answer(machine, line)
      if (own === null) continue
      expect(own, `line ${compared + 1}`).toBe(line)
      compared++
    }
    expect(compared).toBe(17)
  },
)

test('/proc/interrupts has a line for each queue, in the columns of a real one', async () => {
  const devices = [{ kind: 'nic', queues: 2 } as const, { kind: 'disk' } as const]
  await onDeterministic({ cpus: 4, seed: 1, devices }, async (machine) => {
    await machine.sleep(1_000_000)
    const rows = (await machine.read('/proc/interrupts')).split('\n')
    const real = LINES.filter((line) => /^ +\d+:/.test(line))
    const columns = /^( {2}\d: (?: {0,9}\d+ ){4} {0,3}\S+ +\d+-edge {6})\S+$/
    const shape = (line: string): number => columns.exec(line)![1]!.length
    const lengths = real.filter((line) => columns.test(line)).map(shape)
    const own = rows.filter((line) => line.includes('PCI-MSI'))
    expect(own.map((line) => line.replace(/^ +(\d+):.* (\S+)$/, '$1 $2'))).toEqual([
      '1 eth0-rx-0',
      '2 eth0-rx-1',
      '3 nvme0q1',
    ])
    // The number is longer there: IO-APIC has 24 pins, a message may be any.
    for (const line of own) expect(shape(line)).toBe(lengths[0]! + '49152'.length - '  4'.length)
    expect(rows[0]).toBe(LINES[0]!.trimEnd().padEnd(rows[0]!.length))
    const total = (await machine.read('/proc/stat')).split('\n').find((line) => line.startsWith('intr '))!
    const [, sum, , first, second, third] = total.split(' ').map(Number)
    const counted = own.map((line) =>
      line
        .trim()
        .split(/ +/)
        .slice(1, 5)
        .map(Number)
        .reduce((a, b) => a + b),
    )
    expect(counted).toEqual([first, second, third])
    expect(first).toBeGreaterThan(0)
    expect(sum).toBeGreaterThan(first! + second! + third!)
  })
})

test.each([
  ['smp_affinity_list', '9', 'ERANGE'],
  ['smp_affinity_list', 'x', 'EINVAL'],
  ['smp_affinity_list', '', 'EINVAL'],
  ['smp_affinity', '10', 'EOVERFLOW'],
  ['smp_affinity', 'g', 'EINVAL'],
  ['smp_affinity', '0', 'EINVAL'],
  ['effective_affinity', '1', 'EIO'],
])('a write to %s of "%s" is refused with %s', async (file, text, code) => {
  await onDeterministic({ cpus: 4, seed: 1, devices: [{ kind: 'nic' }] }, async (machine) => {
    await expect(machine.write(`/proc/irq/1/${file}`, text)).rejects.toMatchObject({ code })
    expect(await machine.read('/proc/irq/1/smp_affinity')).toBe('f')
  })
})

test('a mask is written in hexadecimal, and read as it was written before it is carried out', async () => {
  await onDeterministic({ cpus: 4, seed: 1, devices: [{ kind: 'nic', rate: 100 }] }, async (machine) => {
    await machine.write('/proc/irq/1/smp_affinity', 'c')
    expect(await machine.read('/proc/irq/1/smp_affinity_list')).toBe('2-3')
    expect(await machine.read('/proc/irq/1/effective_affinity_list')).toBe('0')
    await machine.sleep(30_000_000)
    expect(await machine.read('/proc/irq/1/effective_affinity')).toBe('4')
    expect(await machine.read('/proc/irq/default_smp_affinity')).toBe('f')
  })
})
