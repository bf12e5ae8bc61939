import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Registry } from '#dist/src/report/prometheus.js'

/** The samples of a text, by name and labels. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('metrics are written as Prometheus reads them', () => {
  const registry = new Registry()
  const counter = registry.counter('done_total', 'How many,\nof each.')
  const gauge = registry.gauge('online', 'Now.')
  const histogram = registry.histogram('took_seconds', 'How long.', [0.1, 1])
  counter.add(1, { way: 'a"b\\c\nd' })
  counter.add(2, { way: 'a"b\\c\nd' })
  gauge.set(3)
  gauge.set(2)
  for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe(seconds, { way: 'up' })
  expect(registry.text()).toBe(`# HELP done_total How many,\\nof each.
# TYPE done_total counter
done_total{way="a\\"b\\\\c\\nd"} 3
# HELP online Now.
# TYPE online gauge
online 2
# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{way="up",le="0.1"} 2
took_seconds_bucket{way="up",le="1"} 3
took_seconds_bucket{way="up",le="+Inf"} 4
took_seconds_sum{way="up"} 7.65
took_seconds_count{way="up"} 4
`)
})

test('a bucket counts all that lay below its end, and the last one everything', () => {
  const bounds = fc.uniqueArray(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(bounds, fc.array(fc.integer({ min: -120, max: 120 }), { minLength: 1 }), (ends, values) => {
      const sorted = [...ends].sort((a, b) => a - b)
      const registry = new Registry()
      const histogram = registry.histogram('h', 'h', sorted)
      for (const value of values) histogram.observe(value)
      const found = samples(registry.text())
      for (const end of sorted) {
        expect(found.get(`h_bucket{le="${end}"}`)).toBe(values.filter((value) => value <= end).length)
      }
      expect(found.get('h_bucket{le="+Inf"}')).toBe(values.length)
      expect(found.get('h_count')).toBe(values.length)
      expect(found.get('h_sum')).toBe(values.reduce((a, b) => a + b))
    }),
  )
})
