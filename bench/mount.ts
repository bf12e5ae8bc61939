// A mount: what a write and a read cost a program, against the same calls on a file in memory, made in turn. The program is a
// process of its own: one that waits in the kernel for an answer of its own would wait for ever.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkMountable, Mount } from '../src/fuse/mount.js'
import { repeat, type Setting, withMachine } from './bench.js'
import { figure, ratios } from './figure.js'

/** Medians, us, as mount-client.ts measures them. */
type Medians = Record<string, { readonly mount: number; readonly memory: number }>

export async function mount({ quick, runs }: Setting): Promise<void> {
  try {
    checkMountable()
  } catch (error) {
    process.stdout.write(`mount: not measured: ${(error as Error).message}\n`)
    return
  }
  const place = mkdtempSync(join(tmpdir(), 'cpuhp-bench-'))
  const medians = await withMachine({ cpus: 2, workers: 1 }, async ({ files }) => {
    const mounted = await Mount.on(place, files.root)
    try {
      return await repeat(runs, () => client(place, quick ? 200 : 5000))
    } finally {
      await mounted.end()
      rmdirSync(place)
    }
  })
  for (const name of Object.keys(medians[0]!)) {
    const of = (where: 'mount' | 'memory'): number[] => medians.map((all) => all[name]![where])
    figure(`mount: ${name}`, 'us', of('mount'))
    ratios(`mount: ${name}`, 'x a file in memory', of('mount'), of('memory'))
  }
}

async function client(place: string, count: number): Promise<Medians> {
  const program = fileURLToPath(new URL('./mount-client.js', import.meta.url))
  const child = spawn(process.execPath, [program, place, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const data of child.stdout) said += String(data)
  return JSON.parse(said) as Medians
}
