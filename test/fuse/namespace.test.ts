import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { deviceNumber, mountPoints, sysfsMounts } from '#dist/src/fuse/mountinfo.js'
import { coverScript, covers, NOT_RUN } from '#dist/src/fuse/namespace.js'
import { cantMount, titled } from '../support/mounting.js'

const MOUNTINFO = `22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw
24 27 0:22 / /mnt/a\\040b/sys ro,relatime master:1 - sysfs none ro
25 27 0:22 /devices /mnt/part rw - sysfs sysfs rw
26 27 0:22 / /mnt/hidden rw - sysfs sysfs rw
27 26 0:40 / /mnt/hidden rw - tmpfs tmpfs rw
`

test('every mount of sysfs is found, as the kernel writes them', () => {
  expect(sysfsMounts(mountPoints(MOUNTINFO))).toEqual(['/sys', '/mnt/a b/sys'])
})

test('a mount point shows what was mounted there last, and its device is numbered as stat does it', () => {
  expect(mountPoints(MOUNTINFO).get('/mnt/hidden')).toMatchObject({ type: 'tmpfs', minor: 40 })
  expect(deviceNumber({ major: 0, minor: 40 })).toBe(40)
  expect(deviceNumber({ major: 0, minor: 0x345 })).toBe(0x30_0045)
  expect(deviceNumber({ major: 254, minor: 1 })).toBe(0xfe01)
})

describe('what is laid over', () => {
  test('is all that leads to a CPU, in every mount of sysfs, and what is there of /proc', () => {
    const missing = ['/mnt/sys/devices/system/node', '/proc/schedstat']
    expect(covers('/t', ['/sys', '/mnt/sys'], (path) => !missing.includes(path))).toEqual([
      { from: '/t/sys/devices/system/cpu', to: '/sys/devices/system/cpu' },
      { from: '/t/sys/devices/system/node', to: '/sys/devices/system/node' },
      { from: '/t/sys/bus/cpu', to: '/sys/bus/cpu' },
      { from: '/t/sys/devices/system/cpu', to: '/mnt/sys/devices/system/cpu' },
      { from: '/t/sys/bus/cpu', to: '/mnt/sys/bus/cpu' },
      { from: '/t/proc/cpuinfo', to: '/proc/cpuinfo' },
      { from: '/t/proc/interrupts', to: '/proc/interrupts' },
      { from: '/t/proc/stat', to: '/proc/stat' },
    ])
  })

  test('is refused where there is no directory of the CPUs', () => {
    expect(() => covers('/t', [], () => true)).toThrow(/there is no \/sys\/devices\/system\/cpu here/)
    expect(() => covers('/t', ['/mnt/sys'], () => true)).toThrow(/there is no \/sys\/devices\/system\/cpu here/)
  })
})

// Over directories of the test's own, which is all the same to the script.
const why = cantMount()
describe.skipIf(why !== null)(titled('a command', why), () => {
  const place = mkdtempSync(join(tmpdir(), "cpuhp-it's-"))
  afterAll(() => rmSync(place, { recursive: true }))

  function run(script: string): { code: number | null; stdout: string; stderr: string } {
    const shell = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'cpuhp', 'echo', 'it ran']
    const { status, stdout, stderr } = spawnSync('unshare', shell, { encoding: 'utf8', timeout: 10_000 })
    return { code: status, stdout, stderr }
  }

  test.each([
    ['what lies over it is no FUSE', place, /not all is of the simulated machine; nothing has been run/],
    ['nothing can be laid over it', `${place}/nothing`, /nothing can't be laid over; nothing has been run/],
  ])('is not run when %s', (_, to, said) => {
    const { code, stdout, stderr } = run(coverScript([{ from: place, to }], 0))
    expect(stderr).toMatch(said)
    expect([code, stdout]).toEqual([NOT_RUN, ''])
  })

  test('is not run when what lies over it is of another mount', () => {
    // As if all of it were FUSE.
    const script = coverScript([{ from: place, to: place }], 1).replace('stat -f -c %t', 'echo 65735546 #')
    const { code, stdout, stderr } = run(script.replace(/\[ "\$\(echo 65735546 #.*/, ''))
    expect(stderr).toMatch(/not all is of this simulated machine; nothing has been run/)
    expect([code, stdout]).toEqual([NOT_RUN, ''])
  })
})
