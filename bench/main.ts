// `npm run bench [-- NAME...] [--quick] [--runs N] [--json FILE]`: every figure of docs/performance.md. Absolute times are this
// machine's on this day; what is to be compared has been measured in turn, and is told as a ratio.
import { parseArgs } from 'node:util'
import type { Setting } from './bench.js'
import { boot } from './boot.js'
import { busy, latency } from './busy.js'
import { cycles } from './cycle.js'
import { deterministic, large } from './deterministic.js'
import { explore } from './explore.js'
import { describeHost, writeJson } from './figure.js'
import { hop } from './hop.js'
import { linux } from './linux.js'
import { many } from './many.js'
import { mount } from './mount.js'
import { operations } from './operations.js'
import { overhead } from './overhead.js'
import { soak } from './soak.js'

const BENCHES: Readonly<Record<string, (setting: Setting) => Promise<void>>> = {
  operations,
  hop,
  cycles,
  boot,
  busy,
  latency,
  deterministic,
  large,
  explore,
  many,
  overhead,
  mount,
  linux,
  soak,
}
/** Half an hour: only when it is asked for. */
const LONG: readonly string[] = ['soak']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, runs: { type: 'string' }, json: { type: 'string' } },
})
const usual = Object.keys(BENCHES).filter((name) => values.quick || !LONG.includes(name))
const names = positionals.length > 0 ? positionals : usual
const unknown = names.find((name) => !Object.hasOwn(BENCHES, name))
const runs = Number(values.runs ?? (values.quick ? 1 : 5))
if (unknown !== undefined) {
  process.stderr.write(`there is no benchmark '${unknown}'; there are ${Object.keys(BENCHES).join(', ')}\n`)
  process.exitCode = 2
} else if (!Number.isInteger(runs) || runs < 1) {
  process.stderr.write(`--runs is a whole number from 1 on, not '${values.runs}'\n`)
  process.exitCode = 2
} else {
  process.stdout.write(`${describeHost()}; median (lowest..highest) of ${runs} runs\n`)
  for (const name of names) await BENCHES[name]!({ quick: values.quick, runs })
  if (values.json !== undefined) writeJson(values.json)
}
