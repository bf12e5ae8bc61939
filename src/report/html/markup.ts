// HTML and SVG as text. Whatever comes from outside is escaped here: names of tasks, profiles, workloads.

type Attributes = Readonly<Record<string, string | number>>

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as markup. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}

/** An element; attributes are escaped, children are markup already. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(String(value))}"`)
  return `<${name}${words.join('')}>${children.join('')}</${name}>`
}

/** A part of the width, 0..1, as charts place things: they are as wide as the screen, and text keeps its size. */
export function percent(part: number): string {
  return `${Number((100 * part).toFixed(3))}%`
}

/** A table; the first column is headings. `right` says from which column on there are numbers. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[], right = 1): string {
  const cell = (text: string, n: number): string => {
    const attributes = n >= right ? { class: 'number' } : {}
    return n === 0 ? element('th', { scope: 'row' }, escapeText(text)) : element('td', attributes, escapeText(text))
  }
  const headCell = (text: string, n: number): string =>
    element('th', n >= right ? { scope: 'col', class: 'number' } : { scope: 'col' }, escapeText(text))
  const header = element('thead', {}, element('tr', {}, ...head.map(headCell)))
  const body = rows.map((row) => element('tr', {}, ...row.map(cell)))
  const table = element('table', {}, header, element('tbody', {}, ...body))
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': head.join(', ') }, table)
}
