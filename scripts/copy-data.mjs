// tsc copies no data: the step tables go beside the code that reads them.
import { cpSync, mkdirSync, readdirSync } from 'node:fs'

const from = new URL('../src/profiles/', import.meta.url)
const to = new URL('../dist/src/profiles/', import.meta.url)
mkdirSync(to, { recursive: true })
for (const name of readdirSync(from)) if (name.endsWith('.json')) cpSync(new URL(name, from), new URL(name, to))
