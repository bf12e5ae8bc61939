// Lists of CPUs as text, the way Linux writes and reads them in sysfs: `0,2-3`. Described in the kernel's
// Documentation/admin-guide/kernel-parameters.rst, "cpu lists".

import { UsageError } from './failure.js'

/**
 * CPU numbers as Linux shows them: ascending, without repetition, runs as ranges.
 * @param cpus in any order, repetitions allowed
 * @returns for instance '0,2-3'; '' for none
 */
export function formatCpuList(cpus: Iterable<number>): string {
  const sorted = [...new Set(cpus)].sort((left, right) => left - right)
  const runs: string[] = []
  for (let first = 0; first < sorted.length; ) {
    let last = first
    while (sorted[last + 1] === sorted[last] + 1) last++
    runs.push(first === last ? `${sorted[first]}` : `${sorted[first]}-${sorted[last]}`)
    first = last + 1
  }
  return runs.join(',')
}

/**
 * Reads a CPU list as the kernel does. Regions are separated by commas or blanks, and each is one of
 *
 *     3        one CPU
 *     0-3      a range
 *     0-7:2/4  of each 4 CPUs of the range the first 2: 0,1,4,5
 *     all      every CPU; also all:2/4
 *     N        the last CPU, wherever a number may stand: 2-N
 *
 * @param text the list; '' is the empty list
 * @param possible how many CPUs there are: numbers must be below it
 * @returns CPU numbers, ascending, each once
 * @throws UsageError that names the text and what is allowed
 */
export function parseCpuList(text: string, possible: number): number[] {
  const cpus = new Set<number>()
  for (const region of text.split(/[,\s]+/)) {
    if (region !== '') addRegion(cpus, region, text, possible)
  }
  return [...cpus].sort((left, right) => left - right)
}

const REGION = /^(?:(?<all>all)|(?<first>[0-9]+|N)(?:-(?<last>[0-9]+|N))?)(?::(?<used>[0-9]+|N)\/(?<group>[0-9]+|N))?$/

function addRegion(cpus: Set<number>, region: string, text: string, possible: number): void {
  const fail = (problem: string): UsageError => new UsageError(`cpu list '${text.replace(/\s+/g, ' ')}': ${problem}`)
  // 'all' may be written in any case, 'N' may not.
  const parts = REGION.exec(region.replace(/^all/i, 'all'))?.groups
  if (parts === undefined) {
    throw fail(`'${region}' is not understood; allowed are a number, 0-3, 0-7:2/4, all, and N for the last CPU`)
  }
  const number = (digits: string): number => (digits === 'N' ? possible - 1 : Number(digits))
  const first = parts.all ? 0 : number(parts.first)
  const last = parts.all ? possible - 1 : number(parts.last ?? parts.first)
  if (first > last) throw fail(`the range '${region}' runs downwards`)
  if (last >= possible) throw fail(`'${region}' goes beyond the last CPU, which is ${possible - 1}`)
  if (parts.used === undefined) {
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu)
    return
  }
  if (!parts.all && parts.last === undefined) throw fail(`'${region}' groups a single CPU; a range is needed`)
  const used = number(parts.used)
  const group = number(parts.group)
  if (group === 0 || used > group) throw fail(`'${region}' takes ${used} of each ${group}`)
  for (let cpu = first; cpu <= last; cpu++) {
    if ((cpu - first) % group < used) cpus.add(cpu)
  }
}

/**
 * CPU numbers as the mask that Linux shows: hexadecimal, 32 bits between two commas, as many digits as `possible` CPUs
 * need: '5' for CPUs 0 and 2 of 4, '05' of 8.
 */
export function formatCpuMask(cpus: Iterable<number>, possible: number): string {
  const words = new Uint32Array(Math.ceil(possible / 32))
  for (const cpu of cpus) words[cpu >> 5]! |= 1 << (cpu & 31)
  const digits = Math.ceil((((possible - 1) & 31) + 1) / 4)
  const groups = [...words].reverse()
  return groups.map((word, n) => word.toString(16).padStart(n === 0 ? digits : 8, '0')).join(',')
}

/** Reads such a mask, also with 0x before it. Answers CPU numbers, ascending; null when the text is no mask. */
export function parseCpuMask(text: string): number[] | null {
  const digits = text.replace(/^0x/i, '').replaceAll(',', '')
  if (!/^[0-9a-f]+$/i.test(digits)) return null
  const cpus: number[] = []
  for (let n = 0; n < digits.length; n++) {
    const nibble = Number.parseInt(digits[digits.length - 1 - n]!, 16)
    for (let bit = 0; bit < 4; bit++) if ((nibble >> bit) & 1) cpus.push(4 * n + bit)
  }
  return cpus
}
