// Where in the kernel tasks sleep: a machine that hangs says what they wait for, and this adds the function that waits.
import type { View } from '../machine/deterministic/strategy.js'
import type { Failure } from './outcome.js'
import type { Watcher } from './recorder.js'
import { taskOn } from './whose.js'

/** Notes for each task where it was when it went to sleep last; for a run that is looked at, not for a search. */
export class Sleepers implements Watcher {
  private readonly slept = new Map<string, string>()
  private readonly lastPlace = new Map<string, string>()

  step(view: View, cpu: number): void {
    const { place } = view.declared(cpu)
    const task = taskOn(view, cpu)
    if (place === 'schedule:now') this.slept.set(task, functionOf(this.lastPlace.get(task) ?? place))
    else this.lastPlace.set(task, place)
  }

  /** The function in which a task went to sleep: 'wait_for_completion'. */
  placeOf(task: string): string | undefined {
    return this.slept.get(task)
  }
}

function functionOf(place: string): string {
  return place.replace(/:.*$/, '')
}

/** The failure with the functions in which tasks sleep. */
export function withPlaces(failure: Failure, sleepers: Sleepers): Failure {
  if (!('details' in failure)) return failure
  const details = failure.details.map((line) => {
    const task = /^(\S+) \(\w, CPU \d+\) waits for/.exec(line)?.[1]
    const place = task === undefined ? undefined : sleepers.placeOf(task)
    return place === undefined ? line : `${line}, in ${place}`
  })
  return { ...failure, details }
}
