// A mount, by the kernel that is there.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { Mount } from '#dist/src/fuse/mount.js'
import { Machine, type MachineOptions } from '#dist/src/index.js'
import { attribute, type DirectoryNode, directory } from '#dist/src/vfs/node.js'
import { rejection } from '../support/machines.js'
import { cantMount, mounts, ownTemporary, titled } from '../support/mounting.js'
import { cpuhp, ROOT, runNode } from '../support/run.js'

const why = cantMount()
const own = ownTemporary()
const place = mkdtempSync(join(own, 'cpuhp-mount-'))
const CPU = join(place, 'sys/devices/system/cpu')
afterEach(() => expect(mounts(own)).toEqual([]))
afterAll(() => rmSync(own, { recursive: true }))

async function mounted(tree: DirectoryNode, act: (mount: Mount) => Promise<void>): Promise<void> {
  const mount = await Mount.on(place, tree)
  try {
    await act(mount)
  } finally {
    await mount.end()
  }
}

async function machineMounted(
  options: MachineOptions,
  act: (machine: Machine, mount: Mount) => Promise<void>,
): Promise<void> {
  const machine = await Machine.boot(options)
  try {
    await mounted(machine.files.root, (mount) => act(machine, mount))
  } finally {
    await machine.shutdown()
  }
}

describe.skipIf(why !== null)(titled('a mounted machine', why), () => {
  test('is a file system: it lists, reads, writes, and fails as the kernel does', async () => {
    await machineMounted({ cpus: 4, workers: 2 }, async (machine, mount) => {
      expect((await readdir(join(CPU, 'cpu1'))).sort()).toEqual(
        machine.files.list('/sys/devices/system/cpu/cpu1').sort(),
      )
      expect(await readFile(join(CPU, 'online'), 'utf8')).toBe('0-3\n')
      expect(await readlink(join(CPU, 'cpu1/subsystem'))).toBe('../../../../bus/cpu')
      const { mode, size, dev } = await stat(join(CPU, 'cpu1/online'))
      expect({ mode, size, dev }).toEqual({ mode: 0o100644, size: 4096, dev: mount.deviceNumber })
      expect((await stat(join(CPU, 'cpu1/topology/core_id'))).mode).toBe(0o100444)

      await writeFile(join(CPU, 'cpu1/online'), '0')
      expect(await machine.read('online')).toBe('0,2-3')
      expect(await rejection(stat(join(CPU, 'cpu1/topology/core_id')))).toMatchObject({ code: 'ENOENT' })
      await writeFile(join(CPU, 'cpu1/online'), '1\n')
      expect((await stat(join(CPU, 'cpu1/topology/core_id'))).isFile()).toBe(true)

      const refused = (path: string, text: string) => rejection(writeFile(join(CPU, path), text))
      expect(await refused('cpu1/online', 'x')).toMatchObject({ code: 'EINVAL' })
      expect(await refused('cpu1/hotplug/target', '99999999999')).toMatchObject({ code: 'ERANGE' })
      expect(await refused('online', '0')).toMatchObject({ code: 'EACCES' })
      expect(await refused('cpu0/online', '0')).toMatchObject({ code: 'EACCES' })
      await writeFile(join(CPU, 'cpu2/hotplug/fail'), '155')
      expect(await refused('cpu2/online', '0')).toMatchObject({ code: 'EAGAIN' })
    })
  })

  test('is read anew by who has a file open', async () => {
    await machineMounted({ cpus: 2, machine: 'deterministic' }, async (machine) => {
      const file = await open(join(CPU, 'online'))
      const text = async (): Promise<string> => {
        const { bytesRead, buffer } = await file.read({ position: 0 })
        return buffer.toString('utf8', 0, bytesRead)
      }
      expect(await text()).toBe('0-1\n')
      await machine.offline(1)
      expect(await text()).toBe('0\n')
      await file.close()
    })
  })
})

