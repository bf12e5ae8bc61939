// /proc: what the kernel counts, and a directory for each task. Only what this machine really knows is here.
import { formatCpuMask, parseCpuList } from '../base/cpulist.js'
import { KernelError } from '../base/errno.js'
import { NS_PER_MS } from '../base/time.js'
import { coreOf } from '../hotplug/smt.js'
import { GLOBAL, RUNQUEUE } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { type CpuTimes, cpuTimes, INTERRUPTS, interruptsTaken, sumOfTimes, sumOverCpus } from './accounting.js'
import { irqLines, irqRoot, irqTotals } from './irq.js'
import { type DirectoryNode, directory, type Entries, type FileNode } from './node.js'
import { softirqs, softirqTotals } from './softirqs.js'
import type { System } from './system.js'
import { allTasks, findTask, type TaskView } from './tasks.js'

/** What times are shown in: USER_HZ is 100. */
const TICK_NS = 10 * NS_PER_MS

export function procRoot(system: System): DirectoryNode {
  return directory(
    {
      cpuinfo: procFile(() => cpuinfo(system)),
      interrupts: procFile(() => interrupts(system)),
      ...(system.memory.irqs > 0 ? { irq: irqRoot(system) } : {}),
      schedstat: procFile(() => schedstat(system)),
      softirqs: procFile(() => softirqs(system.memory)),
      stat: procFile(() => stat(system)),
      uptime: procFile(() => uptime(system)),
    },
    processes(system),
    0o555,
  )
}

/** Root may open a file of /proc that nobody may write to; then the write fails. */
function procFile(read: () => string, refusal: 'EIO' | 'EINVAL' = 'EIO'): FileNode {
  const write = async (): Promise<void> => {
    throw new KernelError(refusal, 'write')
  }
  return { kind: 'file', mode: 0o444, size: 0, read, write }
}

function cpuinfo({ memory }: System): string {
  const online = [...bitsOf(memory, memory.online)]
  const cores = new Set(online.map((cpu) => coreOf(memory, cpu))).size
  const paragraph = (cpu: number): string =>
    [
      `processor\t: ${cpu}`,
      'model name\t: cpuhp simulated CPU',
      'physical id\t: 0',
      `siblings\t: ${online.length}`,
      `core id\t\t: ${coreOf(memory, cpu)}`,
      `cpu cores\t: ${cores}`,
      `apicid\t\t: ${cpu}`,
      '\n',
    ].join('\n')
  return online.map(paragraph).join('')
}

