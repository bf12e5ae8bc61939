// The built-in workloads.
import { chase } from './chase.js'
import { counter } from './counter.js'
import { matrix } from './matrix.js'
import { pingPong } from './ping-pong.js'
import { sha256 } from './sha256.js'
import { sieve } from './sieve.js'
import { sleeper } from './sleeper.js'
import type { Workload } from './workload.js'

export const BUILT_IN: readonly Workload[] = [sha256, sieve, matrix, chase, pingPong, sleeper, counter]
