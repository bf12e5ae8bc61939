// A thread that drives CPUs, where its code is one file: the compiled form of that, kept from when the package was built
// (scripts/bundle-worker.mjs), is taken in place of compiling it once more, for isolates share no code. V8 refuses what
// another version of it has made; then the thread compiles.
import { readFileSync, writeFileSync } from 'node:fs'
import { Script } from 'node:vm'
import type { runWorker } from '../src/machine/threads/worker.js'

type Bundle = (require: (name: string) => unknown, exports: { runWorker?: typeof runWorker }) => void

const file = `${import.meta.dirname}/cpu-worker.cjs`
const compiled = `${file}.compiled`

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

const source = readFileSync(file, 'latin1')
const script = new Script(source, { filename: file, cachedData: read(compiled) })
// The build has one thread run a machine and leave what was compiled for it.
if (process.env.CPUHP_KEEP_COMPILED === '1')
  process.once('exit', () => writeFileSync(compiled, script.createCachedData()))
const exports: Parameters<Bundle>[1] = {}
const bundle: Bundle = script.runInThisContext()
bundle((name) => process.getBuiltinModule(name), exports)
exports.runWorker!((url) => import(url))
