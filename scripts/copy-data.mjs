// What tsc leaves to do: the step tables go beside the code that reads them, and the command may be executed.
import { chmodSync, cpSync, mkdirSync, readdirSync } from 'node:fs'

const from = new URL('../src/profiles/', import.meta.url)
const to = new URL('../dist/src/profiles/', import.meta.url)
mkdirSync(to, { recursive: true })
for (const name of readdirSync(from)) if (name.endsWith('.json')) cpSync(new URL(name, from), new URL(name, to))
chmodSync(new URL('../dist/src/cli/main.js', import.meta.url), 0o755)
