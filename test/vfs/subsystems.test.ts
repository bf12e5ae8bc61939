// The commands of test/golden/subsystems.txt, on the machine: SMT, affinity calls, sleeping tasks, cpusets, per-CPU kernel
// threads, isolated CPUs, and what the kernel logged. Interrupts and rcutorture have tests of their own.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { testsMachine } from '../support/machines.js'
import { Reader, sectionsOf } from '../support/subsystems.js'

const sections = sectionsOf(readFileSync(new URL('../golden/subsystems.txt', import.meta.url), 'utf8'))

async function readAll(reader: Reader): Promise<void> {
  try {
    for (const section of sections) if (!section.title.startsWith('rcutorture')) await reader.read(section)
  } finally {
    await reader.end()
  }
}

test('the recording has the sections that are read', () => {
  expect(sections.map(({ title, lines }) => [title.split(/[ =,]/)[0], lines.length])).toEqual([
    ['SMT', 29],
    ['affinity', 22],
    ['sleeping', 5],
    ['interrupt', 30],
    ['cpuset', 36],
    ['per-CPU', 11],
    ['kernel', 13],
    ['isolcpus', 8],
    ['rcutorture', 13],
  ])
})

test.runIf(testsMachine('deterministic')).each([1, 2, 3])('a machine answers the same (seed %d)', async (seed) => {
  await readAll(new Reader({ machine: 'deterministic', seed }))
})

test.runIf(testsMachine('threads'))('on threads too', { timeout: 60_000 }, async () => {
  await readAll(new Reader({ machine: 'threads', workers: 2 }))
})

test('a line that says what did not happen is noticed, and one that nobody knows', async () => {
  const smt = sections[0]!
  const other = { ...smt, lines: smt.lines.map((line) => line.replace('online = 0,2', 'online = 0,1')) }
  const reader = new Reader({ machine: 'deterministic', seed: 1 })
  await expect(reader.read(other)).rejects.toThrow(/online = 0,1/)
  await expect(reader.read({ ...smt, lines: ['$ rm -rf /sys'] })).rejects.toThrow(/not understood/)
  await reader.end()
})
