// A chart: a picture with a title and a description for who can't see it, what its colours mean, and its figures.
import { element, escapeText, tableOf } from './markup.js'

export interface Chart {
  /** [a-z-]+, once on a page */
  readonly id: string
  readonly title: string
  /** what is to be seen, in a sentence or two */
  readonly description: string
  /** px; the width is the screen's */
  readonly height: number
  /** markup of what is drawn */
  readonly content: readonly string[]
  /** classes of marks, and what they mean */
  readonly legend: readonly (readonly [string, string])[]
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function drawChart({ id, title, description, height, content, legend, head, rows }: Chart): string {
  const labels = { 'aria-labelledby': `${id}-title ${id}-description` }
  const picture = element(
    'svg',
    { id: `${id}-chart`, class: 'chart', role: 'img', width: '100%', height, ...labels },
    element('title', { id: `${id}-title` }, escapeText(title)),
    element('desc', { id: `${id}-description` }, escapeText(description)),
    ...content,
  )
  const marks = legend.map(([mark, meaning]) => element('li', {}, swatch(mark), escapeText(meaning)))
  return element(
    'figure',
    { id },
    element('figcaption', {}, element('h2', {}, escapeText(title)), element('p', {}, escapeText(description))),
    picture,
    marks.length === 0 ? '' : element('ul', { class: 'legend' }, ...marks),
    element('details', {}, element('summary', {}, 'The figures'), tableOf(head, rows)),
  )
}

function swatch(mark: string): string {
  const shape = mark.startsWith('line-')
    ? element('line', { class: mark, x1: 0, x2: 28, y1: 8, y2: 8 })
    : element('rect', { class: mark, width: 14, height: 14, x: 7, y: 1 })
  return element('svg', { class: 'swatch', width: 28, height: 16, 'aria-hidden': 'true' }, shape)
}

/** Text at a place of a chart. */
export function label(text: string, x: string, y: number, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return element('text', { x, y, 'text-anchor': anchor }, escapeText(text))
}
