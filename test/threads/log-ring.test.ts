import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LogRing } from '#dist/src/machine/threads/log-ring.js'

/** Records of the ring, and characters in one. */
const [RECORDS, UNITS] = [512, 160]
const partsOf = (text: string): number => Math.max(1, Math.ceil(text.length / UNITS))
const dropped = (text: string): number => Number(/^\*\* (\d+) printk messages dropped \*\*$/.exec(text)?.[1] ?? 0)

const line = fc.record({
  cpu: fc.nat(4095),
  timeNs: fc.nat(2 ** 31 - 1),
  level: fc.nat(7),
  text: fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme', maxLength: 700 }),
    fc.string({ minLength: 150, maxLength: 170 }),
  ),
})

describe('the log ring', () => {
  test('gives every line back once, in order, to a reader that keeps up', () => {
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 60 }), { maxLength: 40 }), (bursts) => {
        const writer = new LogRing()
        const reader = new LogRing(writer.buffer)
        for (const burst of bursts) {
          for (const { cpu, timeNs, level, text } of burst) writer.write(cpu, timeNs, level, text)
          expect(reader.read()).toEqual(burst)
        }
        expect(reader.read()).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  test('tells a reader that is late how much it has missed, and gives it the rest whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 * RECORDS }), fc.integer({ min: 1, max: 4 }), (count, parts) => {
        const ring = new LogRing()
        const texts = Array.from({ length: count }, (_, n) => `${n} `.padEnd(parts * UNITS - 3, 'x'))
        for (const text of texts) ring.write(0, 0, 6, text)
        const read = ring.read().map(({ text }) => text)
        const missed = read.reduce((sum, text) => sum + dropped(text), 0)
        const rest = read.filter((text) => dropped(text) === 0)
        expect(missed > 0).toBe(count * parts > RECORDS)
        expect(missed + rest.length * parts).toBe(count * parts)
        expect(rest).toEqual(texts.slice(texts.length - rest.length))
      }),
      { numRuns: 50 },
    )
  })

  test('is told apart from one that has nothing new', () => {
    const ring = new LogRing()
    expect(ring.fresh).toBe(false)
    ring.write(1, 2, 3, '')
    expect(ring.fresh).toBe(true)
    expect(partsOf('')).toBe(1)
    expect(ring.read()).toEqual([{ cpu: 1, timeNs: 2, level: 3, text: '' }])
  })
})