function interrupts({ memory }: System): string {
  const online = [...bitsOf(memory, memory.online)]
  const head = `${' '.repeat(11)}${online.map((cpu) => `CPU${String(cpu).padEnd(8)}`).join('')}`
  const lines = INTERRUPTS.map(({ label, vectors, description }) => {
    const counts = online.map((cpu) => `${String(interruptsTaken(memory, cpu, vectors)).padStart(10)} `)
    return `${label.padStart(3)}: ${counts.join('')}  ${description}`
  })
  // The port, which is number 0; the devices; what CPUs have among themselves.
  lines.splice(1, 0, ...irqLines(memory, online))
  return `${[head, ...lines].join('\n')}\n`
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const ticks = (ns: number): number => Math.floor(ns / TICK_NS)

function statLine(name: string, { userNs, niceNs, systemNs, idleNs, stealNs }: CpuTimes): string {
  return `${name} ${[userNs, niceNs, systemNs, idleNs].map(ticks).join(' ')} 0 0 0 ${ticks(stealNs)} 0 0`
}

function stat({ memory, now, bootTime }: System): string {
  const nowNs = now()
  const all = [...bitsOf(memory, memory.possible)].map((cpu) => cpuTimes(memory, cpu, nowNs))
  const total = (vectors: readonly number[]) => sumOverCpus(memory, (cpu) => interruptsTaken(memory, cpu, vectors))
  const sumOf = (field: number) => sumOverCpus(memory, (cpu) => memory.get(memory.runqueue(cpu) + field))
  const port = total(INTERRUPTS[0]!.vectors)
  const devices = irqTotals(memory)
  const lines = [
    statLine('cpu ', sumOfTimes(all)),
    ...[...bitsOf(memory, memory.online)].map((cpu) => statLine(`cpu${cpu}`, all[cpu]!)),
    `intr ${total(INTERRUPTS.flatMap(({ vectors }) => vectors)) + sum(devices)} ${[port, ...devices].join(' ')}`,
    `ctxt ${sumOf(RUNQUEUE.switches)}`,
    `btime ${bootTime}`,
    `processes ${memory.get(memory.global + GLOBAL.nextPid)}`,
    `procs_running ${sumOf(RUNQUEUE.running)}`,
    'procs_blocked 0',
    softirqTotals(memory),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * Version 15, as a kernel writes it that keeps no statistics of the scheduler: only how long tasks have run on each CPU
 * is there, in ns. No domains: nothing is counted of the one there is.
 */
function schedstat({ memory, now }: System): string {
  const nowNs = now()
  const lines = [...bitsOf(memory, memory.online)].map((cpu) => {
    const { userNs, niceNs, systemNs } = cpuTimes(memory, cpu, nowNs)
    return `cpu${cpu} 0 0 0 0 0 0 ${Math.floor(userNs + niceNs + systemNs)} 0 0`
  })
  return `${['version 15', `timestamp ${Math.floor(nowNs / NS_PER_MS)}`, ...lines].join('\n')}\n`
}

function uptime({ memory, now }: System): string {
  const nowNs = now()
  const idleNs = sumOverCpus(memory, (cpu) => cpuTimes(memory, cpu, nowNs).idleNs)
  const seconds = (ns: number): string => (Math.floor(ns / TICK_NS) / 100).toFixed(2)
  return `${seconds(nowNs)} ${seconds(idleNs)}\n`
}

function processes(system: System): Entries {
  const { memory, now } = system
  return {
    names: () => allTasks(memory, now()).map(({ pid }) => String(pid)),
    find(name) {
      const pid = /^[1-9]\d{0,9}$/.test(name) ? Number(name) : 0
      return pid > 0 && findTask(memory, pid, now()) !== null ? processDirectory(system, pid) : null
    },
  }
}

function processDirectory({ memory, now }: System, pid: number): DirectoryNode {
  // It may end between the look that found it and the one that reads.
  const file = (format: (task: TaskView, cpus: number) => string): FileNode =>
    procFile(() => {
      const task = findTask(memory, pid, now())
      if (task === null) throw new KernelError('ESRCH', 'read', `/proc/${pid}`)
      return format(task, memory.layout.config.cpus)
    }, 'EINVAL')
  return directory(
    {
      cgroup: file(({ cgroup }) => `0::${cgroup}\n`),
      comm: file(({ comm }) => `${comm}\n`),
      sched: file(taskSched),
      stat: file(taskStat),
      status: file(taskStatus),
    },
    undefined,
    0o555,
  )
}

/** As in sched.h: PF_KTHREAD, and PF_NO_SETAFFINITY of those that are bound. */
const PF = { kthread: 0x0020_0000, noSetAffinity: 0x0400_0000 } as const

/** The 52 fields of /proc/PID/stat; 0 where this machine has no such thing: parents, sessions, memory, signals. */
function taskStat(task: TaskView): string {
  const fields: (string | number)[] = new Array(52).fill(0)
  const set = (number: number, value: string | number): void => {
    fields[number - 1] = value
  }
  set(1, task.pid)
  set(2, `(${task.comm})`)
  set(3, task.state)
  set(8, -1)
  set(9, (task.kernel ? PF.kthread : 0) | (task.bound ? PF.noSetAffinity : 0))
  // utime and stime: what a user task does in the kernel is counted as its own.
  set(task.kernel ? 15 : 14, ticks(task.runNs))
  set(18, task.priority)
  set(19, task.nice)
  set(20, 1)
  set(22, ticks(task.startNs))
  set(39, task.cpu)
  set(40, task.rtPriority)
  set(41, task.policy)
  return `${fields.join(' ')}\n`
}

const STATES: Readonly<Record<string, string>> = { R: 'running', S: 'sleeping', D: 'disk sleep', P: 'parked' }

function taskStatus(task: TaskView, cpus: number): string {
  const lines = [
    `Name:\t${task.comm}`,
    `State:\t${task.state} (${STATES[task.state] ?? 'unknown'})`,
    `Tgid:\t${task.pid}`,
    `Pid:\t${task.pid}`,
    'PPid:\t0',
    'Threads:\t1',
    `Cpus_allowed:\t${formatCpuMask(parseCpuList(task.affinity, cpus), cpus)}`,
    `Cpus_allowed_list:\t${task.affinity}`,
  ]
  return `${lines.join('\n')}\n`
}

/** Of /proc/PID/sched what this machine knows, in the kernel's columns. */
function taskSched(task: TaskView): string {
  const line = (name: string, value: string | number): string => `${name.padEnd(45)}:${String(value).padStart(21)}`
  // Milliseconds, with six digits behind the point.
  const time = (name: string, ns: number): string => line(name, (ns / NS_PER_MS).toFixed(6))
  const lines = [
    `${task.comm} (${task.pid}, #threads: 1)`,
    '-'.repeat(67),
    time('se.exec_start', task.execStartNs),
    time('se.vruntime', task.vruntimeNs),
    time('se.sum_exec_runtime', task.runNs),
    line('se.nr_migrations', task.migrations),
    line('policy', task.policy),
    line('prio', 100 + task.priority),
  ]
  return `${lines.join('\n')}\n`
}
