// Makes calls of kernel code flat, in what tsc has made of it (docs/decisions/0018-flat-calls.md).
//
//   const error = yield* cpuDown(cpu, 1, 0)    a chain of generators: each operation is passed up and down through all of them
//   const error = yield  cpuDown(cpu, 1, 0)    the processor is given the callee, keeps the stack, and resumes its top alone
//
// Both mean the same to a processor, so code that is not from here (kernel modules) may call, and be called, either way. The
// columns stay where they were. Each function's generators know its name, for back traces.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const KERNEL = [
  'block',
  'hotplug',
  'irq',
  'kernel',
  'kthread',
  'kvm',
  'loads',
  'net',
  'process',
  'rcu',
  'sched',
  'smp',
  'softirq',
  'stop',
  'sync',
  'time',
  'workqueue',
]
const FUNCTION = /^(?:export )?function\* (\w+)\(/gm
const NAMED = '.prototype.kernelFunction = '

for (const room of KERNEL) {
  const folder = new URL(`../dist/src/${room}/`, import.meta.url)
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.js')) continue
    const file = new URL(name, folder)
    const text = readFileSync(file, 'utf8')
    if (text.includes(NAMED)) continue
    const names = [...text.matchAll(FUNCTION)].map(([, name]) => `${name}${NAMED}'${name}'\n`)
    if (names.length === 0) continue
    const [code, map = ''] = text.split(/(?=^\/\/# sourceMappingURL)/m)
    writeFileSync(file, code.replaceAll('yield* ', 'yield  ') + names.join('') + map)
  }
}
