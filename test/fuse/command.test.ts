// `cpuhp mount -- COMMAND`: programs that know nothing of this one, as they are.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { cantMount, hasTool, mounts, ownTemporary, titled } from '../support/mounting.js'
import { cpuhp, type Result, ROOT } from '../support/run.js'

const why = cantMount()
const REAL = '/sys/devices/system/cpu/online'
const real = why === null ? readFileSync(REAL, 'utf8') : ''
const script = (name: string): string => join(ROOT, 'test/fuse/scripts', name)

const own = ownTemporary()
const temporary = (): string => mkdtempSync(join(own, 'cpuhp-command-'))
afterAll(() => rmSync(own, { recursive: true }))

afterEach(() => {
  expect(mounts(own)).toEqual([])
  if (why === null) expect(readFileSync(REAL, 'utf8')).toBe(real)
})

/** Runs a command on a machine of 4 CPUs on 2 workers, unless told otherwise. */
function onMachine(command: readonly string[], options: readonly string[] = []): Promise<Result> {
  return cpuhp(['mount', '--workers', '2', ...options, '--', ...command], { limitMs: 50_000, env: { LC_ALL: 'C' } })
}

const shell = (line: string, options?: readonly string[]): Promise<Result> => onMachine(['sh', '-c', line], options)

/** Tests with a tool, which are skipped where it is not. */
function withTool(tool: string, title: string, act: () => Promise<void>): void {
  const reason = why ?? (hasTool(tool) ? null : `no ${tool}`)
  test.skipIf(reason !== null)(titled(title, reason), act)
}

const words = (text: string): string[] => text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))

