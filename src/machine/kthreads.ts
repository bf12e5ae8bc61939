// Kernel threads that the host starts: each calls a function round after round until it is stopped (kernel/kthreads.ts).
import { UsageError } from '../base/failure.js'
import { REQUEST } from '../kernel/port.js'
import type { Memory } from '../memory/memory.js'
import { KTHREAD } from '../memory/structs/loads.js'
import { POLICY } from '../sched/task.js'

export interface KernelThreadOptions {
  /** the function of a round: one of the machine's modules, or of the kernel itself */
  readonly function: string
  /** what it calls at its end, if anything: a function as above, which may sleep as a round does */
  readonly end?: string
  /** in ps and in traces, up to 15 characters (default: the function's name) */
  readonly name?: string
  /** up to 6 numbers, int32 */
  readonly args?: readonly number[]
  /** the CPU that it may run on (default: any) */
  readonly cpu?: number
  /** it counts as a user process' thread in a system call: only active CPUs take it (default: false) */
  readonly user?: boolean
  readonly policy?: 'normal' | 'fifo' | 'rr'
  /** FIFO and RR: 1..99 (default 50) */
  readonly priority?: number
  /** normal: -20..19 (default 0) */
  readonly nice?: number
}

const POLICIES = { normal: POLICY.normal, fifo: POLICY.fifo, rr: POLICY.roundRobin } as const
const ARGUMENTS = 6
const COUNTS = 8

/** Makes a request of that kind for a thread, by its number and its function; rejects with what the kernel refuses. */
export type AskThread = (kind: number, index: number, name: string) => Promise<unknown>

/** The kernel threads of a machine: which there is room for, and which are in use. */
export class KernelThreads {
  private readonly memory: Memory
  private readonly functionNumber: (name: string) => number
  private readonly ask: AskThread
  private readonly free: number[] = []

  constructor(memory: Memory, functionNumber: (name: string) => number, ask: AskThread) {
    this.memory = memory
    this.functionNumber = functionNumber
    this.ask = ask
    for (let index = (memory.layout.config.kthreads ?? 0) - 1; index >= 0; index--) this.free.push(index)
  }

  /** Starts a thread. A UsageError for what makes no sense, or when there is no room. */
  async start(options: KernelThreadOptions): Promise<KernelThread> {
    const name = options.function
    const end = options.end === undefined ? 0 : this.functionNumber(options.end)
    const index = this.describe(options, this.functionNumber(name), end)
    try {
      await this.ask(REQUEST.kthreadRun, index, name)
    } catch (error) {
      this.free.push(index)
      throw error
    }
    const stop = async (): Promise<number[]> => {
      await this.ask(REQUEST.kthreadStop, index, name)
      const counts = this.counts(index)
      this.free.push(index)
      return counts
    }
    return new KernelThread(() => this.counts(index), stop)
  }

  /** Describes a thread that is to be started; answers its number. */
  private describe(options: KernelThreadOptions, fn: number, end: number): number {
    const { memory } = this
    const { name = options.function, args = [], cpu = -1, policy = 'normal', priority, nice = 0 } = options
    if (!Object.hasOwn(POLICIES, policy)) throw new UsageError(`policy is normal, fifo or rr, not ${String(policy)}`)
    if (name === '' || name.length > 15) throw new UsageError(`a thread's name has 1 to 15 characters, not '${name}'`)
    if (args.length > ARGUMENTS || args.some((word) => word !== (word | 0))) {
      throw new UsageError(`args are up to ${ARGUMENTS} int32 numbers, not ${args.join(', ')}`)
    }
    whole('cpu', cpu, -1, memory.layout.config.cpus - 1)
    whole('nice', nice, -20, 19)
    if (policy === 'normal' && priority !== undefined) throw new UsageError('priority is for policy fifo and rr')
    const level = policy === 'normal' ? 0 : whole('priority', priority ?? 50, 1, 99)
    const index = this.free.pop()
    if (index === undefined) throw new UsageError('no room for another kernel thread: see the option kthreads')
    const thread = memory.kthread(index)
    memory.set(thread + KTHREAD.function, fn)
    memory.set(thread + KTHREAD.end, end)
    for (let n = 0; n < ARGUMENTS; n++) memory.set(thread + KTHREAD.argument + n, args[n] ?? 0)
    for (let n = 0; n < COUNTS; n++) memory.set(thread + KTHREAD.count + n, 0)
    memory.set(thread + KTHREAD.cpu, cpu)
    memory.set(thread + KTHREAD.user, options.user === true ? 1 : 0)
    memory.set(thread + KTHREAD.policy, POLICIES[policy])
    memory.set(thread + KTHREAD.priority, level)
    memory.set(thread + KTHREAD.nice, nice)
    memory.setText(thread + KTHREAD.comm, 4, name)
    return index
  }

  /** What a thread has counted so far. */
  private counts(index: number): number[] {
    const first = this.memory.kthread(index) + KTHREAD.count
    return Array.from({ length: COUNTS }, (_, n) => this.memory.get(first + n))
  }
}

function whole(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new UsageError(`${name} is a whole number from ${low} to ${high}, not ${String(value)}`)
}

/** A kernel thread that has been started. It goes on until it is stopped, or the machine ends. */
export class KernelThread {
  private readonly read: () => number[]
  private readonly end: () => Promise<number[]>
  private ending: Promise<number[]> | null = null
  private last: number[] | null = null

  /** `end` has it end, and answers its last counts. */
  constructor(read: () => number[], end: () => Promise<number[]>) {
    this.read = read
    this.end = end
  }

  /** What it has counted so far; its function says what each of the 8 counts is. */
  counts(): readonly number[] {
    return this.last ?? this.read()
  }

  /** Has it end; resolves, to its counts, when it has. */
  async stop(): Promise<readonly number[]> {
    this.ending ??= this.end()
    this.last = await this.ending
    return this.last
  }
}
