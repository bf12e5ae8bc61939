// The deterministic machine: the same seed is the same run, to the last operation; another seed is another interleaving
// of the same CPUs. A digest of all operations and their results tells runs apart.
//
//   node examples/deterministic-replay.mjs
import { Machine } from 'cpuhp'

async function run(seed) {
  const machine = await Machine.boot({ cpus: 4, machine: 'deterministic', seed })
  try {
    // Two CPUs at once: who is first, and what the others do meanwhile, is up to the seed.
    await Promise.all([machine.offline(1), machine.offline(2)])
    await Promise.all([machine.online(2), machine.online(1)])
    const { operations, timeNs, digest } = machine.counters()
    return { seed, operations, timeNs, digest: digest.toString(16).padStart(8, '0') }
  } finally {
    await machine.shutdown()
  }
}

const runs = [await run(1), await run(1), await run(2)]
for (const { seed, operations, timeNs, digest } of runs) {
  console.log(`seed ${seed}: ${operations} operations, ${timeNs} ns of virtual time, digest ${digest}`)
}
console.log(`same seed, same run: ${runs[0].digest === runs[1].digest}`)
console.log(`other seed, same run: ${runs[0].digest === runs[2].digest}`)
