// Commands that have the machine, or the shell, do something.
import { formatCpuList, formatCpuMask, parseCpuList, parseCpuMask } from '../../base/cpulist.js'
import { KernelError } from '../../base/errno.js'
import { UsageError } from '../../base/failure.js'
import { NS_PER_S, parseDuration } from '../../base/time.js'
import { LEVELS } from '../../hotplug/suspend.js'
import { type Task, TaskFault, TaskKilled } from '../../machine/processes.js'
import { POLICY } from '../../sched/task.js'
import { findTask, type TaskView } from '../../vfs/tasks.js'
import { parseSpawn, SPAWN_USAGE } from '../spawn-words.js'
import { oneLine, oneOf, wholeNumber } from '../values.js'
import { type Command, type Io, message, type Shell } from './context.js'

export const CONTROL_COMMANDS: Readonly<Record<string, Command>> = {
  spawn: { usage: SPAWN_USAGE, summary: 'start a busy process', takes: 'workloads', run: spawn },
  kill: { usage: 'kill [-9] PID...', summary: 'end processes', takes: 'nothing', run: kill },
  taskset: {
    usage: 'taskset -p [MASK | -c LIST] PID',
    summary: 'on which CPUs a task may run',
    takes: 'nothing',
    run: taskset,
  },
  chrt: { usage: 'chrt -p PID', summary: 'policy and priority of a task', takes: 'nothing', run: chrt },
  jobs: { usage: 'jobs', summary: 'what goes on in the background', takes: 'nothing', run: jobs },
  wait: { usage: 'wait', summary: 'wait until all of that has ended', takes: 'nothing', run: wait },
  sleep: { usage: 'sleep TIME', summary: "wait for a time of the machine's: 2, 10ms", takes: 'nothing', run: sleep },
  suspend: {
    usage: `suspend ${LEVELS.join('|')}`,
    summary: 'suspend the machine as far as that, and resume',
    takes: 'nothing',
    run: suspend,
  },
  trace: {
    usage: 'trace on [EVENT... | all] | off | show [LINES] | clear',
    summary: 'record events',
    takes: 'nothing',
    afterPanic: true,
    run: trace,
  },
  uevents: {
    usage: 'uevents on | off',
    summary: 'show what the kernel tells of devices',
    takes: 'nothing',
    run: uevents,
  },
  reboot: { usage: 'reboot', summary: 'boot a new machine', takes: 'nothing', afterPanic: true, run: reboot },
  exit: { usage: 'exit [STATUS]', summary: 'leave the shell', takes: 'nothing', afterPanic: true, run: exit },
  true: { usage: 'true', summary: 'answer 0', takes: 'nothing', afterPanic: true, run: () => 0 },
  false: { usage: 'false', summary: 'answer 1', takes: 'nothing', afterPanic: true, run: () => 1 },
}

async function spawn(shell: Shell, words: readonly string[], io: Io): Promise<number> {
  const task = await io.wait(shell.machine.spawn(parseSpawn(words, shell.machine.cpus)))
  const { number } = shell.addJob(`spawn ${words.join(' ')}`, task, resultOf(task))
  io.out(`[${number}] ${task.pids.join(' ')}\n`)
  return 0
}

async function resultOf(task: Task): Promise<string> {
  try {
    return `Done: ${await task.result}`
  } catch (error) {
    if (error instanceof TaskKilled) return 'Terminated'
    if (error instanceof TaskFault) return `Fault: ${oneLine(error.message)}`
    throw error
  }
}

function jobs(shell: Shell, _words: readonly string[], io: Io): number {
  for (const { number, text } of shell.jobs.values()) io.out(`[${number}]  Running  ${text}\n`)
  return 0
}

async function wait(shell: Shell, _words: readonly string[], io: Io): Promise<number> {
  await io.wait(Promise.all([...shell.jobs.values()].map(({ done }) => done)))
  return 0
}

async function sleep(shell: Shell, words: readonly string[], io: Io): Promise<number> {
  const [time] = words
  if (time === undefined || words.length > 1) throw new UsageError('how long? As in 2, 0.5, 10ms')
  const ns = /^\d+(\.\d+)?$/.test(time) ? Number(time) * NS_PER_S : parseDuration(time)
  await io.wait(shell.machine.sleep(ns))
  return 0
}

async function suspend(shell: Shell, words: readonly string[], io: Io): Promise<number> {
  await io.wait(shell.machine.suspend(oneOf('the level', LEVELS)(words.join(' '))))
  return 0
}

async function kill(shell: Shell, words: readonly string[], io: Io): Promise<number> {
  const pids = words.filter((word, n) => !(n === 0 && /^-(?:\d+|[A-Z]+)$/.test(word)))
  if (pids.length === 0) throw new UsageError('which PID?')
  let status = 0
  for (const word of pids) {
    const pid = wholeNumber('PID', 1, 2 ** 31 - 1)(word)
    const task = shell.tasks.get(pid)
    if (task !== undefined) await io.wait(task.kill())
    else if (viewOf(shell, pid) === null) {
      io.err(`sh: can't kill pid ${pid}: No such process\n`)
      status = 1
    }
    // Kernel threads take no signals: nothing happens, and that is no error.
  }
  return status
}

