import { describe, expect, test } from 'vitest'
import { KernelError, type Machine } from '#dist/src/index.js'
import { SOFTIRQ_DATA } from '#dist/src/memory/structs/deferred.js'
import { PERCPU } from '#dist/src/memory/structs.js'
import { onDeterministic, onEveryMachine, rejection } from '../support/machines.js'

/** The numbers of each line of /proc/stat, by the line's first word. */
async function stat(machine: Machine): Promise<Map<string, number[]>> {
  const lines = (await machine.read('/proc/stat')).split('\n').map((line) => line.split(/ +/))
  return new Map(lines.map(([name, ...numbers]) => [name!, numbers.map(Number)]))
}

/** User, nice, system and idle time of a CPU, in ticks of 10 ms; then what is always 0 here, and what the host has taken. */
async function timesOf(machine: Machine, cpu: string): Promise<number[]> {
  return (await stat(machine)).get(cpu)!.slice(0, 8)
}

describe('/proc/stat', () => {
  onEveryMachine('counts what each CPU does', { cpus: 2, seeds: 1, timeoutMs: 60_000 }, async (machine) => {
    const look = async () => {
      const earliest = machine.now() / 1e7
      const cpus = [await timesOf(machine, 'cpu0'), await timesOf(machine, 'cpu1')]
      return { earliest, cpus, latest: machine.now() / 1e7 }
    }
    const before = await look()
    const busy = await machine.spawn({ workload: 'sha256', work: 150_000, affinity: '1' })
    await busy.result
    const after = await look()
    const spent = after.cpus.map((times, cpu) => times.map((ticks, n) => ticks - before.cpus[cpu]![n]!))
    // On the CPU that it was pinned to.
    expect(spent[1]![0]).toBeGreaterThan(0)
    expect(spent[0]![0]).toBe(0)
    // Neither more nor less than there was, but for what the counts leave out.
    for (const times of spent) {
      const sum = times.reduce((a, b) => a + b)
      expect(sum).toBeGreaterThanOrEqual(after.earliest - before.latest - 5)
      expect(sum).toBeLessThanOrEqual(after.latest - before.earliest + 5)
    }
  })

  onEveryMachine('tells nice time from user time', { cpus: 2, seeds: 1 }, async (machine) => {
    const busy = await machine.spawn({ workload: 'sha256', work: 100_000, affinity: '1', nice: 5 })
    await busy.result
    const [user, nice] = await timesOf(machine, 'cpu1')
    expect([user, nice! > 0]).toEqual([0, true])
  })

  test('does not count the time in which a CPU is offline', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      await machine.offline(1)
      expect((await stat(machine)).has('cpu1')).toBe(false)
      await machine.sleep(3e9)
      await machine.online(1)
      await machine.sleep(1e9)
      const [user, nice, system, idle] = await timesOf(machine, 'cpu1')
      expect([user, nice, system]).toEqual([0, 0, 0])
      expect(idle).toBeGreaterThanOrEqual(99)
      expect(idle).toBeLessThanOrEqual(101)
    })
  })

  test('has counts that agree with those of /proc/interrupts', async () => {
    await onDeterministic({ cpus: 3 }, async (machine) => {
      await machine.offline(2)
      await machine.online(2)
      // Tasks that are asleep for a time need the timer's interrupt.
      await machine.sleep(1e6)
      const rows = (await machine.read('/proc/interrupts')).split('\n')
      expect(rows[0]).toBe('           CPU0       CPU1       CPU2       ')
      const counts = rows.slice(1).map((row) =>
        row
          .slice(4, 4 + 33)
          .trim()
          .split(/ +/)
          .map(Number),
      )
      const total = counts.flat().reduce((a, b) => a + b)
      expect((await stat(machine)).get('intr')![0]).toBe(total)
      expect(rows.slice(1).map((row) => row.slice(0, 4))).toEqual(['  0:', 'LOC:', 'RES:', 'CAL:'])
      for (const row of counts) expect(row.some((count) => count > 0)).toBe(true)
    })
  })
})

test('/proc/softirqs has a row for each softirq, and its sums are those of /proc/stat', async () => {
  await onDeterministic({ cpus: 3 }, async (machine) => {
    await machine.offline(2)
    const { memory } = machine
    for (const [cpu, nr, count] of [
      [0, 6, 12],
      [2, 3, 7],
    ] as const) {
      memory.set(memory.percpu(cpu) + PERCPU.softirq + SOFTIRQ_DATA.served + nr, count)
    }
    const lines = (await machine.read('/proc/softirqs')).split('\n')
    // Every possible CPU: what one has counted does not go away with it.
    expect(lines[0]).toBe('                    CPU0       CPU1       CPU2       ')
    expect(lines).toContain('     TASKLET:         12          0          0')
    expect(lines).toContain('      NET_RX:          0          0          7')
    expect(lines.slice(1).map((line) => line.split(':')[0]!.trim())).toEqual([
      'HI',
      'TIMER',
      'NET_TX',
      'NET_RX',
      'BLOCK',
      'IRQ_POLL',
      'TASKLET',
      'SCHED',
      'HRTIMER',
      'RCU',
    ])
    const sums = lines.slice(1).map((line) =>
      line
        .split(':')[1]!
        .trim()
        .split(/ +/)
        .map(Number)
        .reduce((a, b) => a + b),
    )
    expect((await stat(machine)).get('softirq')).toEqual([sums.reduce((a, b) => a + b), ...sums])
  })
})

