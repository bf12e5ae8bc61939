// Scenarios of task groups with a limit: they are throttled, and let go, on CPUs that go and come.
import { NS_PER_MS } from '../../base/time.js'
import type { TaskGroup } from '../../machine/groups.js'
import type { Machine } from '../../machine/machine.js'
import { CFS_RQ } from '../../memory/structs/task-groups.js'
import { TASK } from '../../memory/structs.js'
import { type Actor, offline, online, scenario, step } from '../scenario.js'

const QUOTA_US = 3000
const TASKS = 3

/** A task of the group, which computes for some periods. */
const member = (seed: number): Actor<TaskGroup> => ({
  name: `sha256 ${seed}`,
  needed: true,
  steps: [
    {
      says: 'sha256 (1500) in the group',
      async do(machine, group) {
        const task = await machine.spawn({ workload: 'sha256', work: 1500, seed, group })
        const result = await task.result
        return result === task.expected ? undefined : `sha256 computed '${result}', not '${task.expected}'`
      },
    },
  ],
})

const pause = (ms: number) => step<TaskGroup>(`sleep(${ms} ms)`, (machine) => machine.sleep(ms * NS_PER_MS))

/**
 * The group's tasks have run for no longer than they might: a quota for each period, and what a CPU finds out a tick late. That is a
 * debt, of each CPU, which is paid from the next quota; what a CPU owes when it goes down is let off, as in 6.1.
 */
function* withinQuota({ memory, cpus }: Machine, group: TaskGroup) {
  let ran = 0
  for (let n = 0; n < TASKS; n++) ran += memory.getTime(memory.userTask(n) + TASK.sumExec)
  const { nr_periods, nr_throttled } = group.stat
  let letOff = 0
  for (let n = 0; n < cpus; n++) letOff += memory.getTime(memory.cfsRq(group.number, n) + CFS_RQ.letOff)
  const most = (nr_periods + 1) * QUOTA_US * 1000 + cpus * LATE_NS + letOff
  if (ran > most) yield `the group has run for ${ran} ns in ${nr_periods} periods, at most ${most} ns were its`
  if (nr_throttled > nr_periods) yield `the group was throttled in ${nr_throttled} periods of ${nr_periods}`
}

/** A tick, and the stretch of a task's program that is under way then. */
const LATE_NS = 5 * NS_PER_MS

export const bandwidth = scenario<TaskGroup>({
  name: 'bandwidth',
  says: 'CPUs go and come while a group of tasks is throttled and let go on them',
  machine: { cpus: 3, tasks: 16, userMemory: 128 * 1024 },
  prepare: (machine) => machine.createGroup({ quotaUs: QUOTA_US, periodUs: 20_000 }),
  actors: [
    member(1),
    member(2),
    member(3),
    { name: 'A', steps: [pause(6), offline(1), pause(9), online(1), pause(7), offline(1), online(1)] },
    { name: 'B', steps: [pause(17), offline(2), pause(11), online(2)] },
  ],
  check: withinQuota,
})
