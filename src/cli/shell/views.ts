// Commands that show the machine: its CPUs, its tasks, its log.
import { formatCpuList } from '../../base/cpulist.js'
import { UsageError } from '../../base/failure.js'
import { NS_PER_S } from '../../base/time.js'
import { coreOf, siblingsOf } from '../../hotplug/smt.js'
import { bitsOf, testBit } from '../../ops/mask.js'
import { POLICY } from '../../sched/task.js'
import { type CpuTimes, cpuTimes } from '../../vfs/accounting.js'
import { allTasks, type TaskView } from '../../vfs/tasks.js'
import { table } from '../output.js'
import { type Command, formatLogLine, type Io, type Look, type Shell } from './context.js'
import { split } from './files.js'

export const VIEW_COMMANDS: Readonly<Record<string, Command>> = {
  lscpu: { usage: 'lscpu [-e | -p] [-a | -b]', summary: 'the CPUs', takes: 'nothing', run: lscpu },
  nproc: { usage: 'nproc [--all]', summary: 'how many CPUs can be used', takes: 'nothing', run: nproc },
  ps: { usage: 'ps [-A]', summary: 'the tasks (-A: requesters that rest, too)', takes: 'nothing', run: ps },
  top: { usage: 'top', summary: 'what CPUs and tasks have run since the last look', takes: 'nothing', run: top },
  uptime: { usage: 'uptime', summary: 'how long the machine has been up', takes: 'nothing', run: uptime },
  dmesg: { usage: 'dmesg [-c | -C]', summary: 'the kernel log', takes: 'nothing', afterPanic: true, run: dmesg },
}

function lscpu(shell: Shell, words: readonly string[], io: Io): number {
  const { flags, rest } = split(words, 'epab')
  if (rest.length > 0) throw new UsageError(`unexpected '${rest[0]}'`)
  const { memory } = shell.machine
  const isOnline = (cpu: number): boolean => testBit(memory, memory.online, cpu)
  const present = [...bitsOf(memory, memory.present)]
  const online = present.filter(isOnline)
  // As util-linux: -e shows all CPUs unless it is told not to, -p those that are online.
  const shown = flags.has('b') || (flags.has('p') && !flags.has('a')) ? online : present
  if (flags.has('p')) {
    io.out('# CPU,Core,Socket,Node\n')
    for (const cpu of shown) io.out(isOnline(cpu) ? `${cpu},${coreOf(memory, cpu)},0,\n` : `${cpu},,,\n`)
  } else if (flags.has('e')) {
    const rows = shown.map((cpu) =>
      isOnline(cpu) ? [`${cpu}`, '0', `${coreOf(memory, cpu)}`, 'yes'] : [`${cpu}`, '-', '-', 'no'],
    )
    io.out(`${table([['CPU', 'SOCKET', 'CORE', 'ONLINE'], ...rows], [0, 1, 2, 3]).join('\n')}\n`)
  } else {
    const offline = present.filter((cpu) => !isOnline(cpu))
    const lines: [string, string | number][] = [
      ['CPU(s):', present.length],
      ['On-line CPU(s) list:', formatCpuList(online)],
      ...(offline.length > 0 ? ([['Off-line CPU(s) list:', formatCpuList(offline)]] as [string, string][]) : []),
      ['Model name:', 'cpuhp simulated CPU'],
      ['Thread(s) per core:', Math.max(...online.map((cpu) => siblingsOf(memory, cpu, memory.online).length))],
      ['Core(s) per socket:', new Set(online.map((cpu) => coreOf(memory, cpu))).size],
      ['Socket(s):', 1],
    ]
    for (const [name, value] of lines) io.out(`${name.padEnd(24)} ${value}\n`)
  }
  return 0
}

function nproc(shell: Shell, words: readonly string[], io: Io): number {
  const { memory } = shell.machine
  if (words.length > 1 || (words.length === 1 && words[0] !== '--all')) throw new UsageError(`unexpected '${words[0]}'`)
  io.out(`${[...bitsOf(memory, words.length === 1 ? memory.present : memory.online)].length}\n`)
  return 0
}

const CLASSES = new Map<number, string>([
  [POLICY.normal, 'TS'],
  [POLICY.fifo, 'FF'],
  [POLICY.roundRobin, 'RR'],
])

const nameOf = ({ kernel, comm }: TaskView): string => (kernel ? `[${comm}]` : comm)

function ps(shell: Shell, words: readonly string[], io: Io): number {
  const all = words.some((word) => /^(?:-A|-e|-ef|aux|ax)$/.test(word))
  if (!all && words.length > 0) throw new UsageError(`unexpected '${words[0]}'; -A shows all tasks`)
  const tasks = allTasks(shell.machine.memory, shell.machine.now()).filter((task) => all || !rests(task))
  const rows = tasks.map((task) => [
    String(task.pid),
    String(task.cpu),
    CLASSES.get(task.policy) ?? '?',
    task.rtPriority > 0 ? String(task.rtPriority) : '-',
    task.rtPriority > 0 ? '-' : String(task.nice),
    task.state,
    clock(task.runNs),
    nameOf(task),
  ])
  const head = ['PID', 'PSR', 'CLS', 'RTPRIO', 'NI', 'S', 'TIME', 'COMMAND']
  io.out(`${table([head, ...rows], [0, 1, 3, 4, 6]).join('\n')}\n`)
  return 0
}

