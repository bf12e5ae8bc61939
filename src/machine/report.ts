// What is known when a machine dies: which CPU, which task, which operation, who waits for whom, the latest events.
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { MUTEX, PERCPU, PORT_SLOT, TASK } from '../memory/structs.js'
import type { Cpu, FunctionTable } from '../ops/cpu.js'
import { testBit } from '../ops/mask.js'
import { KIND, KIND_NAMES, type Operation } from '../ops/operation.js'
import { VECTOR_NAMES } from '../ops/vectors.js'
import { commOf, stateLetter } from '../sched/task.js'
import { TraceReader } from '../trace/ring.js'
import { formatEvent } from './events.js'

export interface KernelLogLine {
  readonly cpu: number
  readonly timeNs: number
  /** as printk's: 3 error, 4 warning, 6 info */
  readonly level: number
  readonly text: string
}

/** Why a machine died. */
export type PanicCause =
  | { readonly kind: 'bug'; readonly function: string; readonly message: string; readonly chain: readonly string[] }
  | { readonly kind: 'violation'; readonly message: string; readonly chain: readonly string[] }
  | { readonly kind: 'defect'; readonly message: string; readonly chain: readonly string[] }
  | { readonly kind: 'deadlock'; readonly message: string }
  | { readonly kind: 'hang'; readonly message: string }
  | { readonly kind: 'stuck'; readonly message: string }
  | { readonly kind: 'worker'; readonly message: string }

export interface CpuReport {
  readonly cpu: number
  readonly online: boolean
  readonly task: string
  /** what it was about to do; null when its worker could not say */
  readonly operation: string | null
  readonly place: string | null
  readonly irqsOff: boolean
  readonly preemptionOff: boolean
  /** the CPU that holds the spinlock that this one spins for; -1: none */
  readonly spinsFor: number
  readonly recent: readonly string[]
}

/** A task that waits for something that has a name, or a CPU that spins for a lock. */
export interface Wait {
  readonly task: string
  readonly cpu: number
  /** what for: 'global.stateMutex' */
  readonly what: string
  /** the task that holds it; null when nobody does, or nobody can */
  readonly holder: string | null
  /** the CPU spins; otherwise the task sleeps */
  readonly spins: boolean
}

export interface PanicReport {
  readonly cause: PanicCause
  /** the CPU that found it, -1: the host */
  readonly cpu: number
  readonly cpus: readonly CpuReport[]
  /** who waits for whom, a line each */
  readonly waits: readonly string[]
  /** the same, to be followed from one to the next */
  readonly blocked: readonly Wait[]
}

/** What a driver can tell of one of its CPUs; survives postMessage. */
export type ProcessorState = Pick<CpuReport, 'cpu' | 'operation' | 'place' | 'irqsOff' | 'preemptionOff' | 'spinsFor'>

/** The state of a processor, as its driver sees it. */
export function processorState(cpu: Cpu): ProcessorState {
  return {
    cpu: cpu.id,
    operation: describeOperation(cpu.memory, cpu.operation),
    place: cpu.operation.place,
    irqsOff: cpu.irqDisabled > 0,
    preemptionOff: cpu.preemptCount > 0,
    spinsFor: cpu.operation.kind === KIND.lock ? cpu.memory.get(cpu.operation.word) - 1 : -1,
  }
}

/** An operation in words: 'waitWhile cpuhp[1].state 93'. */
export function describeOperation(memory: Memory, operation: Readonly<Operation>): string {
  const { kind, word, value } = operation
  const name = KIND_NAMES[kind]
  switch (kind) {
    case KIND.sendIpi:
      return `${name} CPU ${word} ${VECTOR_NAMES[value]}`
    case KIND.switchTo:
    case KIND.execute:
      return `${name} ${commOf(memory, word)}`
    case KIND.halt:
    case KIND.clock:
    case KIND.fence:
    case KIND.notifyHost:
      return name!
    case KIND.setTimer:
    case KIND.choose:
    case KIND.spinUntil:
      return `${name} ${value}`
    case KIND.load:
    case KIND.lock:
    case KIND.unlock:
      return `${name} ${memory.layout.describe(word)}`
    default:
      return `${name} ${memory.layout.describe(word)} ${value}`
  }
}