describe('tools', () => {
  withTool('lscpu', 'lscpu shows the simulated CPUs', async () => {
    const { code, stdout } = await shell('lscpu; echo 0 > /sys/devices/system/cpu/cpu2/online; lscpu')
    const lines = words(stdout)
    expect(lines).toEqual(expect.arrayContaining(['On-line CPU(s) list: 0-3', 'Model name: cpuhp simulated CPU']))
    expect(lines).toEqual(expect.arrayContaining(['On-line CPU(s) list: 0,1,3', 'Off-line CPU(s) list: 2']))
    expect(lines).toEqual(expect.arrayContaining(['L2 cache: 2 MiB (4 instances)', 'NUMA node0 CPU(s): 0-3']))
    expect(code).toBe(0)
  })

  withTool('lscpu', 'lscpu -e shows what there is of each CPU', async () => {
    const columns = '-e=CPU,NODE,SOCKET,CACHE,ONLINE'
    const { code, stdout } = await shell(`echo 0 > /sys/devices/system/cpu/cpu1/online; lscpu ${columns}; lscpu -e`)
    expect(words(stdout).slice(0, 5)).toEqual([
      'CPU NODE SOCKET L1d:L1i:L2:L3 ONLINE',
      '0 0 0 0:0:0:0 yes',
      '1 - - - no',
      '2 0 0 2:2:2:0 yes',
      '3 0 0 3:3:3:0 yes',
    ])
    expect(code).toBe(0)
  })

  withTool('chcpu', 'chcpu takes CPUs down and up, and says what can not be', async () => {
    const { code, stdout, stderr } = await shell(
      'chcpu -d 1,3; cat /sys/devices/system/cpu/online; chcpu -d 1; chcpu -e 1,3; cat /sys/devices/system/cpu/online; chcpu -d 0',
    )
    const said = ['CPU 1 disabled', 'CPU 3 disabled', '0,2', 'CPU 1 is already disabled', 'CPU 1 enabled']
    expect(stdout).toBe([...said, 'CPU 3 enabled', '0-3', ''].join('\n'))
    expect(stderr).toBe('chcpu: CPU 0 is not hot pluggable\n')
    expect(code).not.toBe(0)
  })

  withTool('getconf', 'getconf counts them', async () => {
    const { stdout } = await shell(
      'getconf _NPROCESSORS_ONLN; echo 0 > /sys/devices/system/cpu/cpu1/online; getconf _NPROCESSORS_ONLN; getconf _NPROCESSORS_CONF',
    )
    expect(stdout).toBe('4\n3\n4\n')
  })

  withTool('top', 'top shows what they are at', async () => {
    const { code, stdout } = await shell(
      'echo 0 > /sys/devices/system/cpu/cpu2/online; top -b -w 300 -n 2 -d 0.5 -1 | grep -a Cpu | tail -n 2',
      ['--spawn', 'sha256 --affinity 1 --work 2000000000'],
    )
    const shares = words(stdout).filter((line) => line !== '')
    expect(shares.flatMap((line) => [...line.matchAll(/%Cpu(\d+)/g)].map(([, cpu]) => cpu)).sort()).toEqual([
      '0',
      '1',
      '3',
    ])
    expect(stdout).toMatch(/%Cpu1 +: *(9\d|100)\.\d us/)
    expect(code).toBe(0)
  })

  withTool('htop', 'htop shows which of them are offline', async () => {
    const { stdout } = await shell(
      'echo 0 > /sys/devices/system/cpu/cpu3/online; TERM=xterm LINES=24 COLUMNS=80 timeout 2 script -qec "htop -d 5" /dev/null < /dev/null',
    )
    expect(stdout.match(/offline/g)).toHaveLength(1)
  })

  withTool('udevadm', 'udevadm finds the device, its driver and its bus', async () => {
    // Of a directory that is no sysfs it would hear nothing otherwise.
    const { code, stdout } = await shell(
      'SYSTEMD_DEVICE_VERIFY_SYSFS=0 udevadm info -q property -p /sys/bus/cpu/devices/cpu1; cat /sys/devices/system/cpu/cpu1/uevent',
    )
    const properties = ['DEVPATH=/devices/system/cpu/cpu1', 'DRIVER=processor', 'SUBSYSTEM=cpu']
    expect(words(stdout).filter(Boolean).sort()).toEqual([...properties, 'DRIVER=processor'].sort())
    expect(code).toBe(0)
  })

  withTool('udevadm', 'udevadm triggers uevents', async () => {
    const line =
      'SYSTEMD_DEVICE_VERIFY_SYSFS=0 udevadm trigger --uuid --action=change /sys/devices/system/cpu/cpu1 /sys/devices/system/cpu/cpu2'
    const { code, stdout, stderr } = await shell(line, ['--uevents', '-'])
    const told = [...stderr.matchAll(/^KERNEL\[.*?\] (.*)$/gm)].map(([, what]) => what)
    expect(told).toEqual([1, 2].map((cpu) => `change   /devices/system/cpu/cpu${cpu} (cpu)`))
    expect(stderr.match(/^SYNTH_UUID=.*$/gm)).toEqual(
      words(stdout)
        .filter(Boolean)
        .map((uuid) => `SYNTH_UUID=${uuid}`),
    )
    expect(code).toBe(0)
  })

  withTool('stress-ng', 'stress-ng --cpu-online takes them down at random', async () => {
    const { code, stdout, stderr } = await onMachine(
      ['stress-ng', '--cpu-online', '2', '--pathological', '--timeout', '3s', '--metrics-brief'],
      ['--console'],
    )
    const said = stdout + stderr
    expect(said).toMatch(/cpu-online +\d{2,}/)
    expect(said).not.toMatch(/fail|error/)
    expect(stderr).toMatch(/smpboot: CPU [1-3] is now offline/)
    expect(code).toBe(0)
  })
})

describe.skipIf(why !== null)(titled('scripts', why), () => {
  test('a self-test like the kernel’s switches the last CPU off and on', async () => {
    const { code, stdout, stderr } = await onMachine([script('on-off.sh')])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe('online 0-3, present 0-3, offline \nonline 0-2, offline 3\nPASS\n')
  })

  test('with -a it switches all of them, on any number of CPUs', async () => {
    const { code, stdout, stderr } = await onMachine([script('on-off.sh'), '-a'], ['--cpus', '8'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe('online 0-7, present 0-7, offline \nonline 0, offline 1-7\nPASS\n')
  })

  test('it fails where a CPU does not go down', async () => {
    const { code, stdout } = await shell(`echo 155 > /sys/devices/system/cpu/cpu3/hotplug/fail; ${script('on-off.sh')}`)
    expect(stdout).toContain('FAIL cpu3: 0 was refused\n')
    expect(code).toBe(2)
  })

  const busy = (options: string): string[] => ['--spawn', `sha256 --name busy --work 2000000000 ${options}`]
  test.each([
    ['02', busy('--affinity 1')],
    ['03', [...busy(''), ...busy(''), ...busy(''), ...busy(''), ...busy(''), ...busy('')]],
    ['04', [...busy('--affinity 1'), ...busy('--affinity 2'), ...busy('')]],
  ])('what LTP’s cpuhotplug%s asks of tasks holds', async (number, spawned) => {
    const { code, stdout, stderr } = await onMachine([script('tasks.sh'), number], spawned)
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'TPASS\n', stderr: '' })
  })

  test.each([
    ['02', ['--affinity 2'], 'true', 'the task is on 2'],
    ['02', ['--affinity 1'], 'echo 155 > /sys/devices/system/cpu/cpu1/hotplug/fail', 'offline'],
    ['04', ['--affinity 0'], 'echo 155 > /sys/devices/system/cpu/cpu2/hotplug/fail', 'TFAIL'],
    ['04', [], 'true', 'there is no task'],
  ])('cpuhotplug%s fails where that does not hold (%j, %s)', async (number, tasks, first, told) => {
    const { code, stdout } = await onMachine(
      ['sh', '-c', `${first}; exec ${script('tasks.sh')} ${number}`],
      tasks.flatMap(busy),
    )
    expect(stdout).toContain(told)
    expect(code).toBe(1)
  })

  test('run on the deterministic machine as well', async () => {
    const { code, stdout } = await cpuhp(['mount', '--machine', 'deterministic', '--', script('on-off.sh'), '-a'])
    expect([code, stdout.endsWith('PASS\n')]).toEqual([0, true])
  })
})

