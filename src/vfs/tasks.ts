// The tasks of a machine as tools see them: those that have a pid and live.
import { formatCpuList } from '../base/cpulist.js'
import { pathOf } from '../cgroup/groups.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP_MEMBER } from '../memory/structs/cgroups.js'
import { PROGRAM, TASK } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { commOf, FLAG, POLICY, STATE, stateLetter } from '../sched/task.js'
import { runTime } from './accounting.js'

export interface TaskView {
  readonly pid: number
  readonly comm: string
  /** a kernel thread */
  readonly kernel: boolean
  /** one of those that make the host's requests */
  readonly requester: boolean
  /** may not change CPU, by whoever asks */
  readonly bound: boolean
  /** R, S, D, P: as ps writes it */
  readonly state: string
  /** the CPU that it is on, or was on when it went to sleep */
  readonly cpu: number
  /** as in sched.h: 0 SCHED_OTHER, 1 SCHED_FIFO, 2 SCHED_RR */
  readonly policy: number
  /** of FIFO and RR tasks, 1..99; 0 of others */
  readonly rtPriority: number
  readonly nice: number
  /** what /proc and top show as priority: 20 + nice, or -1 - rtPriority */
  readonly priority: number
  /** CPUs that it may run on: '0-3' */
  readonly affinity: string
  /** the control group that it is in: '/a/b' */
  readonly cgroup: string
  /** the first task of its process */
  readonly leader: boolean
  readonly migrations: number
  readonly runNs: number
  readonly startNs: number
  /** of normal tasks: how long each has run, by its weight */
  readonly vruntimeNs: number
  /** when its execution was last accounted */
  readonly execStartNs: number
}

/** All of them, by pid. */
export function allTasks(memory: Memory, nowNs: number): TaskView[] {
  const views: TaskView[] = []
  for (const task of liveTasks(memory)) views.push(viewOf(memory, task, nowNs))
  return views.sort((a, b) => a.pid - b.pid)
}

/** The task of that pid; null when there is none. */
export function findTask(memory: Memory, pid: number, nowNs: number): TaskView | null {
  for (const task of liveTasks(memory)) {
    if (memory.get(task + TASK.pid) === pid) return viewOf(memory, task, nowNs)
  }
  return null
}

function* liveTasks(memory: Memory): Generator<number, void, undefined> {
  for (let index = 0; index < memory.layout.taskCount; index++) {
    const task = memory.task(index)
    if (memory.get(task + TASK.pid) > 0 && !hasEnded(memory, task)) yield task
  }
}

/** Also one that is on its way out, after the last of its process has told of its end. */
function hasEnded(memory: Memory, task: number): boolean {
  if (memory.get(task + TASK.state) === STATE.dead) return true
  const isUser = (memory.get(task + TASK.flags) & FLAG.user) !== 0
  return isUser && memory.get(memory.program(memory.get(task + TASK.program)) + PROGRAM.alive) === 0
}

function groupOfTask(memory: Memory, task: number): number {
  if ((memory.get(task + TASK.flags) & FLAG.user) === 0) return memory.cgroup(0)
  const member = memory.cgroupMember(memory.get(task + TASK.program))
  return memory.get(member + CGROUP_MEMBER.group) || memory.cgroup(0)
}

function viewOf(memory: Memory, task: number, nowNs: number): TaskView {
  const flags = memory.get(task + TASK.flags)
  const policy = memory.get(task + TASK.policy)
  // Stoppers have a class of their own, which Linux shows as the highest of FIFO.
  const stops = policy === POLICY.stop
  const rtPriority = stops ? 99 : memory.get(task + TASK.priority)
  const nice = memory.get(task + TASK.nice)
  return {
    pid: memory.get(task + TASK.pid),
    comm: commOf(memory, task),
    kernel: (flags & FLAG.kthread) !== 0,
    requester: (flags & (FLAG.kthread | FLAG.user)) === 0,
    bound: (flags & FLAG.perCpu) !== 0,
    state: stateLetter(memory.get(task + TASK.state)),
    cpu: memory.get(task + TASK.cpu),
    policy: stops ? POLICY.fifo : policy,
    rtPriority,
    nice,
    priority: rtPriority > 0 ? -1 - rtPriority : 20 + nice,
    affinity: formatCpuList(bitsOf(memory, memory.affinity(task))),
    cgroup: pathOf(memory, groupOfTask(memory, task)),
    leader: memory.get(task + TASK.member) === 0,
    migrations: memory.get(task + TASK.migrations),
    runNs: runTime(memory, task, nowNs),
    startNs: memory.getTime(task + TASK.startTime),
    vruntimeNs: memory.getTime(task + TASK.vruntime),
    execStartNs: memory.getTime(task + TASK.execStart),
  }
}
