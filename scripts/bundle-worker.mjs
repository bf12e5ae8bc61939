// The thread that drives CPUs as one file, and the compiled form of that: every worker loads all of its code anew, and sixty
// small modules cost it several times what one file costs. CommonJS, for Node starts a thread sooner with that.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const at = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url))

async function bundle(from, to) {
  const build = await rolldown({ input: at(from), platform: 'node' })
  await build.write({ file: at(to), format: 'cjs' })
  await build.close()
}

// V8 tells a file from another one only by its length: nothing compiled may outlive the file that it was made of.
rmSync(at('workers/cpu-worker.cjs.compiled'), { force: true })
await bundle('src/machine/threads/worker.js', 'workers/cpu-worker.cjs')
await bundle('workers/start.js', 'workers/start.cjs')

process.env.CPUHP_KEEP_COMPILED = '1'
const { Machine } = await import('../dist/src/index.js')
const machine = await Machine.boot({ cpus: 2, workers: 1 })
for (const value of ['0', '1']) await machine.write('cpu1/online', value)
await machine.shutdown()
