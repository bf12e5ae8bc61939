// /sys/fs/cgroup: groups, their files, and what the kernel refuses. The recorded session is in subsystems.test.ts.
import { describe, expect, test } from 'vitest'
import type { Machine, Task } from '#dist/src/index.js'
import { onDeterministic, onEveryMachine, rejection } from '../support/machines.js'

const CG = '/sys/fs/cgroup'
const FOREVER = 2 ** 31 - 1

const write = (machine: Machine, file: string, text: string | number) => machine.write(`${CG}/${file}`, text)
const read = (machine: Machine, file: string) => machine.files.read(`${CG}/${file}`).trim()
const mkdir = (machine: Machine, name: string) => machine.files.mkdir(`${CG}/${name}`)
const rmdir = (machine: Machine, name: string) => machine.files.rmdir(`${CG}/${name}`)

async function refused(act: Promise<unknown>, code: string): Promise<void> {
  expect(await rejection(act)).toMatchObject({ code })
}

async function end(...tasks: readonly Task[]): Promise<void> {
  for (const task of tasks) {
    const over = rejection(task.result)
    await task.kill()
    await over
  }
}

describe('groups', () => {
  test('are made and removed, while nothing is in them', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      await mkdir(machine, 'a')
      await mkdir(machine, 'a/b')
      expect(machine.files.list(CG)).toContain('a')
      expect(read(machine, 'a/cgroup.type')).toBe('domain')
      await refused(mkdir(machine, 'a'), 'EEXIST')
      await refused(mkdir(machine, 'cgroup.procs'), 'EEXIST')
      await refused(mkdir(machine, 'x/y'), 'ENOENT')
      await refused(rmdir(machine, 'a'), 'EBUSY')
      await refused(rmdir(machine, 'x'), 'ENOENT')
      await refused(rmdir(machine, 'cgroup.procs'), 'ENOTDIR')
      await refused(machine.files.mkdir('/sys/devices/x'), 'EPERM')
      await refused(machine.files.rmdir('/sys/devices'), 'EPERM')
      const task = await machine.spawn({ workload: 'sieve', work: FOREVER, cgroup: '/a/b' })
      expect(read(machine, 'a/cgroup.events')).toBe('populated 1\nfrozen 0')
      await refused(rmdir(machine, 'a/b'), 'EBUSY')
      await end(task)
      await rmdir(machine, 'a/b')
      await rmdir(machine, 'a')
      expect(machine.files.list(CG)).not.toContain('a')
    })
  })

  test('there is room for so many', async () => {
    await onDeterministic({ cpus: 1 }, async (machine) => {
      for (let n = 1; n < 32; n++) await mkdir(machine, `g${n}`)
      await refused(mkdir(machine, 'more'), 'EAGAIN')
      await rmdir(machine, 'g7')
      await mkdir(machine, 'more')
    })
  })

  test('have the controllers that those above pass on', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      await mkdir(machine, 'a')
      await mkdir(machine, 'a/b')
      expect(read(machine, 'cgroup.controllers')).toBe('cpuset')
      expect(read(machine, 'a/cgroup.controllers')).toBe('')
      await refused(write(machine, 'a/cgroup.subtree_control', '+cpuset'), 'ENOENT')
      await refused(write(machine, 'cgroup.subtree_control', '+memory'), 'EINVAL')
      await refused(write(machine, 'cgroup.subtree_control', 'cpuset'), 'EINVAL')
      await refused(write(machine, 'a/cpuset.cpus', '1'), 'ENOENT')
      await write(machine, 'cgroup.subtree_control', '+cpuset')
      await write(machine, 'a/cgroup.subtree_control', '+cpuset')
      expect(read(machine, 'a/b/cpuset.cpus.effective')).toBe('0-1')
      await refused(write(machine, 'cgroup.subtree_control', '-cpuset'), 'EBUSY')
      await write(machine, 'a/cgroup.subtree_control', '-cpuset +cpuset -cpuset')
      await write(machine, 'cgroup.subtree_control', '-cpuset')
      expect(machine.files.list(`${CG}/a`)).not.toContain('cpuset.cpus')
    })
  })
})