describe.skipIf(why !== null)(titled('a command', why), () => {
  test('sees the machine and nothing of the real CPUs, wherever it looks', async () => {
    const { stdout } = await shell(
      'cd /sys/devices/system/cpu; stat -f -c %T . cpu1/online cpu1/node0/ cpu1/driver/cpu2/online /proc/stat; ls /sys/bus/cpu/devices; grep -c processor /proc/cpuinfo; ls $CPUHP_ROOT',
      ['--cpus', '5'],
    )
    const types = ['fuseblk', 'fuseblk', 'fuseblk', 'fuseblk', 'fuseblk']
    expect(stdout).toBe([...types, 'cpu0', 'cpu1', 'cpu2', 'cpu3', 'cpu4', '5', 'proc', 'sys', ''].join('\n'))
  })

  test.each([
    ['exit 7', 7],
    ['kill -KILL $$', 137],
    ['exec nothing-of-that-name', 127],
  ])('that ends by "%s" is what it exits with', async (line, code) => {
    expect((await shell(line)).code).toBe(code)
  })

  test('gets a SIGTERM that is sent to the program', async () => {
    const { code, stdout } = await cpuhp(
      [
        'mount',
        '--workers',
        '2',
        '--',
        'sh',
        '-c',
        'trap "echo told; exit 9" TERM; echo up; while :; do sleep 0.05; done',
      ],
      {
        limitMs: 30_000,
        onOutput: (kill, _stderr, out) => out === 'up\n' && kill('SIGTERM'),
      },
    )
    expect([code, stdout]).toEqual([9, 'up\ntold\n'])
  })

  test('that leaves something behind does not keep the mount', async () => {
    const { code, stdout } = await shell(
      '(sleep 8; cat /sys/devices/system/cpu/online) > /dev/null 2>&1 & cat /sys/devices/system/cpu/online',
    )
    expect([code, stdout]).toEqual([0, '0-3\n'])
  })

  test('still has no real CPUs before it when the program is killed', async () => {
    const [place, left] = [temporary(), join(temporary(), 'left')]
    const wait = 'while cat online > /dev/null 2>&1; do sleep 0.05; done'
    const line = `cd /sys/devices/system/cpu; ${wait}; cat /sys/devices/system/cpu/online > ${left} 2>&1; echo over >> ${left}`
    const { signal } = await cpuhp(['mount', '--workers', '2', place, '--', 'sh', '-c', `echo up; (${line}) &`], {
      limitMs: 30_000,
      onOutput: (kill, _stderr, out) => out === 'up\n' && kill('SIGKILL'),
    })
    expect(signal).toBe('SIGKILL')
    const said = (): string => (existsSync(left) ? readFileSync(left, 'utf8') : '')
    for (let tries = 0; tries < 200 && !said().endsWith('over\n'); tries++) await sleep(50)
    expect(said()).toMatch(/not connected\nover\n$/)
    for (let tries = 0; tries < 200 && mounts(own).length > 0; tries++) await sleep(50)
  })

  test('has the uevents of what it did in a file, when its writes return', async () => {
    const file = join(temporary(), 'uevents')
    const line = `chcpu -d 2; grep -c . ${file}; chcpu -e 2; echo change > /sys/devices/system/cpu/cpu1/uevent; grep -h ^KERNEL ${file}`
    const { stdout } = await cpuhp(['mount', '--workers', '2', '--uevents', file, '--', 'sh', '-c', line], {
      limitMs: 30_000,
    })
    expect(stdout.replace(/\[\d+\.\d{6}\]/g, '[]').split('\n')).toEqual([
      'CPU 2 disabled',
      '6',
      'CPU 2 enabled',
      'KERNEL[] offline  /devices/system/cpu/cpu2 (cpu)',
      'KERNEL[] online   /devices/system/cpu/cpu2 (cpu)',
      'KERNEL[] change   /devices/system/cpu/cpu1 (cpu)',
      '',
    ])
  })

  test('leaves no directory behind, when the program is killed either', async () => {
    const folder = temporary()
    const run = (kill: boolean): ReturnType<typeof cpuhp> =>
      cpuhp(['mount', '--workers', '2', '--', 'sh', '-c', 'echo "$CPUHP_ROOT"; sleep 1'], {
        limitMs: 30_000,
        env: { TMPDIR: folder },
        onOutput: (end, _stderr, out) => kill && out.endsWith('\n') && end('SIGKILL'),
      })
    for (const kill of [false, true]) {
      const { stdout } = await run(kill)
      expect(stdout).toMatch(new RegExp(`^${folder}/cpuhp-\\w+\n$`))
      for (let tries = 0; tries < 200 && existsSync(stdout.trim()); tries++) await sleep(50)
      expect(readdirSync(folder)).toEqual([])
    }
  })

  test('does not keep the program from its end when somebody has unmounted it elsewhere', async () => {
    const place = temporary()
    const { code, stdout } = await cpuhp(
      [
        'mount',
        '--workers',
        '2',
        place,
        '--',
        'sh',
        '-c',
        '(cd /sys/devices/system/cpu; sleep 20) > /dev/null 2>&1 & echo up; sleep 1; exit 4',
      ],
      { limitMs: 15_000, onOutput: (_kill, _stderr, out) => out === 'up\n' && spawnSync('umount', ['-i', place]) },
    )
    expect([code, stdout]).toEqual([4, 'up\n'])
  })

  test('hears of a panic as EIO, and the program ends with it', async () => {
    // A state that is told to fail where no failure is possible: see the quirks in ARCHITECTURE.md.
    const { code, stdout, stderr } = await shell(
      'cd /sys/devices/system/cpu; echo 0 > cpu3/online; echo 94 > cpu1/hotplug/target; echo $?; cat online > /dev/null && echo read',
      ['--cpus', '4', '--watchdog', '2s'],
    )
    expect([code, stdout]).toEqual([3, '1\nread\n'])
    expect(stderr).toMatch(/I\/O error/)
    expect(stderr.length).toBeGreaterThan(200)
  })
})

