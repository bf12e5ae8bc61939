// Metrics in the text format of Prometheus, version 0.0.4: counters, gauges and histograms with labels. A page of code;
// the client library brings five megabytes for it, most of them for kinds of metrics that nothing here uses.

type Labels = Readonly<Record<string, string>>

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** its lines, without those that say what it is */
  samples(): string[]
}

export class Registry {
  private readonly families: Family[] = []

  /** What only grows. Its name ends in _total. */
  counter(name: string, help: string): Counter {
    return this.add(new Counter(name, help, 'counter'))
  }

  gauge(name: string, help: string): Gauge {
    return this.add(new Gauge(name, help, 'gauge'))
  }

  /** How often something lay where. `bounds`: the upper ends of its buckets, ascending; one without an end is added. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    return this.add(new Histogram(name, help, bounds))
  }

  /** What a scrape reads. */
  text(): string {
    return this.families
      .map((family) => {
        const { name, help, type } = family
        return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...family.samples(), ''].join('\n')
      })
      .join('')
  }

  private add<F extends Family>(family: F): F {
    this.families.push(family)
    return family
  }
}

class Values implements Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  protected readonly values = new Map<string, number>()

  constructor(name: string, help: string, type: 'counter' | 'gauge') {
    this.name = name
    this.help = help
    this.type = type
  }

  samples(): string[] {
    return [...this.values].map(([labels, value]) => `${this.name}${labels} ${value}`)
  }
}

export class Counter extends Values {
  add(by: number, labels: Labels = {}): void {
    const key = format(labels)
    this.values.set(key, (this.values.get(key) ?? 0) + by)
  }
}

export class Gauge extends Values {
  set(value: number, labels: Labels = {}): void {
    this.values.set(format(labels), value)
  }
}

interface Buckets {
  readonly labels: Labels
  /** how many lay in each bucket, and above the last */
  readonly counts: number[]
  sum: number
}

export class Histogram implements Family {
  readonly type = 'histogram'
  readonly name: string
  readonly help: string
  private readonly bounds: readonly number[]
  private readonly all = new Map<string, Buckets>()

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.bounds = bounds
  }

  observe(value: number, labels: Labels = {}): void {
    const key = format(labels)
    let buckets = this.all.get(key)
    if (buckets === undefined) {
      buckets = { labels, counts: new Array<number>(this.bounds.length + 1).fill(0), sum: 0 }
      this.all.set(key, buckets)
    }
    const found = this.bounds.findIndex((bound) => value <= bound)
    buckets.counts[found < 0 ? this.bounds.length : found]!++
    buckets.sum += value
  }

  /** Each bucket counts all that lay below its end. */
  samples(): string[] {
    return [...this.all].flatMap(([key, { labels, counts, sum }]) => {
      let below = 0
      const lines = counts.map((count, n) => {
        below += count
        const le = n < this.bounds.length ? String(this.bounds[n]) : '+Inf'
        return `${this.name}_bucket${format({ ...labels, le })} ${below}`
      })
      return [...lines, `${this.name}_sum${key} ${sum}`, `${this.name}_count${key} ${below}`]
    })
  }
}

function format(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')
