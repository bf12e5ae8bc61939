// The thread that drives CPUs as one file, and the compiled form of that: every worker loads all of its code anew, and sixty
// small modules cost it several times what one file costs. CommonJS, for Node starts a thread sooner with that.
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const at = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url))

/** A module and all that it imports, as one CommonJS text without comments. */
async function bundle(from) {
  const build = await rolldown({ input: at(from), platform: 'node' })
  const { output } = await build.generate({ format: 'cjs', comments: false })
  await build.close()
  return output[0].code
}

// V8 tells a file from another one only by its length: nothing compiled may outlive the file that it was made of.
rmSync(at('workers/cpu-worker.cjs.compiled'), { force: true })
// Each thread reads it anew, a byte for each character.
const worker = await bundle('src/machine/threads/worker.js')
if (/[^\0-\xff]/.test(worker))
  throw new Error('the worker has characters that are not Latin-1: workers/start.ts would misread them')
writeFileSync(at('workers/cpu-worker.cjs'), `(require, exports) => {\n${worker}\n}\n`, 'latin1')
writeFileSync(at('workers/start.cjs'), await bundle('workers/start.js'))

process.env.CPUHP_KEEP_COMPILED = '1'
const { Machine } = await import('../dist/src/index.js')
const machine = await Machine.boot({ cpus: 2, workers: 1 })
for (const value of ['0', '1']) await machine.write('cpu1/online', value)
await machine.shutdown()