function viewOf(shell: Shell, pid: number): TaskView | null {
  return findTask(shell.machine.memory, pid, shell.machine.now())
}

async function taskset(shell: Shell, words: readonly string[], io: Io): Promise<number> {
  const letters = words.filter((word) => /^-[pca]+$/.test(word)).join('')
  const values = words.filter((word) => !/^-[pca]+$/.test(word))
  if (!letters.includes('p') || values.length < 1 || values.length > 2) {
    throw new UsageError('it takes -p [MASK] PID, or -pc [LIST] PID')
  }
  const asList = letters.includes('c')
  const pid = wholeNumber('PID', 1, 2 ** 31 - 1)(values.at(-1)!)
  const { cpus } = shell.machine
  const tell = (which: 'current' | 'new'): number => {
    const task = viewOf(shell, pid)
    if (task === null) {
      io.err(`taskset: failed to get pid ${pid}'s affinity: No such process\n`)
      return 1
    }
    const mask = asList ? task.affinity : formatCpuMask(parseCpuList(task.affinity, cpus), cpus)
    io.out(`pid ${pid}'s ${which} affinity ${asList ? 'list' : 'mask'}: ${mask}\n`)
    return 0
  }
  const status = tell('current')
  if (values.length === 1 || status !== 0) return status
  const list = parseCpus(values[0]!, asList, cpus)
  if (list === null) {
    io.err(`taskset: failed to parse CPU ${asList ? 'list' : 'mask'}: ${oneLine(values[0]!)}\n`)
    return 1
  }
  try {
    const task = shell.tasks.get(pid)
    // Kernel threads that are bound refuse; requesters, which the host needs, do as well.
    if (task === undefined) throw new KernelError('EINVAL', 'sched_setaffinity')
    await io.wait(task.setAffinity(list))
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    io.err(`taskset: failed to set pid ${pid}'s affinity: ${message(error)}\n`)
    return 1
  }
  return tell('new')
}

/** CPUs as taskset is told them; CPUs that there are not are left out, as the system call does. Null when it can't be read. */
function parseCpus(text: string, asList: boolean, cpus: number): string | null {
  const numbers = asList ? (/^[\d,-]+$/.test(text) ? listOf(text) : null) : parseCpuMask(text)
  return numbers === null ? null : formatCpuList(numbers.filter((cpu) => cpu < cpus))
}

function listOf(text: string): number[] | null {
  try {
    return parseCpuList(text, 2 ** 16)
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
}

const POLICY_NAMES = new Map<number, string>([
  [POLICY.normal, 'SCHED_OTHER'],
  [POLICY.fifo, 'SCHED_FIFO'],
  [POLICY.roundRobin, 'SCHED_RR'],
])

function chrt(shell: Shell, words: readonly string[], io: Io): number {
  if (words[0] !== '-p' || words.length !== 2) throw new UsageError('it takes -p PID; a policy is given at spawn')
  const pid = wholeNumber('PID', 1, 2 ** 31 - 1)(words[1]!)
  const task = viewOf(shell, pid)
  if (task === null) {
    io.err(`chrt: failed to get pid ${pid}'s policy: No such process\n`)
    return 1
  }
  io.out(`pid ${pid}'s current scheduling policy: ${POLICY_NAMES.get(task.policy)}\n`)
  io.out(`pid ${pid}'s current scheduling priority: ${task.rtPriority}\n`)
  return 0
}

function trace(shell: Shell, words: readonly string[], io: Io): number {
  const [what, ...rest] = words
  switch (what) {
    case 'on':
      shell.trace.start(shell.machine, rest)
      return 0
    case 'off':
      shell.trace.stop(shell.machine)
      return 0
    case 'clear':
      shell.trace.clear()
      return 0
    case 'show': {
      shell.trace.collect(shell.machine)
      const { lines, lost } = shell.trace
      const count = rest.length === 0 ? lines.length : wholeNumber('LINES', 0, 1e9)(rest[0]!)
      for (const line of lines.slice(Math.max(0, lines.length - count))) io.out(`${line}\n`)
      if (lost > 0) io.err(`trace: ${lost} events were lost\n`)
      return 0
    }
    default:
      throw new UsageError('it takes on, off, show or clear')
  }
}

function uevents(shell: Shell, words: readonly string[]): number {
  const [what] = words
  if (words.length !== 1 || (what !== 'on' && what !== 'off')) throw new UsageError('it takes on or off')
  shell.showUevents(what === 'on')
  return 0
}

async function reboot(shell: Shell): Promise<number> {
  await shell.reboot()
  return 0
}

function exit(shell: Shell, words: readonly string[]): number {
  const status = words.length === 0 ? shell.status : wholeNumber('STATUS', 0, 255)(words[0]!)
  shell.exit(status)
  return status
}