test('/proc/cpuinfo and /proc/interrupts show the CPUs that are online', async () => {
  await onDeterministic({ cpus: 3 }, async (machine) => {
    await machine.offline(1)
    const processors = (await machine.read('/proc/cpuinfo')).match(/^processor\t: \d$/gm)
    expect(processors).toEqual(['processor\t: 0', 'processor\t: 2'])
    expect((await machine.read('/proc/interrupts')).split('\n')[0]).toBe('           CPU0       CPU2       ')
  })
})

test('/proc/schedstat tells how long tasks have run on each CPU that is online', async () => {
  await onDeterministic({ cpus: 3 }, async (machine) => {
    const task = await machine.spawn({ workload: 'sha256', work: 400_000, affinity: '1', name: 'busy' })
    await machine.sleep(50e6)
    await machine.offline(2)
    const [version, timestamp, ...cpus] = (await machine.read('/proc/schedstat')).split('\n')
    expect([version, timestamp]).toEqual(['version 15', `timestamp ${Math.floor(machine.now() / 1e6)}`])
    const times = new Map(cpus.map((line) => [line.split(' ')[0], Number(line.split(' ')[7])]))
    expect([...times.keys()]).toEqual(['cpu0', 'cpu1'])
    expect(times.get('cpu1')).toBeGreaterThan(40e6)
    expect(times.get('cpu0')).toBeLessThan(5e6)
    await task.kill()
  })
})

test('/proc/PID/sched has the columns of the kernel', async () => {
  await onDeterministic({ cpus: 2 }, async (machine) => {
    const task = await machine.spawn({ workload: 'sha256', work: 400_000, affinity: '1', nice: 5, name: 'busy' })
    await machine.sleep(20e6)
    const lines = (await machine.read(`/proc/${task.pids[0]}/sched`)).split('\n')
    expect(lines[0]).toBe(`busy (${task.pids[0]}, #threads: 1)`)
    const values = new Map(lines.slice(2).map((line) => [line.slice(0, 45).trim(), Number(line.slice(46))]))
    for (const line of lines.slice(2)) expect(line).toMatch(/^.{45}: {1,20}[\d.]+$/)
    expect([values.get('policy'), values.get('prio')]).toEqual([0, 125])
    // Of a lower weight, and so its clock runs faster. Milliseconds.
    expect(values.get('se.sum_exec_runtime')).toBeGreaterThan(10)
    expect(values.get('se.vruntime')).toBeGreaterThan(2 * values.get('se.sum_exec_runtime')!)
    await task.kill()
  })
})

test('/proc/uptime is the machine time', async () => {
  await onDeterministic({ cpus: 2 }, async (machine) => {
    await machine.sleep(12.34e9)
    expect(await machine.read('/proc/uptime')).toMatch(/^12\.34 24\.6[678]$/)
  })
})

describe('/proc/PID', () => {
  test('shows a task from its beginning to its end', async () => {
    await onDeterministic({ cpus: 4 }, async (machine) => {
      const task = await machine.spawn({
        workload: 'sha256',
        work: 400_000,
        affinity: '2-3',
        policy: 'rr',
        priority: 7,
        name: 'busy',
      })
      const [pid] = task.pids
      expect(await machine.read(`/proc/${pid}/comm`)).toBe('busy')
      await machine.sleep(50e6)
      const fields = (await machine.read(`/proc/${pid}/stat`)).split(' ')
      expect(fields).toHaveLength(52)
      expect(fields.slice(0, 3)).toEqual([String(pid), '(busy)', 'R'])
      // utime, priority, processor, rt_priority, policy
      expect(Number(fields[13])).toBeGreaterThan(3)
      expect([fields[17], fields[39], fields[40]]).toEqual(['-8', '7', '2'])
      expect(['2', '3']).toContain(fields[38])
      const status = (await machine.read(`/proc/${pid}/status`)).split('\n')
      expect(status).toEqual(
        expect.arrayContaining(['Name:\tbusy', 'State:\tR (running)', 'Cpus_allowed:\tc', 'Cpus_allowed_list:\t2-3']),
      )
      await task.result
      expect(await rejection(machine.read(`/proc/${pid}/stat`))).toMatchObject({ code: 'ENOENT' })
    })
  })

  test('shows kernel threads as such', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      const stats = await Promise.all(
        machine.files
          .list('/proc')
          .filter((name) => /^\d+$/.test(name))
          .map((pid) => machine.read(`/proc/${pid}/stat`)),
      )
      const migration = stats.find((line) => line.includes('(migration/1)'))!.split(' ')
      // The stopper: above all of FIFO, as Linux shows it; a kernel thread that may not be given another affinity.
      expect([migration[17], migration[39], migration[40]]).toEqual(['-100', '99', '1'])
      expect(Number(migration[8]) & 0x0420_0000).toBe(0x0420_0000)
    })
  })

  test('may be opened for writing by root, and takes nothing', async () => {
    await onDeterministic({ cpus: 1 }, async (machine) => {
      for (const [path, code] of [
        ['/proc/stat', 'EIO'],
        [`/proc/${machine.files.list('/proc')[0]}/comm`, 'EINVAL'],
      ] as const) {
        const error = await rejection(machine.files.open(path)('x'))
        expect(error).toBeInstanceOf(KernelError)
        expect(error).toMatchObject({ code })
      }
    })
  })
})