describe('bad input is one line:', () => {
  test.each<[string[], RegExp]>([
    [['mount'], /^cpuhp: mount needs a directory, or -- and a command to run; see mount --help\n$/],
    [['mount', '--'], /^cpuhp: mount: no command follows the --\n$/],
    [['mount', '--spawn', 'nothing', '--', 'true'], /^cpuhp: spawn: there is no workload 'nothing'; there are .*\n$/],
    [
      ['mount', '--workers', '9', '/mnt'],
      /^cpuhp: --workers is a whole number from 1 to 4, the number of CPUs, not '9'\n$/,
    ],
    [['mount', '/mnt', 'lscpu'], /^cpuhp: unexpected 'lscpu'; cpuhp mount takes directory and options: .*\n$/],
  ])('%j', async (args, said) => {
    const { code, stdout, stderr } = await cpuhp(args)
    expect(stderr).toMatch(said)
    expect([code, stdout]).toEqual([2, ''])
  })

  test.skipIf(why !== null).each<[string[], RegExp]>([
    [['mount', '/no/such/directory'], /^cpuhp: mount: \/no\/such\/directory: ENOENT: .*\n$/],
    [['mount', '/etc/hostname'], /^cpuhp: \/etc\/hostname is no directory to mount on\n$/],
  ])('%j', async (args, said) => {
    const { code, stdout, stderr } = await cpuhp(args)
    expect(stderr).toMatch(said)
    expect([code, stdout]).toEqual([2, ''])
  })
})
