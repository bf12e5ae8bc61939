// Migrations from CPU to CPU: a square for each pair, the darker the more.
import type { Measurement } from '../measurement.js'
import type { Pair } from '../migrations.js'
import { type Chart, label } from './chart.js'
import { element, escapeText, percent } from './markup.js'

/** Rows and columns, at most: on larger machines each stands for several CPUs. */
const MOST = 32
/** Up to so many there is room for numbers. */
const NUMBERED = 8
/** Labels of rows and columns, at most. */
const LABELS = 8
/** Pairs in the table, at most. */
const TOLD = 64

/** Null when nothing has moved. */
export function heatMap({ cpus, details, label: load }: Measurement): Chart | null {
  const pairs = details?.migrations.pairs ?? []
  if (pairs.length === 0) return null
  const block = Math.ceil(cpus / MOST)
  const size = Math.ceil(cpus / block)
  const cells = gather(pairs, block)
  const most = Math.max(...cells.map(({ count }) => count))
  const height = size <= NUMBERED ? 34 : Math.max(10, Math.floor(340 / size))
  // The names of the rows need some room, however narrow the columns are.
  const margin = Math.max(1 / (size + 1), 0.1)
  const part = (1 - margin) / size
  const x = (n: number): string => percent(margin + n * part)
  const width = percent(part)
  const name = (n: number): string => (block === 1 ? `${n}` : `${n * block}`)
  const every = Math.ceil(size / LABELS)
  const labels = Array.from({ length: size }, (_, n) => n).filter((n) => n % every === 0)
  const top = 22
  const square = ({ from, to, count }: Pair): string[] => {
    const title = element('title', {}, escapeText(`from CPU ${name(from)} to CPU ${name(to)}: ${count}`))
    const place = { x: x(to), y: top + from * height, width, height }
    const opacity = (0.08 + (0.67 * count) / most).toFixed(3)
    const text = size <= NUMBERED ? [label(compact(count), x(to + 0.5), top + (from + 0.5) * height + 5, 'middle')] : []
    return [element('rect', { class: 'f-heat', 'fill-opacity': opacity, ...place }, title), ...text]
  }
  const causes = Object.entries(details!.migrations.causes).filter(([, n]) => n > 0)
  const total = causes.reduce((sum, [, n]) => sum + n, 0)
  return {
    id: 'migrations',
    title: `Migrations from CPU to CPU, ${load}`,
    description:
      `${total.toLocaleString('en-US')} migrations of tasks: ${causes.map(([why, n]) => `${why} ${n.toLocaleString('en-US')}`).join(', ')}. ` +
      `Rows are where they came from, columns where they went.${block > 1 ? ` Each stands for ${block} CPUs.` : ''}`,
    height: top + size * height + 4,
    content: [
      ...labels.map((n) => label(name(n), x(n + 0.5), 15, 'middle')),
      ...labels.map((n) => label(name(n), '0', top + n * height + Math.min(height, 24) / 2 + 5)),
      element('rect', { class: 'frame', x: x(0), y: top, width: percent(1 - margin), height: size * height }),
      ...cells.flatMap(square),
    ],
    legend: [['f-heat', `the darker the more, up to ${most.toLocaleString('en-US')}`]],
    head: ['from', 'to', 'migrations'],
    rows: pairs
      .slice(0, TOLD)
      .map(({ from, to, count }) => [`CPU ${from}`, `CPU ${to}`, count.toLocaleString('en-US')]),
  }
}

function gather(pairs: readonly Pair[], block: number): Pair[] {
  const cells = new Map<string, Pair>()
  for (const pair of pairs) {
    const [from, to] = [Math.floor(pair.from / block), Math.floor(pair.to / block)]
    const cell = cells.get(`${from} ${to}`) ?? { from, to, count: 0 }
    cell.count += pair.count
    cells.set(`${from} ${to}`, cell)
  }
  return [...cells.values()]
}

/** Four characters at most. */
function compact(count: number): string {
  return count < 1000 ? String(count) : `${Number((count / 1000).toPrecision(2))}k`
}
