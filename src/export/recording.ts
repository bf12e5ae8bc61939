// Recording a machine: its rings are read before they are overwritten, and addresses get their names while they have them.
import { irqName } from '../devices/config.js'
import type { Observed } from '../machine/observer.js'
import { WORKQUEUE } from '../memory/structs/workqueues.js'
import { TASK } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { commOf } from '../sched/task.js'
import type { TraceEvent, TraceReader } from '../trace/ring.js'
import type { Entry, Trace } from './entry.js'
import { translate } from './translate.js'
import type { TaskName } from './translation.js'

/** Events that are kept of one machine; those after it are counted as lost. */
const MOST_ENTRIES = 2_000_000

export class Recording {
  private readonly machine: Observed
  private readonly reader: TraceReader
  private readonly room: number
  private readonly names = new Map<number, TaskName>()
  private readonly entries: { readonly ticket: number; readonly entry: Entry }[] = []
  /** for each CPU: events lost since its last entry, and what the reader has counted of them */
  private readonly lost: number[]
  private readonly counted: number[]

  constructor(machine: Observed, room = MOST_ENTRIES) {
    this.machine = machine
    this.reader = machine.traceReader()
    this.room = room
    this.lost = new Array<number>(machine.cpus).fill(0)
    this.counted = new Array<number>(machine.cpus).fill(0)
  }

  /** Takes what has been recorded since. */
  read(): void {
    const events = this.reader.read()
    const lost = this.reader.lostOf
    for (let cpu = 0; cpu < lost.length; cpu++) {
      const more = lost[cpu]! - this.counted[cpu]!
      if (more === 0) continue
      this.lost[cpu]! += more
      this.counted[cpu] = lost[cpu]!
      // Who was made meanwhile, in the place of another, is not known.
      this.names.clear()
    }
    for (const event of events) this.take(event)
  }

  private take(event: TraceEvent): void {
    const { cpu, timeNs, ticket, flags } = event
    if (event.event === 'sched_process_fork') this.named(event.a, event.b)
    if (this.entries.length === this.room) {
      this.lost[cpu]!++
      return
    }
    const names = {
      task: (address: number): TaskName => this.taskName(address),
      function: (n: number): string => this.machine.functionName(n),
      workqueue: (n: number): string => this.workqueueName(n),
      irq: (n: number): string => irqName(this.machine.memory, n),
    }
    const { pid, comm } = this.taskName(event.task)
    const entry = { cpu, timeNs, pid, comm, flags, ...translate(event, names), lost: this.lost[cpu]! }
    this.lost[cpu] = 0
    this.entries.push({ ticket, entry })
  }

  private workqueueName(number: number): string {
    const { memory } = this.machine
    return memory.getText(memory.workqueue(number) + WORKQUEUE.name, 4)
  }

  private taskName(address: number): TaskName {
    const known = this.names.get(address)
    if (known !== undefined) return known
    const { memory } = this.machine
    const name = { pid: memory.get(address + TASK.pid), comm: commOf(memory, address) }
    this.names.set(address, name)
    return name
  }

  /** A task has been made. When another has its place already, nobody knows its name: Linux says so in the same way. */
  private named(address: number, pid: number): void {
    const { memory } = this.machine
    const comm = memory.get(address + TASK.pid) === pid ? commOf(memory, address) : '<...>'
    this.names.set(address, { pid, comm })
  }

  /** Everything that was recorded, in the order of the tickets: rings are read one after the other. */
  finish(): Trace {
    this.read()
    const { kind, cpus, memory } = this.machine
    // An order of the whole, for sorting: of two events the later is less than half the way round behind the first.
    const sorted = this.entries.sort((x, y) => (x.ticket - y.ticket) | 0)
    return {
      kind,
      cpus,
      online: [...bitsOf(memory, memory.online)].length,
      entries: sorted.map(({ entry }) => entry),
      lostAtEnd: [...this.lost],
      endNs: this.machine.now(),
    }
  }
}
