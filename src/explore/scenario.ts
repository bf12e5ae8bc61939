// Scenarios: what happens at the same time on a machine, and how one can tell that it went well.
//
//   boot, prepare      in the default order: not explored
//   actors             all at once, each one step after the other: explored
//   rest               until no CPU has anything to do: explored
//   invariants, check  on the machine at rest
//
// Whatever a scenario awaits must be the machine's doing: a timer of the host or a file would make runs differ.
import { InvariantViolation } from '../base/failure.js'
import { checkStopped } from '../invariants/check.js'
import type { Machine } from '../machine/machine.js'
import type { MachineOptions } from '../machine/options.js'
import type { SpawnOptions } from '../machine/processes.js'

/** One thing that an actor does. */
export interface Step<State = unknown> {
  /** for a reader: 'offline(1)' */
  readonly says: string
  /**
   * Does it. What the kernel refuses (a KernelError) is an answer, and the next step follows. Resolves to what came out
   * wrong, in a line, or to nothing.
   */
  do(machine: Machine, state: State): Promise<string | undefined>
}

/** Someone who acts: its steps follow each other, and run beside those of the other actors. */
export interface Actor<State = unknown> {
  readonly name: string
  readonly steps: readonly Step<State>[]
  /** the scenario makes no sense without it: minimising leaves it alone */
  readonly needed?: boolean
}

/** How each step of each actor ended: 'ok', the name of an errno, or null for a step that was left out. */
export type Answers = readonly (readonly (string | null)[])[]

export interface Scenario<State = unknown> {
  /** lower-case words with hyphens */
  readonly name: string
  /** in a line */
  readonly says: string
  readonly machine: Pick<
    MachineOptions,
    | 'cpus'
    | 'present'
    | 'maxcpus'
    | 'profile'
    | 'modules'
    | 'workloads'
    | 'tasks'
    | 'userMemory'
    | 'scratch'
    | 'devices'
    | 'kthreads'
  >
  /** Before the actors begin; resolves to what steps and check are given. */
  prepare?(machine: Machine): Promise<State>
  readonly actors: readonly Actor<State>[]
  /** What came out wrong, a line each. The invariants have been checked before. */
  check?(machine: Machine, state: State, answers: Answers): Iterable<string>
  /** kernel warnings that belong to the scenario; any other counts as a violation */
  readonly warnings?: RegExp
  /** operations without an answer after which the machine counts as livelocked (default 200,000) */
  readonly patience?: number
}

/** A scenario as it is; for its types. */
export function scenario<State>(description: Scenario<State>): Scenario<State> {
  return description
}

/** A step that makes a request. */
export function step<State>(says: string, act: (machine: Machine, state: State) => Promise<unknown>): Step<State> {
  return {
    says,
    async do(machine, state) {
      await act(machine, state)
      return undefined
    },
  }
}

export const offline = (cpu: number): Step => step(`offline(${cpu})`, (machine) => machine.offline(cpu))
export const online = (cpu: number): Step => step(`online(${cpu})`, (machine) => machine.online(cpu))
export const write = (path: string, text: string | number): Step =>
  step(`write(${path}, ${text})`, (machine) => machine.write(path, text))

/** Runs a function of the machine's modules; `expected` is what it must return, where that is known. */
export function call(name: string, cpu: number, args: readonly [number?, number?] = [], expected?: number): Step {
  return {
    says: `${name}(${args.join(', ')}) on CPU ${cpu}`,
    async do(machine) {
      const answer = await machine.run(name, { cpu, args })
      return expected === undefined || answer === expected ? undefined : `${name} returned ${answer}, not ${expected}`
    },
  }
}

/** Starts a process, and waits until it has computed what it should. */
export function work(options: SpawnOptions): Step {
  return {
    says: `${options.workload} (${options.work ?? 'as much as usual'})`,
    async do(machine) {
      const task = await machine.spawn(options)
      const result = await task.result
      return result === task.expected ? undefined : `${options.workload} computed '${result}', not '${task.expected}'`
    },
  }
}

/** Stops the busy machine, and checks what must hold even then. */
export const look: Step = step('look', async (machine) => {
  const [violation] = (await machine.freeze(() => checkStopped(machine))).violations
  if (violation !== undefined) throw new InvariantViolation(violation.invariant, violation.message)
})
