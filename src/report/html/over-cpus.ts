// One operation over all CPUs: a lane for each, with what it ran; and the longest callbacks above them.
import { formatNs } from '../../base/time.js'
import type { Kind, Lane, Timeline } from '../timeline.js'
import { type Chart, label } from './chart.js'
import { element, escapeText, percent } from './markup.js'

const ROW = 48
const AXIS = 24
/** Callbacks that have a row of their own, at most. */
const CALLS = 5

const KINDS: Readonly<Record<Kind, string>> = {
  idle: 'idle',
  user: 'a user task',
  hotplug: 'cpuhp/N',
  stopper: 'migration/N, the stopper',
  kernel: 'another kernel thread',
  offline: 'offline',
}

export function overCpus(timeline: Timeline, load: string): Chart {
  const { cpu, way, totalNs, lanes, cpus, calls } = timeline
  const longest = [...calls].sort((x, y) => y.toNs - y.fromNs - (x.toNs - x.fromNs)).slice(0, CALLS)
  const rows = calls.filter((call) => longest.includes(call))
  const place = (fromNs: number, toNs: number): { x: string; width: string } => ({
    x: percent(fromNs / totalNs),
    width: percent((toNs - fromNs) / totalNs),
  })
  const bar = (mark: string, fromNs: number, toNs: number, y: number, height: number, text: string): string =>
    element('rect', { class: mark, ...place(fromNs, toNs), y, height }, element('title', {}, escapeText(text)))
  const drawCall = ({ fn, fromNs, toNs }: Timeline['calls'][number], n: number): string[] => [
    label(fn, '0', n * ROW + 14),
    label(formatNs(toNs - fromNs), '100%', n * ROW + 14, 'end'),
    bar('f-call', fromNs, toNs, n * ROW + 20, 18, `${fn}: ${formatNs(toNs - fromNs)}`),
  ]
  const drawLane = (lane: Lane, n: number): string[] => {
    const y = (rows.length + n) * ROW
    const spans = lane.spans.map(({ kind, name, fromNs, toNs }) =>
      bar(`k-${kind}`, fromNs, toNs, y + 20, 18, `CPU ${lane.cpu}, ${name}: ${formatNs(toNs - fromNs)}`),
    )
    const off = lane.irqsOff.map(({ fromNs, toNs }) =>
      bar('f-irqs-off', fromNs, toNs, y + 38, 6, `CPU ${lane.cpu}, interrupts off: ${formatNs(toNs - fromNs)}`),
    )
    return [label(`CPU ${lane.cpu}${lane.cpu === cpu ? `, which goes ${way}` : ''}`, '0', y + 14), ...spans, ...off]
  }
  const bottom = (rows.length + lanes.length) * ROW
  const axis = [
    label('0', '0', bottom + 16),
    label(formatNs(totalNs / 2), '50%', bottom + 16, 'middle'),
    label(formatNs(totalNs), '100%', bottom + 16, 'end'),
  ]
  const kinds = Object.entries(KINDS).filter(([kind]) =>
    lanes.some(({ spans }) => spans.some((span) => span.kind === kind)),
  )
  const some = lanes.length < cpus ? ` Of ${cpus} CPUs the ${lanes.length} with most to tell are shown.` : ''
  return {
    id: 'timeline',
    title: `One ${way} over all CPUs, ${load}`,
    description: `The ${way} whose length was nearest to the median, from the taking of cpu_hotplug_lock to the answer: its longest callbacks, and what every CPU ran.${some}`,
    height: bottom + AXIS,
    content: [...rows.flatMap(drawCall), ...lanes.flatMap(drawLane), ...axis],
    legend: [
      ...kinds.map(([kind, meaning]): [string, string] => [`k-${kind}`, meaning]),
      ['f-irqs-off', 'interrupts off'],
      ['f-call', 'a callback'],
    ],
    head: ['CPU', ...kinds.map(([, meaning]) => meaning), 'interrupts off'],
    rows: lanes.map(({ cpu: lane, spans, irqsOff }) => [
      `CPU ${lane}`,
      ...kinds.map(([kind]) => sum(spans.filter((span) => span.kind === kind))),
      sum(irqsOff),
    ]),
  }
}

function sum(spans: readonly { readonly fromNs: number; readonly toNs: number }[]): string {
  return formatNs(spans.reduce((total, { fromNs, toNs }) => total + toNs - fromNs, 0))
}
