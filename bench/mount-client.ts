// The program of mount.ts: DIRECTORY COUNT. Writes as JSON the median of each kind of call, us, on the mount and on a file in memory.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './figure.js'

const [directory = '', count = ''] = process.argv.slice(2)
const cpu = join(directory, 'sys/devices/system/cpu')
const memory = mkdtempSync('/dev/shm/cpuhp-bench-')
const other = join(memory, 'file')

function medianOf(act: () => void): number {
  const times: number[] = []
  const calls = Number(count)
  for (let n = -calls / 10; n < calls; n++) {
    const begin = performance.now()
    act()
    if (n >= 0) times.push((performance.now() - begin) * 1000)
  }
  return median(times)
}

const text = 'change'
const room = Buffer.alloc(4096)

/** What a program does with a file, made for one path. */
const CALLS: Readonly<Record<string, (path: string) => () => void>> = {
  'write to an open file': (path) => {
    const file = openSync(path, 'w')
    return () => void writeSync(file, text, 0)
  },
  'open, write, close': (path) => () => {
    const file = openSync(path, 'w')
    writeSync(file, text, 0)
    closeSync(file)
  },
  'read of an open file': (path) => {
    const file = openSync(path, 'r')
    return () => void readSync(file, room, 0, room.length, 0)
  },
}

const medians: Record<string, { mount: number; memory: number }> = {}
for (const [name, call] of Object.entries(CALLS)) {
  // A file that the machine has no work with.
  const onMount = call(join(cpu, 'cpu1/uevent'))
  closeSync(openSync(other, 'w'))
  medians[name] = { mount: medianOf(onMount), memory: medianOf(call(other)) }
}
// What a control file costs: a request to the machine, and its answer.
const fail = openSync(join(cpu, 'cpu1/hotplug/fail'), 'w')
const file = openSync(other, 'w')
medians['write to a control file, which a CPU answers'] = {
  mount: medianOf(() => void writeSync(fail, '-1', 0)),
  memory: medianOf(() => void writeSync(file, '-1', 0)),
}
process.stdout.write(JSON.stringify(medians))
rmSync(memory, { recursive: true })
