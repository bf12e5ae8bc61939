import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EVENT_NAMES } from '#dist/src/trace/events.js'
import { cpuhp, type Result } from '../support/run.js'

const state = mkdtempSync(join(tmpdir(), 'cpuhp-shell-'))
afterAll(() => rmSync(state, { recursive: true }))

const CD = 'cd /sys/devices/system/cpu'

/** Runs lines as a script in the directory of the CPUs, on a deterministic machine unless told otherwise. */
function shell(lines: readonly string[], where: readonly string[] = ['--machine', 'deterministic']): Promise<Result> {
  return cpuhp(['shell', ...where], { input: `${[CD, ...lines].join('\n')}\n`, env: { XDG_STATE_HOME: state } })
}

describe('a script of commands', () => {
  test.each([[['--machine', 'deterministic']], [['--workers', '2']]])(
    'takes CPUs down and looks at them (%j)',
    async (where) => {
      const { code, stdout, stderr } = await shell(
        [
          'cat online; echo 0 > cpu1/online && cat online offline cpu1/hotplug/state',
          'ls cpu1; nproc; nproc --all',
          'lscpu | grep list; lscpu -e; lscpu -p',
          "echo 1 > 'cpu1/online'; ls cpu1/topology | wc -l",
        ],
        where,
      )
      expect(stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' ').trim())).toEqual([
        '0-3',
        ...['0,2-3', '1', '0'],
        ...['driver', 'hotplug', 'node0', 'online', 'subsystem', 'uevent', '3', '4'],
        ...['On-line CPU(s) list: 0,2-3', 'Off-line CPU(s) list: 1'],
        ...['CPU SOCKET CORE ONLINE', '0 0 0 yes', '1 - - no', '2 0 2 yes', '3 0 3 yes'],
        ...['# CPU,Core,Socket,Node', '0,0,0,', '2,2,0,', '3,3,0,'],
        '16',
        '',
      ])
      // The console.
      expect(stderr.replace(/^\[ *\d+\.\d{6}\]/gm, '[time]')).toBe(
        '[time] smpboot: CPU 1 is now offline\n[time] smpboot: Booting Node 0 Processor 1 APIC 0x1\n',
      )
      expect(code).toBe(0)
    },
  )

  test.each<[string, string, number]>([
    // What a shell and its tools say, word for word.
    ['echo x > cpu1/online', 'sh: write error: Invalid argument', 1],
    ['echo 236 > cpu1/hotplug/fail', 'sh: write error: Invalid argument', 1],
    ['echo 99999999999 > cpu1/hotplug/target', 'sh: write error: Numerical result out of range', 1],
    ['echo 0 > online', "sh: can't create online: Permission denied", 1],
    ['echo 1 > cpu0/online', "sh: can't create cpu0/online: Permission denied", 1],
    ['echo 1 > cpu9/online', "sh: can't create cpu9/online: nonexistent directory", 1],
    ['echo 1 > cpu1', "sh: can't create cpu1: Is a directory", 1],
    ['echo 1 > /proc/stat', 'sh: write error: Input/output error', 1],
    ['cat nothing', 'cat: nothing: No such file or directory', 1],
    ['cat cpu1 online/x', 'cat: cpu1: Is a directory\ncat: online/x: Not a directory', 1],
    ['cd online', "sh: cd: can't cd to online: Not a directory", 1],
    ['ls nothing', "ls: cannot access 'nothing': No such file or directory", 2],
    ['wc -l < nothing', "sh: can't open nothing: No such file or directory", 1],
    ['nothing', 'sh: nothing: not found', 127],
    ['echo &&& echo', 'sh: syntax error: unexpected "&"', 2],
    ["echo 'open", 'sh: syntax error: unexpected end of file', 2],
    ['kill 9999', "sh: can't kill pid 9999: No such process", 1],
    ['taskset -p 9999', "taskset: failed to get pid 9999's affinity: No such process", 1],
    ['chrt -p 9999', "chrt: failed to get pid 9999's policy: No such process", 1],
    [
      'spawn md5',
      "spawn: there is no workload 'md5'; there are sha256, sieve, matrix, chase, ping-pong, sleeper, counter",
      2,
    ],
    ['suspend deep', "suspend: the level is freezer, devices, platform, processors or core, not 'deep'", 2],
    [
      'trace on nothing',
      `trace: there is no event 'nothing'; there are ${EVENT_NAMES.slice(1).join(', ')}, and all`,
      2,
    ],
    ['uevents perhaps', 'uevents: it takes on or off', 2],
    ['false', '', 1],
    ['false && echo no || exit 7; echo no', '', 7],
  ])('%s', async (line, told, status) => {
    const { code, stdout, stderr } = await shell([line])
    expect({ code, stdout, stderr }).toEqual({ code: status, stdout: '', stderr: told === '' ? '' : `${told}\n` })
  })

  test('has redirections, pipes, patterns and the last status', async () => {
    const { stdout, stderr } = await shell([
      'echo 0 > cpu3/online 2>/dev/null; echo $?',
      'echo x > cpu1/online 2>/dev/null; echo $? "$?" \'$?\'',
      'grep . cpu[01]/hotplug/state cpu?/online | tail -n 2',
      'echo cpu* "cpu*" nothing*',
      'cat nothing 2>&1 | wc -l; wc -l < hotplug/states',
      'echo one two > /dev/null; pwd; cd ../../..; pwd; cd; pwd',
      `echo "a`,
      `b" c \\`,
      ' d',
    ])
    expect(stdout.split('\n')).toEqual([
      ...['0', '1 1 $?'],
      ...['cpu2/online:1', 'cpu3/online:0'],
      'cpu0 cpu1 cpu2 cpu3 cpu* nothing*',
      ...['1', '58'],
      ...['/sys/devices/system/cpu', '/sys', '/'],
      ...['a', 'b c d', ''],
    ])
    expect(stderr).toContain('smpboot: CPU 3 is now offline')
  })

  test('shows tasks, moves them and ends them', async () => {
    // Which pids they get is not what this is about.
    const before = await shell(['ps -A | grep migration/0', 'spawn sha256 --work 1'])
    const [stopper] = before.stdout.trim().split(/ +/)
    const pid = Number(/^\[1\] (\d+)$/m.exec(before.stdout)![1])
    const { code, stdout, stderr } = await shell([
      'spawn sha256 --work 400000000 --affinity 1 --policy fifo --priority 30 --name hog',
      'spawn sieve --work 400000000 --nice 5',
      'sleep 50ms; ps | grep -v "\\["; top',
      `chrt -p ${pid}; taskset -p ${pid}; taskset -pc 0,2 ${pid}; taskset -p e ${pid}`,
      `echo 0 > cpu1/online; taskset -pc 1 ${pid}; top | grep Cpu1`,
      `taskset -pc 1 ${stopper}`,
      `jobs; kill ${pid} ${pid + 1}; wait; jobs; ps | grep hog`,
    ])
    const lines = stdout.split('\n').map((line) => line.trim().replace(/ +/g, ' ').replace(`${pid} `, 'PID '))
    const has = (pattern: RegExp): void => expect(lines).toContainEqual(expect.stringMatching(pattern))
    has(/^PID 1 FF 30 - R 0:00\.0[45] hog$/)
    has(/ \d TS - 5 R 0:00\.0[45] sieve$/)
    has(/^%Cpu1 : \d+\.\d us, \d+\.\d sy, 0\.0 ni, \d+\.\d id, \d+\.\d st$/)
    has(/^PID -31 0 R \d+\.\d 0:00\.0[45] 1 hog$/)
    has(/^%Cpu1 : offline$/)
    has(/^\[1\] Running spawn sha256 --work 400000000/)
    expect(stdout.match(/^pid .*/gm)).toEqual([
      `pid ${pid}'s current scheduling policy: SCHED_FIFO`,
      `pid ${pid}'s current scheduling priority: 30`,
      `pid ${pid}'s current affinity mask: 2`,
      `pid ${pid}'s current affinity list: 1`,
      `pid ${pid}'s new affinity list: 0,2`,
      `pid ${pid}'s current affinity mask: 5`,
      `pid ${pid}'s new affinity mask: e`,
      `pid ${pid}'s current affinity list: 1-3`,
      `pid ${stopper}'s current affinity list: 0`,
    ])
    expect(lines.filter((line) => / hog$/.test(line))).toHaveLength(2 + 1)
    for (const refused of [pid, stopper]) {
      expect(stderr).toContain(`taskset: failed to set pid ${refused}'s affinity: Invalid argument\n`)
    }
    expect(stderr.match(/\[\d\] {2}Terminated/g)).toHaveLength(2)
    // grep has found nothing.
    expect(code).toBe(1)
  })

  test('gives the result of what it spawned, and lets commands go on by themselves', async () => {
    const { stdout, stderr } = await shell(['spawn sha256 --work 1000', 'echo 0 > cpu2/online & wait', 'cat online'])
    expect(stdout).toMatch(/^\[1\] \d+\n0-1,3\n$/)
    expect(stderr).toMatch(/^\[1\] {2}Done: [0-9a-f]{64} {2}spawn sha256 --work 1000$/m)
    expect(stderr).toMatch(/^\[2\] {2}Done {2}echo 0 > cpu2\/online$/m)
  })

  test('traces what it is told to', async () => {
    const { stdout } = await shell([
      'echo 0 > cpu1/online; trace on; echo 1 > cpu1/online; trace off; echo 0 > cpu2/online',
      'trace show | head -n 1; trace show | grep -c "cpu 2"; trace clear; trace show',
      'trace on sched_switch; echo 1 > cpu2/online; trace show | grep -v sched_switch; trace show | head -n 1',
    ])
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(
      /^\d+\.\d{6} \[\d{3}\] requester\/\d+: cpuhp_enter: cpu 1 target 236 step 1 \(smpboot_create/,
    )
    expect(lines[1]).toBe('0')
    expect(lines[2]).toContain(': sched_switch: ')
  })

  test('shows uevents while it is told to', async () => {
    const { stdout, stderr } = await shell([
      'echo 0 > cpu1/online; uevents on; echo 1 > cpu1/online; uevents off; echo 0 > cpu1/online',
      'cat /sys/kernel/uevent_seqnum',
    ])
    expect(stdout).toBe('3\n')
    const told = stderr.split('\n').filter((line) => /^KERNEL|^[A-Z]+=/.test(line))
    expect(told.map((line) => line.replace(/\[.*?\]/, '[]'))).toEqual([
      'KERNEL[] online   /devices/system/cpu/cpu1 (cpu)',
      'ACTION=online',
      'DEVPATH=/devices/system/cpu/cpu1',
      'SUBSYSTEM=cpu',
      'DRIVER=processor',
      'SEQNUM=2',
    ])
  })

  test('keeps the kernel log, and suspends', async () => {
    const { stdout } = await shell(['suspend processors; echo $?; dmesg; dmesg -C; dmesg | wc -l'])
    const lines = stdout.split('\n').map((line) => line.replace(/^\[ *\d+\.\d{6}\] /, ''))
    expect(lines[0]).toBe('0')
    expect(lines).toContain('Disabling non-boot CPUs ...')
    expect(lines).toContain('smpboot: CPU 3 is now offline')
    expect(lines.at(-2)).toBe('0')
  })

  test('tells of a panic like a console, goes on without the machine, and boots a new one', async () => {
    const panic = 'Kernel panic - not syncing: kernel BUG in cpuhp_report_idle_dead on CPU 1'
    const dying = ['echo 0 > cpu3/online; echo 94 > cpu1/hotplug/target; echo status $?', 'cat online']
    const { code, stdout, stderr } = await shell([...dying, 'reboot; cat online'])
    expect(stdout).toBe('status 3\n0-3\n')
    expect(stderr.match(/^\[ +\d+\.\d{6}\] Kernel panic - not syncing/gm)).toHaveLength(1)
    expect(stderr).toContain(panic)
    expect(stderr).toContain("The machine has died. 'reboot' boots a new one.\n")
    expect(stderr).toMatch(/\nsh: the machine has died; 'reboot' boots a new one\n$/)
    expect(code).toBe(0)
    expect((await shell(dying)).code).toBe(3)
  })

  test('is the same every time on a deterministic machine, and leaves no history', async () => {
    const lines = [
      'spawn counter --work 50',
      'echo 0 > cpu1/online',
      'sleep 20ms; cat /proc/stat /proc/interrupts; ps -A; top',
    ]
    const where = ['--machine', 'deterministic', '--seed', '9']
    const [first, second] = await Promise.all([shell(lines, where), shell(lines, where)])
    expect(first).toEqual(second)
    expect(existsSync(join(state, 'cpuhp'))).toBe(false)
  })

  test('ends at a signal, whatever is under way', async () => {
    const { code } = await cpuhp(['shell', '--workers', '1'], {
      input: 'echo begun; sleep 100; echo never',
      onOutput: (kill, _, stdout) => {
        if (stdout.includes('begun')) kill('SIGTERM')
      },
    })
    expect(code).toBe(143)
  })
})

test('help names every command, and each of them by itself', async () => {
  const { stdout } = await shell(['help'])
  const names = [...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name!)
  expect(names).toEqual(
    expect.arrayContaining(['ls', 'cat', 'echo', 'cd', 'lscpu', 'ps', 'top', 'spawn', 'trace', 'exit']),
  )
  const each = await shell(names.map((name) => `help ${name}`))
  expect(
    each.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/[ :]/)[0]),
  ).toEqual(names)
  expect(each.stderr).toBe('')
})