/** The names of the functions in an error's stack, innermost first: the call chain of kernel code. */
export function chainOf(error: Error): string[] {
  const names: string[] = []
  for (const line of (error.stack ?? '').split('\n').slice(1)) {
    // A bundle tells functions of one name apart by $1, $2 and so on.
    const match = /^\s+at (?:async )?([\w.$]+?)(?:\$\d+)?(?:\.next)? \(/.exec(line)
    const name = match?.[1]
    if (name === undefined || name === 'bugOn' || name === 'assert' || name === 'new') continue
    if (/(Processor|Driver)\./.test(name)) break
    if (names.at(-1) !== name) names.push(name)
  }
  return names
}

/** Builds the report. `states` are those of the CPUs whose driver could still be asked. */
export function buildReport(
  memory: Memory,
  functions: FunctionTable,
  load: (word: number) => number,
  cause: PanicCause,
  cpu: number,
  states: readonly ProcessorState[],
): PanicReport {
  const reader = new TraceReader(memory, load)
  const byCpu = new Map(states.map((state) => [state.cpu, state]))
  const cpus: CpuReport[] = []
  for (let id = 0; id < memory.layout.config.cpus; id++) {
    if (!testBit(memory, memory.present, id)) continue
    const state = byCpu.get(id)
    cpus.push({
      cpu: id,
      online: testBit(memory, memory.online, id),
      task: commOf(memory, load(memory.percpu(id) + PERCPU.current)),
      operation: state?.operation ?? null,
      place: state?.place ?? null,
      irqsOff: state?.irqsOff ?? false,
      preemptionOff: state?.preemptionOff ?? false,
      spinsFor: state?.spinsFor ?? -1,
      recent: reader.latest(id, 256).map((event) => formatEvent(event, memory, functions)),
    })
  }
  const spins = cpus.filter(({ spinsFor }) => spinsFor >= 0)
  const lines = spins.map((c) => `CPU ${c.cpu} (${c.task}) spins: ${c.operation}, held by CPU ${c.spinsFor}`)
  const spinning = spins.map(({ cpu, task, operation, spinsFor }): Wait => {
    const holder = cpus.find((other) => other.cpu === spinsFor)?.task ?? null
    return { task, cpu, what: operation!.replace(/^lock /, ''), holder, spins: true }
  })
  const sleeping = whoSleeps(memory, load)
  const told = sleeping.map(({ wait, letter }) => {
    const held = wait.holder === null ? '' : `, held by ${wait.holder}`
    return `${wait.task} (${letter}, CPU ${wait.cpu}) waits for ${wait.what}${held}`
  })
  const waits = [...lines, ...told, ...untaken(memory, load)]
  return { cause, cpu, cpus, waits, blocked: [...spinning, ...sleeping.map(({ wait }) => wait)] }
}

/** Every task that sleeps for something that has a name, and who holds it. */
function whoSleeps(memory: Memory, load: (word: number) => number): { wait: Wait; letter: string }[] {
  const found: { wait: Wait; letter: string }[] = []
  for (let index = 0; index < memory.layout.taskCount; index++) {
    const task = memory.task(index)
    const waitsFor = load(task + TASK.waitsFor)
    if (waitsFor === 0) continue
    // What lies at an address is the whole thing's first field as well.
    const what = memory.layout.describe(waitsFor).replace(/\.(lock|owner)$/, '')
    const holder = holderOf(memory, load, waitsFor)
    const cpu = load(task + TASK.cpu)
    found.push({
      wait: {
        task: commOf(memory, task),
        cpu,
        what,
        holder: holder === 0 ? null : commOf(memory, holder),
        spins: false,
      },
      letter: stateLetter(load(task + TASK.state)),
    })
  }
  return found
}

function untaken(memory: Memory, load: (word: number) => number): string[] {
  const lines: string[] = []
  for (let slot = 0; slot < LIMITS.portSlots; slot++) {
    const status = load(memory.slot(slot) + PORT_SLOT.status)
    if (status === 1) lines.push(`the request in slot ${slot} waits for a CPU to take it`)
  }
  return lines
}

/** The task that holds a mutex at that address, 0 when there is no mutex there or nobody holds it. */
function holderOf(memory: Memory, load: (word: number) => number, address: number): number {
  const { global } = memory
  const place = memory.layout.describe(address + MUTEX.owner)
  return address >= global && place.endsWith('.owner') ? load(address + MUTEX.owner) : 0
}

/** The report as text, `events` lines for each CPU. */
export function formatReport(report: PanicReport, events = 12): string {
  const { cause } = report
  const where = report.cpu < 0 ? '' : ` on CPU ${report.cpu}`
  const lines = [
    cause.kind === 'bug'
      ? `kernel BUG in ${cause.function}${where}: ${cause.message}`
      : `machine ${cause.kind}${where}: ${cause.message}`,
  ]
  if ('chain' in cause && cause.chain.length > 0) lines.push(`call chain: ${cause.chain.join(' < ')}`)
  if (report.waits.length > 0) lines.push('who waits for whom:', ...report.waits.map((line) => `  ${line}`))
  lines.push('CPUs:')
  for (const cpu of report.cpus) {
    const flags = [
      cpu.online ? 'online' : 'offline',
      cpu.irqsOff ? 'irqs off' : '',
      cpu.preemptionOff ? 'no preempt' : '',
    ]
    const doing = cpu.operation === null ? 'its worker does not answer' : `${cpu.operation} at ${cpu.place}`
    lines.push(`  CPU ${cpu.cpu} (${flags.filter(Boolean).join(', ')}) ${cpu.task}: ${doing}`)
    for (const event of cpu.recent.slice(-events)) lines.push(`    ${event}`)
  }
  return lines.join('\n')
}

/** A machine that has died; every request under way rejects with it, and every later one. */
export class MachinePanic extends Error {
  declare readonly report: PanicReport
  constructor(report: PanicReport) {
    super(formatReport(report))
    this.name = 'MachinePanic'
    // Its message says it all: not printed once more, as a property.
    Object.defineProperty(this, 'report', { value: report })
  }
}