describe.skipIf(why !== null)(titled('a mount', why), () => {
  test('answers others while a write waits', async () => {
    let finish = (): void => {}
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const slow = attribute(
      () => 'slow\n',
      () => {
        begin()
        return new Promise<void>((resolve) => (finish = resolve))
      },
    )
    await mounted(directory({ slow, quick: attribute(() => 'quick\n') }), async () => {
      let written = false
      const write = writeFile(join(place, 'slow'), 'x').then(() => (written = true))
      await begun
      expect(await readFile(join(place, 'quick'), 'utf8')).toBe('quick\n')
      expect(await readFile(join(place, 'slow'), 'utf8')).toBe('slow\n')
      expect(written).toBe(false)
      finish()
      expect(await write).toBe(true)
    })
  })

  test('lists a directory of many pages, each name once', async () => {
    const names = Array.from({ length: 3000 }, (_, n) => `a-rather-long-name-${n}`)
    const tree = directory({}, { names: () => names, find: (name) => (names.includes(name) ? directory({}) : null) })
    await mounted(tree, async () => expect((await readdir(place)).sort()).toEqual([...names].sort()))
  })

  test('tells of what is no answer of the kernel, and answers EIO', async () => {
    const broken = new Error('broken')
    const file = attribute(() => {
      throw broken
    })
    await mounted(directory({ file }), async (mount) => {
      expect(await rejection(readFile(join(place, 'file')))).toMatchObject({ code: 'EIO' })
      expect(await mount.ended).toBe(broken)
    })
  })

  test('ends when somebody unmounts it', async () => {
    await mounted(directory({}), async (mount) => {
      await readdir(place)
      await promisify(execFile)('umount', ['-i', place])
      expect(await mount.ended).toBeNull()
    })
  })

  test('ends though somebody has a file of it open', async () => {
    let file: FileHandle | undefined
    await mounted(directory({ file: attribute(() => 'x\n') }), async () => {
      file = await open(join(place, 'file'))
    })
    if (file === undefined) throw new Error('it has not been opened')
    expect(await rejection(file.read())).toMatchObject({ code: 'ENOTCONN' })
    // Whatever closing has to say about it.
    expect([null, 'ENOTCONN']).toContain(
      await file.close().then(
        () => null,
        ({ code }) => code,
      ),
    )
  })

  // Programs of their own, for they end in ways in which a test does not.
  const program = (last: string): string => `
    import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'
    import { readdir } from 'node:fs/promises'
    import { Mount } from '${ROOT}dist/src/fuse/mount.js'
    import { directory } from '${ROOT}dist/src/vfs/node.js'
    const mount = await Mount.on('${place}', directory({ here: directory({}) }))
    process.stdout.write(String(await readdir('${place}')) + '\\n')
    ${last}`
  const unmounted = async (): Promise<boolean> => {
    for (let tries = 0; tries < 100 && mounts(own).length > 0; tries++)
      await new Promise((done) => setTimeout(done, 50))
    return mounts(own).length === 0
  }

  test.each([
    ['an exception that nobody catches', "setTimeout(() => { throw new Error('oh') })", 1],
    ['process.exit', 'process.exit(5)', 5],
  ])('goes with a process that ends by %s', async (_, last, code) => {
    const result = await runNode(['--input-type=module', '-e', program(last)], { limitMs: 20_000 })
    expect(result).toMatchObject({ code, stdout: 'here\n' })
    expect(await unmounted()).toBe(true)
  })

  test('goes with a process that is killed', async () => {
    const result = await runNode(['--input-type=module', '-e', program('')], {
      limitMs: 20_000,
      onOutput: (kill, _stderr, stdout) => stdout === 'here\n' && kill('SIGKILL'),
    })
    expect(result).toMatchObject({ signal: 'SIGKILL', stdout: 'here\n' })
    expect(await unmounted()).toBe(true)
  })

  test('goes when its reader dies', async () => {
    // Takes the device away from under it, and puts something else where it was.
    const last = `
      const fd = readdirSync('/proc/self/fd').map(Number).find((n) => {
        try { return readlinkSync('/proc/self/fd/' + n) === '/dev/fuse' } catch { return false }
      })
      closeSync(fd)
      const other = openSync('/dev/null')
      void readdir('${place}/here').catch(() => {})
      const error = await mount.ended
      process.stdout.write(other === fd ? error.message + '\\n' : 'elsewhere\\n')
      await mount.end()`
    const result = await runNode(['--input-type=module', '-e', program(last)], { limitMs: 20_000 })
    expect(result.stdout).toMatch(/^here\n.+\n$/)
    expect(result.stdout).not.toContain('elsewhere')
    expect(result.code).toBe(0)
    expect(await unmounted()).toBe(true)
  })
})

describe.skipIf(why !== null)(titled('cpuhp mount DIR', why), () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('serves until %s', async (signal, code) => {
    let online = ''
    const result = await cpuhp(['mount', place, '--workers', '2'], {
      limitMs: 30_000,
      onOutput: (kill, _stderr, stdout) => {
        if (!stdout.endsWith('\n')) return
        online = spawnSync('sh', ['-c', 'echo 0 > cpu3/online; cat online'], { cwd: CPU, encoding: 'utf8' }).stdout
        kill(signal)
      },
    })
    expect(online).toBe('0-2\n')
    expect(result).toEqual({ code, signal: null, stdout: `4 CPUs at ${place}\n`, stderr: '' })
  })

  test('ends when it is unmounted', async () => {
    const result = await cpuhp(['mount', place, '--machine', 'deterministic', '--cpus', '2'], {
      limitMs: 30_000,
      onOutput: (_kill, _stderr, stdout) => stdout.endsWith('\n') && spawnSync('umount', ['-i', place]),
    })
    expect(result).toEqual({ code: 0, signal: null, stdout: `2 CPUs at ${place}\n`, stderr: '' })
  })
})
