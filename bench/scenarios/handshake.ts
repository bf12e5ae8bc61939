// The handshake, one pair of controller and thread, as a scenario: sound, or broken (`handshake-broken.ts`).
import { call, type Scenario, scenario } from '../../src/explore-api.js'

/** Rounds of a controller before it parks its thread. */
export const ROUNDS = 2

export function handshake(broken: 0 | 1): Scenario {
  return scenario({
    name: broken === 1 ? 'handshake-broken' : 'handshake',
    says: 'a controller has a thread do something, twice, and parks it',
    machine: { cpus: 2, modules: [new URL('../modules/handshake.js', import.meta.url)] },
    actors: [
      { name: 'controller', steps: [call('handshake_controller', 0, [0, ROUNDS])] },
      { name: 'thread', steps: [call('handshake_thread', 1, [0, broken])] },
    ],
  }) as Scenario
}

export default handshake(0)
