// A hop: from sending an interprocessor interrupt until its handler runs, against the bare platform's way to tell another
// thread something, waiting in the same way: by spinning, or parked.
import { repeat, type Setting, withMachine } from './bench.js'
import { figure, ratios } from './figure.js'
import { buildFutex, runFutex } from './futex.js'
import { rawHop, rawWake } from './raw.js'

/** Looks before parking, as the machine's workers have them when there are enough cores. */
const SPINS = 20_000

export async function hop({ quick, runs }: Setting): Promise<void> {
  const spun = quick ? 5_000 : 20_000
  const parked = quick ? 100 : 1_000
  const futex = buildFutex()
  const found = { raw: [], rawParked: [], c: [], cParked: [], ipi: [], ipiParked: [] } as Record<string, number[]>
  // In turn: a machine whose speed drifts does the same to all of them.
  await repeat(runs, async () => {
    found.raw!.push(await rawHop(spun, SPINS))
    found.rawParked!.push(await rawWake(parked))
    if (futex !== null) {
      found.c!.push(runFutex(futex, 'spin', spun))
      found.cParked!.push(runFutex(futex, 'park', parked))
    }
    const [spinning, waking] = await ours(spun, parked)
    found.ipi!.push(spinning)
    found.ipiParked!.push(waking)
  })
  figure('hop, spinning: bare threads, Atomics', 'ns', found.raw!)
  figure('hop, spinning: IPI until its handler runs', 'ns', found.ipi!)
  ratios('hop, spinning: IPI', 'x bare', found.ipi!, found.raw!)
  figure('hop, parked: bare threads, Atomics.notify', 'ns', found.rawParked!)
  figure('hop, parked: IPI until its handler runs', 'ns', found.ipiParked!)
  ratios('hop, parked: IPI', 'x bare', found.ipiParked!, found.rawParked!)
  if (futex === null) {
    process.stdout.write('no C compiler (cc) was found: no C futexes to compare with\n')
    return
  }
  figure('hop, spinning: C threads', 'ns', found.c!)
  ratios('hop, spinning: IPI', 'x C', found.ipi!, found.c!)
  figure('hop, parked: C threads, futex', 'ns', found.cParked!)
  ratios('hop, parked: IPI', 'x C', found.ipiParked!, found.cParked!)
}

/** Nanoseconds of a hop to a CPU that spins, and to one that has parked. */
async function ours(spun: number, parked: number): Promise<[spinning: number, waking: number]> {
  const modules = [new URL('./modules/hop.js', import.meta.url)]
  return await withMachine({ cpus: 2, modules }, async (machine) => {
    // Longer than bare threads, for more code has to be compiled.
    await machine.run('rally', { cpu: 0, args: [1, 5 * spun] })
    const tenths = await machine.run('rally', { cpu: 0, args: [1, spun] })
    await machine.run('wake', { cpu: 0, args: [1, parked >> 1] })
    const waking = await machine.run('wake', { cpu: 0, args: [1, parked] })
    return [(tenths * 100) / spun, waking]
  })
}
