// Figures: printed as they are measured, and written as JSON at the end.
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus as hostCpus, loadavg } from 'node:os'

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly low: number
  readonly high: number
  readonly note?: string
}

const figures: Figure[] = []

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
}

/** Median, lowest and highest of several runs. */
export function figure(name: string, unit: string, values: readonly number[], note = ''): void {
  const made = { name, value: median(values), unit, low: Math.min(...values), high: Math.max(...values), note }
  figures.push(made)
  const digits = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3))
  const spread = values.length > 1 ? ` (${digits(made.low)}..${digits(made.high)})` : ''
  process.stdout.write(`${name.padEnd(58)} ${digits(made.value).padStart(9)} ${unit}${spread} ${note}\n`)
}

/** Two measurements that were made in turn, the one as a multiple of the other. */
export function ratios(name: string, unit: string, values: readonly number[], others: readonly number[]): void {
  figure(
    name,
    unit,
    values.map((value, n) => value / others[n]!),
  )
}

/** The machine that it was measured on. */
const host = {
  cores: availableParallelism(),
  model: hostCpus()[0]?.model ?? '?',
  load: loadavg(),
  node: process.version,
}

export function describeHost(): string {
  return `${host.cores} cores (${host.model}), Node ${host.node}, load ${host.load[0]!.toFixed(2)}`
}

/** Writes what has been measured. */
export function writeJson(file: string): void {
  writeFileSync(file, `${JSON.stringify({ schemaVersion: 1, host, figures }, null, 2)}\n`)
}