/** Requesters wait in dozens for something to do. */
function rests({ requester, state }: TaskView): boolean {
  return requester && state === 'S'
}

/** minutes:seconds.hundredths, as top's TIME+. */
function clock(ns: number): string {
  const hundredths = Math.floor(ns / (NS_PER_S / 100))
  const seconds = Math.floor(hundredths / 100)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}.${two(hundredths % 100)}`
}

/** Tasks that top has room for. */
const TOP_TASKS = 20

function top(shell: Shell, words: readonly string[], io: Io): number {
  if (words.length > 0) throw new UsageError(`unexpected '${words[0]}'`)
  const { memory } = shell.machine
  const before = shell.look
  const atNs = shell.machine.now()
  const tasks = allTasks(memory, atNs)
  const possible = [...bitsOf(memory, memory.possible)]
  const now: Look = {
    atNs,
    cpus: possible.map((cpu) => cpuTimes(memory, cpu, atNs)),
    tasks: new Map(tasks.map(({ pid, runNs }) => [pid, runNs])),
  }
  shell.look = now
  const online = [...bitsOf(memory, memory.online)]
  const present = [...bitsOf(memory, memory.present)]
  io.out(`top - up ${duration(atNs)}, ${present.length} CPUs, ${online.length} online\n`)
  const running = tasks.filter(({ state }) => state === 'R').length
  io.out(`Tasks: ${tasks.length} total, ${running} running, ${tasks.length - running} sleeping\n`)
  for (const cpu of present) {
    const isOnline = testBit(memory, memory.online, cpu)
    io.out(`%Cpu${String(cpu).padEnd(3)}: ${isOnline ? shares(now.cpus[cpu]!, before?.cpus[cpu]) : ' offline'}\n`)
  }
  const elapsedNs = Math.max(1, atNs - (before?.atNs ?? 0))
  // Virtual time stands still while nothing is asked of the machine.
  if (before?.atNs === atNs) io.out('no time has passed since the last look\n')
  const busy = tasks
    .map((task) => ({ task, share: (task.runNs - (before?.tasks.get(task.pid) ?? 0)) / elapsedNs }))
    .filter(({ task }) => !rests(task))
    .sort((a, b) => b.share - a.share || a.task.pid - b.task.pid)
    .slice(0, TOP_TASKS)
  const rows = busy.map(({ task, share }) => [
    String(task.pid),
    task.rtPriority === 99 ? 'rt' : String(task.priority),
    task.rtPriority > 0 ? '0' : String(task.nice),
    task.state,
    percent(share),
    clock(task.runNs),
    String(task.cpu),
    nameOf(task),
  ])
  io.out(
    `\n${table([['PID', 'PR', 'NI', 'S', '%CPU', 'TIME+', 'P', 'COMMAND'], ...rows], [0, 1, 2, 4, 5, 6]).join('\n')}\n`,
  )
  return 0
}

const percent = (share: number): string => (100 * Math.min(1, Math.max(0, share))).toFixed(1)

/** What part of its online time since the last look a CPU has spent at what. */
function shares(now: CpuTimes, before: CpuTimes | undefined): string {
  const spent = (name: keyof CpuTimes): number => Math.max(0, now[name] - (before?.[name] ?? 0))
  const parts = {
    us: spent('userNs'),
    sy: spent('systemNs'),
    ni: spent('niceNs'),
    id: spent('idleNs'),
    st: spent('stealNs'),
  }
  const total = Math.max(1, parts.us + parts.sy + parts.ni + parts.id + parts.st)
  return Object.entries(parts)
    .map(([name, ns]) => `${percent(ns / total).padStart(5)} ${name}`)
    .join(', ')
}

function uptime(shell: Shell, words: readonly string[], io: Io): number {
  if (words.length > 0) throw new UsageError(`unexpected '${words[0]}'`)
  io.out(`up ${duration(shell.machine.now())}\n`)
  return 0
}

function duration(ns: number): string {
  const seconds = Math.floor(ns / NS_PER_S)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${hours}:${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}

function dmesg(shell: Shell, words: readonly string[], io: Io): number {
  const { flags, rest } = split(words, 'cC')
  if (rest.length > 0) throw new UsageError(`unexpected '${rest[0]}'`)
  const { log } = shell.machine
  const from = shell.cleared === null ? 0 : log.indexOf(shell.cleared) + 1
  if (!flags.has('C')) for (const { timeNs, text } of log.slice(from)) io.out(formatLogLine(timeNs, text))
  if (flags.size > 0) shell.cleared = log.at(-1) ?? null
  return 0
}