describe('processes', () => {
  test('are moved with all their tasks, and are allowed what the cpuset has', async () => {
    await onDeterministic({ cpus: 4 }, async (machine) => {
      await write(machine, 'cgroup.subtree_control', '+cpuset')
      await mkdir(machine, 'a')
      await write(machine, 'a/cpuset.cpus', '1-2')
      const task = await machine.spawn({ workload: 'ping-pong', work: 1_000_000, affinity: '0' })
      const [first, second] = task.pids
      await write(machine, 'a/cgroup.procs', second!)
      expect(read(machine, 'a/cgroup.procs')).toBe(`${first}`)
      expect(read(machine, 'a/cgroup.threads').split('\n')).toEqual(task.pids.map(String))
      for (const pid of task.pids) {
        expect(machine.files.read(`/proc/${pid}/status`)).toMatch(/^Cpus_allowed_list:\t1-2$/m)
        expect(machine.files.read(`/proc/${pid}/cgroup`)).toBe('0::/a\n')
      }
      await task.setAffinity('2-3')
      expect(task.affinity()).toBe('2')
      await refused(task.setAffinity('3'), 'EINVAL')
      await write(machine, 'a/cpuset.cpus', '0-3')
      expect(task.affinity()).toBe('0-3')
      await refused(write(machine, 'a/cpuset.cpus', ''), 'ENOSPC')
      await write(machine, 'cgroup.procs', first!)
      await write(machine, 'a/cpuset.cpus', '')
      expect(read(machine, 'a/cpuset.cpus.effective')).toBe('0-3')
      await end(task)
    })
  })

  test('that are none, or not of a user, are refused', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      await mkdir(machine, 'a')
      const kernel = read(machine, 'cgroup.procs').split('\n')[0]!
      await refused(write(machine, 'a/cgroup.procs', kernel), 'EINVAL')
      await refused(write(machine, 'a/cgroup.procs', 99_999), 'ESRCH')
      await refused(write(machine, 'a/cgroup.procs', 'x'), 'EINVAL')
      await refused(write(machine, 'a/cgroup.procs', -1), 'EINVAL')
      await refused(machine.spawn({ workload: 'sieve', cgroup: '/nowhere' }), 'ENOENT')
    })
  })

  test('start in a group with what it has, and what they ask for besides', async () => {
    await onDeterministic({ cpus: 4, isolated: '3' }, async (machine) => {
      await write(machine, 'cgroup.subtree_control', '+cpuset')
      await mkdir(machine, 'a')
      await write(machine, 'a/cpuset.cpus', '1,3')
      const spawn = (affinity?: string) =>
        machine.spawn({
          workload: 'sieve',
          work: FOREVER,
          cgroup: '/a',
          ...(affinity === undefined ? {} : { affinity }),
        })
      const all = await spawn()
      const one = await spawn('2-3')
      expect([all.affinity(), one.affinity()]).toEqual(['1,3', '3'])
      await refused(spawn('0,2'), 'EINVAL')
      await end(all, one)
    })
  })
})

test('what a group is given is a list of CPUs that there are', async () => {
  await onDeterministic({ cpus: 4 }, async (machine) => {
    await write(machine, 'cgroup.subtree_control', '+cpuset')
    await mkdir(machine, 'a')
    await refused(write(machine, 'a/cpuset.cpus', '4'), 'EINVAL')
    await refused(write(machine, 'a/cpuset.cpus', 'first'), 'EINVAL')
    await write(machine, 'a/cpuset.cpus', ' 0-3:1/2 \n')
    expect(read(machine, 'a/cpuset.cpus')).toBe('0,2')
    expect(machine.files.lookup(`${CG}/cpuset.cpus.effective`)).toMatchObject({ write: null })
  })
})

test('of a file that is held open while its group goes, nothing can be read', async () => {
  await onDeterministic({ cpus: 2 }, async (machine) => {
    await mkdir(machine, 'a')
    const node = machine.files.lookup(`${CG}/a/cgroup.type`)
    await rmdir(machine, 'a')
    expect(node.kind === 'file' && node.read !== null && rejectionOf(node.read)).toBe('ENODEV')
  })
})

function rejectionOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'ok'
}

onEveryMachine(
  'cpusets follow the CPUs, whatever happens to both at the same time',
  { cpus: 4, seeds: 2, tasks: 16, timeoutMs: 120_000 },
  async (machine) => {
    await write(machine, 'cgroup.subtree_control', '+cpuset')
    for (const [name, cpus] of [
      ['a', '1'],
      ['b', '1-3'],
    ] as const) {
      await mkdir(machine, name)
      await write(machine, `${name}/cpuset.cpus`, cpus)
    }
    const task = await machine.spawn({ workload: 'sieve', work: FOREVER, cgroup: '/b' })
    const moves = async (): Promise<void> => {
      for (const name of ['a', 'b', 'a']) await write(machine, `${name}/cgroup.procs`, task.pids[0]!)
    }
    const cycles = async (cpu: number): Promise<void> => {
      for (let n = 0; n < 3; n++) {
        await machine.offline(cpu)
        await machine.online(cpu)
      }
    }
    await Promise.all([moves(), cycles(1), cycles(2), write(machine, 'b/cpuset.cpus', '2-3')])
    expect(read(machine, 'a/cpuset.cpus.effective')).toBe('1')
    expect(read(machine, 'b/cpuset.cpus.effective')).toBe('2-3')
    expect(task.affinity()).toBe('1')
    await end(task)
  },
)
