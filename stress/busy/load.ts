// The load of a busy run: processes that are started anew when they have come to their end, until the run is over. Every
// result is held against what it should be.
import { formatCpuList } from '../../src/base/cpulist.js'
import type { Prng } from '../../src/base/prng.js'
import type { Machine } from '../../src/machine/machine.js'
import { type Task, TaskFault, TaskKilled } from '../../src/machine/processes.js'
import type { Workload } from '../../src/workloads/workload.js'
import type { ProcessOptions } from '../loads/loads.js'

/** Seeds that a workload runs with: few, for what should come out is computed once for each. */
const SEEDS = 3
/** A process does about this part of its workload's typical work: less where all CPUs share one core. */
const PART = { threads: 1 / 4, deterministic: 1 / 50 } as const

export type Placement = 'pinned' | 'several' | 'free' | 'roaming'

interface Entry {
  readonly workload: Workload
  readonly placement: Placement
  readonly affinity: string
  readonly work: number
  runs: number
  task: Task | null
}

export interface LoadFigures {
  readonly processes: number
  readonly tasks: number
  readonly results: number
  readonly wrong: number
  readonly faults: readonly string[]
}

export class Load {
  private readonly machine: Machine
  private readonly prng: Prng
  private readonly entries: Entry[] = []
  private readonly expected = new Map<string, string>()
  private readonly find: (what: string, message: string) => void
  private readonly options: ProcessOptions
  private stopping = false
  /** each with the error that the machine ended with, null when the processes came to theirs */
  private readonly ends: Promise<Error | null>[] = []
  results = 0
  wrong = 0
  readonly faults: string[] = []

  /** `options`: of its tasks */
  constructor(
    machine: Machine,
    prng: Prng,
    find: (what: string, message: string) => void,
    options: ProcessOptions = {},
  ) {
    this.machine = machine
    this.prng = prng
    this.find = find
    this.options = options
  }

  /** Starts processes until there are `tasks` tasks, drawn from `mix`. */
  async start(tasks: number, mix: readonly Workload[]): Promise<void> {
    for (let n = 0; this.tasks < tasks; n++) {
      const workload = mix[this.prng.below(mix.length)]!
      const placement = this.placement(n)
      const work = Math.max(1, Math.round(workload.typicalWork * PART[this.machine.kind]))
      const entry: Entry = { workload, placement, affinity: this.affinity(placement), work, runs: 0, task: null }
      for (let seed = 1; seed <= SEEDS; seed++) this.expectedOf(entry, seed)
      this.entries.push(entry)
    }
    for (const entry of this.entries) {
      const seed = this.nextSeed(entry)
      entry.task = await this.spawn(entry, seed)
      this.ends.push(this.run(entry, entry.task, seed))
    }
  }

  private nextSeed(entry: Entry): number {
    return 1 + (entry.runs++ % SEEDS)
  }

  get tasks(): number {
    return this.entries.reduce((sum, { workload }) => sum + (workload.tasks ?? 1), 0)
  }

  /** A third is bound to one CPU, a third to a few, a third may go anywhere; one in eight changes that as it goes. */
  private placement(n: number): Placement {
    if (n % 8 === 7) return 'roaming'
    return (['pinned', 'several', 'free'] as const)[n % 3]!
  }

  private affinity(placement: Placement): string {
    const { cpus } = this.machine
    const first = this.prng.below(cpus)
    switch (placement) {
      case 'pinned':
        return String(first)
      case 'several':
        return formatCpuList([first, (first + 1) % cpus, (first + 1 + this.prng.below(cpus - 1)) % cpus])
      default:
        return `0-${cpus - 1}`
    }
  }

  private expectedOf({ workload, work }: Entry, seed: number): string {
    const key = `${workload.name} ${work} ${seed}`
    let expected = this.expected.get(key)
    if (expected === undefined) {
      expected = workload.expected(work, seed)
      this.expected.set(key, expected)
    }
    return expected
  }

  /** One process after the other. */
  private async run(entry: Entry, first: Task, firstSeed: number): Promise<Error | null> {
    try {
      for (let task = first, seed = firstSeed; ; ) {
        if (!(await this.await(entry, task, seed)) || this.stopping) return null
        seed = this.nextSeed(entry)
        task = await this.spawn(entry, seed)
        entry.task = task
      }
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  /** Waits for a process and looks at its result. Answers whether there is to be another one. */
  private async await(entry: Entry, task: Task, seed: number): Promise<boolean> {
    const { workload, work } = entry
    try {
      const result = await task.result
      this.results++
      const expected = this.expectedOf(entry, seed)
      if (result === expected) return true
      this.wrong++
      this.find('results', `${workload.name} of ${work} units, seed ${seed}: ${result}, expected ${expected}`)
      return true
    } catch (error) {
      if (error instanceof TaskKilled) return false
      if (!(error instanceof TaskFault)) throw error
      this.faults.push(error.message)
      this.find('results', error.message)
      return false
    }
  }

  /** Where none of the CPUs that it should be on is active, it starts anywhere. */
  private async spawn({ workload, work, affinity }: Entry, seed: number): Promise<Task> {
    const options = { workload: workload.name, work, seed, ...this.options }
    try {
      return await this.machine.spawn({ ...options, affinity })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error
      return await this.machine.spawn(options)
    }
  }

  /** A process that changes its affinity as it goes; null when there is none. */
  roaming(): Task | null {
    const some = this.entries.filter(({ placement, task }) => placement === 'roaming' && task !== null && !task.ended)
    return some[this.prng.below(Math.max(1, some.length))]?.task ?? null
  }

  /** Lets every process come to its end, and starts none. Rejects with the machine's end. */
  async finish(): Promise<void> {
    this.stopping = true
    for (const error of await Promise.all(this.ends)) if (error !== null) throw error
  }

  /** The processes that have not ended, by their workloads' names. */
  unfinished(): string[] {
    return this.entries.flatMap(({ workload, task }) => (task?.ended === false ? [workload.name] : []))
  }

  /** Ends every process at once. */
  async kill(): Promise<void> {
    this.stopping = true
    for (const { task } of this.entries) if (task !== null && !task.ended) await task.kill()
  }

  /** Rejects when a process ends with the machine, so that this is noticed where nobody waits for the load. */
  async failure(): Promise<never> {
    const error = await Promise.race(this.ends.map((end) => end.then((e) => e ?? new Promise<never>(() => {}))))
    throw error
  }

  figures(): LoadFigures {
    const { results, wrong, faults, tasks } = this
    return { processes: this.entries.length, tasks, results, wrong, faults }
  }
}
