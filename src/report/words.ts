// What reports call phases.
import type { Phase } from './phases.js'

export const MEANING: Readonly<Record<Phase, string>> = {
  lock: 'waiting for the lock',
  thread: 'waiting for cpuhp/N',
  grace: 'grace period',
  push: 'pushing tasks away',
  park: 'parking threads',
  empty: 'waiting for the last task',
  gather: 'stop_machine: gathering',
  run: 'stop_machine: running',
  death: 'death',
  dead: 'DEAD callbacks',
  prepare: 'PREPARE callbacks',
  bringup: 'bringing it up',
  online: 'ONLINE callbacks',
}
