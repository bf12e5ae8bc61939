// Seed after seed of the busy run on the deterministic machine: `npm run bench:seeds [-- FIRST COUNT [LOADS]]`, LOADS as in
// `cpuhp stress --load`. Says how long they took, what they did in all, and every one that found something.
import { runBusy } from '../stress/busy/busy.js'
import { parseLoads } from '../stress/loads/setting.js'

const [first = 1, count = 500] = process.argv.slice(2, 4).map(Number)
const loads = process.argv[4] === undefined ? {} : { loads: parseLoads(process.argv[4]) }
const begin = performance.now()
const times: number[] = []
let offlines = 0
let results = 0
let checks = 0
let failed = 0
for (let seed = first; seed < first + count; seed++) {
  const start = performance.now()
  // Small and large machines, few and many tasks.
  const cpus = 2 + (seed % 7)
  const cycles = process.argv[4] === undefined ? 30 : 10
  const verdict = await runBusy({ machine: 'deterministic', cpus, tasks: 3 * cpus, seed, cycles, ...loads })
  times.push(performance.now() - start)
  offlines += verdict.done.offline
  results += verdict.load?.results ?? 0
  for (const n of Object.values(verdict.checked)) checks += n
  if (verdict.outcome === 'success') continue
  failed++
  const what = verdict.findings.map(({ what, message }) => `${what}: ${message}`)
  process.stdout.write(
    `seed ${seed}, ${cpus} CPUs: ${verdict.outcome} ${what.join('; ')} ${verdict.panic?.split('\n')[0] ?? ''}\n`,
  )
}
const sorted = times.toSorted((a, b) => a - b)
const at = (q: number): string => `${Math.round(sorted[Math.floor(q * (sorted.length - 1))]!)} ms`
process.stdout.write(
  `${count} seeds from ${first} on: ${failed} with findings; ${offlines} ways down, ${results} results, ${checks} checks\n` +
    `${((performance.now() - begin) / 1000).toFixed(1)} s in all; a seed ${at(0)} to ${at(1)}, median ${at(0.5)}\n`,
)
process.exitCode = failed > 0 ? 1 : 0
