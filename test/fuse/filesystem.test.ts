// What is answered to each request, without a kernel that asks.
import { describe, expect, test } from 'vitest'
import { FileSystem } from '#dist/src/fuse/filesystem.js'
import { encode, fieldsOf, type Request } from '#dist/src/fuse/message.js'
import * as fuse from '#dist/src/fuse/protocol.js'
import { ERRNO, Machine } from '#dist/src/index.js'
import { attribute, directory, link } from '#dist/src/vfs/node.js'

const { OPCODE } = fuse
const [READ_ONLY, WRITE_ONLY, READ_WRITE] = [0, 1, 2]
const bytesOf = (text: string): Uint8Array => Buffer.from(text)

/** A client: what the kernel does for a program. Each call answers the body, or a negative errno. */
class Client {
  readonly files: FileSystem
  readonly defects: unknown[] = []
  private unique = 0

  constructor(root: ConstructorParameters<typeof FileSystem>[0]) {
    this.files = new FileSystem(root, (error) => this.defects.push(error))
  }

  async ask(opcode: number, nodeId: number, body: Uint8Array = new Uint8Array(0)): Promise<Uint8Array | number | null> {
    const request: Request = { opcode, unique: ++this.unique, nodeId, body }
    const answer = await this.files.answer(request)
    if (answer === null) return null
    const { length, error, unique } = fieldsOf(answer, fuse.OUT_HEADER)
    expect([length, unique]).toEqual([answer.length, request.unique])
    if (error !== 0) expect(length).toBe(16)
    return error === 0 ? answer.subarray(16) : error
  }

  /** The numbers of the names of a path, looked up one after the other. */
  async walk(path: string): Promise<{ nodeId: number; entryValid: number; mode: number; size: number } | number> {
    let last = { nodeId: fuse.ROOT_ID, entryValid: 0, mode: 0, size: 0 }
    for (const name of path.split('/')) {
      const entry = await this.ask(OPCODE.lookup, last.nodeId, bytesOf(`${name}\0`))
      if (typeof entry === 'number') return entry
      last = fieldsOf(entry!, fuse.ENTRY_OUT)
    }
    return last
  }

  /** Makes a directory in that of the number. */
  async mkdir(nodeId: number, name: string): Promise<number> {
    const body = new Uint8Array([...encode(fuse.MKDIR_IN, { mode: 0o755 }), ...bytesOf(`${name}\0`)])
    const made = await this.ask(OPCODE.mkdir, nodeId, body)
    return typeof made === 'number' ? made : fieldsOf(made!, fuse.ENTRY_OUT).nodeId
  }

  async open(path: string, flags: number): Promise<number> {
    const found = await this.walk(path)
    if (typeof found === 'number') return found
    const opened = await this.ask(OPCODE.open, found.nodeId, encode(fuse.OPEN_IN, { flags }))
    return typeof opened === 'number' ? opened : fieldsOf(opened!, fuse.OPEN_OUT).handle
  }

  async read(handle: number, offset = 0, size = 4096): Promise<string | number> {
    const body = await this.ask(OPCODE.read, 0, encode(fuse.IO_IN, { handle, offset, size }))
    return typeof body === 'number' ? body : Buffer.from(body!).toString()
  }

  async write(handle: number, text: string, offset = 0): Promise<number> {
    const data = bytesOf(text)
    const body = new Uint8Array([...encode(fuse.IO_IN, { handle, offset, size: data.length }), ...data])
    const written = await this.ask(OPCODE.write, 0, body)
    return typeof written === 'number' ? written : fieldsOf(written!, fuse.WRITE_OUT).size
  }
}

const CPU = 'sys/devices/system/cpu'

async function withMachine(act: (client: Client, machine: Machine) => Promise<void>): Promise<void> {
  const machine = await Machine.boot({ cpus: 4, machine: 'deterministic' })
  try {
    await act(new Client(machine.files.root), machine)
  } finally {
    await machine.shutdown()
  }
}

describe('version', () => {
  const flags = 0xffff_ffff
  test.each([
    [
      { major: 7, minor: 38 },
      { major: 7, minor: 31 },
    ],
    [
      { major: 7, minor: 27 },
      { major: 7, minor: 27 },
    ],
    // It asks once more.
    [
      { major: 8, minor: 2 },
      { major: 7, minor: 31 },
    ],
  ])('of a kernel with %j is %j', async (offered, agreed) => {
    const client = new Client(directory({}))
    const answer = (await client.ask(OPCODE.init, 0, encode(fuse.INIT_IN, { ...offered, flags }))) as Uint8Array
    const { major, minor, maxWrite, flags: taken } = fieldsOf(answer, fuse.INIT_OUT)
    expect({ major, minor }).toEqual(agreed)
    expect(maxWrite).toBe(4096)
    expect(taken).toBe(Object.values(fuse.INIT_FLAG).reduce((all, flag) => all | flag))
  })

  test('of a kernel that is too old is none, and what it does not offer is not taken', async () => {
    const client = new Client(directory({}))
    expect(await client.ask(OPCODE.init, 0, encode(fuse.INIT_IN, { major: 7, minor: 22 }))).toBe(-ERRNO.EPROTO)
    const answer = (await client.ask(
      OPCODE.init,
      0,
      encode(fuse.INIT_IN, { major: 7, minor: 31, flags: 8 }),
    )) as Uint8Array
    expect(fieldsOf(answer, fuse.INIT_OUT).flags).toBe(8)
  })
})

describe('files', () => {
  test('read as those of the tree, in pieces, and anew from the beginning', async () => {
    await withMachine(async (client, machine) => {
      const handle = await client.open(`${CPU}/online`, READ_ONLY)
      expect(await client.read(handle)).toBe('0-3\n')
      expect(await client.read(handle, 2, 1)).toBe('3')
      expect(await client.read(handle, 4)).toBe('')
      await machine.offline(1)
      // Who reads on reads what he began to read.
      expect(await client.read(handle, 1)).toBe('-3\n')
      expect(await client.read(handle)).toBe('0,2-3\n')
    })
  })

  test('take CPUs down when they are written to, wherever in the file, and fail as the kernel does', async () => {
    await withMachine(async (client, machine) => {
      const handle = await client.open(`${CPU}/cpu1/online`, READ_WRITE)
      expect(await client.write(handle, '0\n')).toBe(2)
      expect(await machine.read('online')).toBe('0,2-3')
      expect(await client.write(handle, '1\n', 2)).toBe(2)
      expect(await machine.read('online')).toBe('0-3')
      expect(await client.write(handle, 'perhaps')).toBe(-ERRNO.EINVAL)
      const fail = await client.open(`${CPU}/cpu1/hotplug/fail`, WRITE_ONLY)
      expect(await client.write(fail, '155')).toBe(3)
      expect(await client.write(handle, '0')).toBe(-ERRNO.EAGAIN)
      expect(client.defects).toEqual([])
    })
  })

  test('can be opened only for what they can do, by root, too', async () => {
    await withMachine(async (client) => {
      expect(await client.open(`${CPU}/online`, WRITE_ONLY)).toBe(-ERRNO.EACCES)
      expect(await client.open(`${CPU}/online`, READ_WRITE)).toBe(-ERRNO.EACCES)
      expect(await client.open(`${CPU}/cpu1`, READ_ONLY)).toBe(-ERRNO.EISDIR)
      expect(await client.open(`${CPU}/cpu0/online`, READ_ONLY)).toBe(-ERRNO.ENOENT)
      expect(await client.open(`${CPU}/online/x`, READ_ONLY)).toBe(-ERRNO.ENOTDIR)
      // As in /proc, where the write fails.
      const handle = await client.open('proc/stat', WRITE_ONLY)
      expect(await client.write(handle, 'x')).toBe(-ERRNO.EIO)
    })
  })

  test('say what they are', async () => {
    await withMachine(async (client) => {
      expect(await client.walk(`${CPU}/online`)).toMatchObject({ mode: 0o100444, size: 4096 })
      expect(await client.walk(`${CPU}/cpu1/online`)).toMatchObject({ mode: 0o100644, size: 4096 })
      expect(await client.walk('proc/stat')).toMatchObject({ mode: 0o100444, size: 0 })
      expect(await client.walk(CPU)).toMatchObject({ mode: 0o040755 })
      const subsystem = await client.walk(`${CPU}/cpu1/subsystem`)
      expect(subsystem).toMatchObject({ mode: 0o120777, size: 19 })
      const { nodeId } = subsystem as { nodeId: number }
      expect(Buffer.from((await client.ask(OPCODE.readlink, nodeId)) as Uint8Array).toString()).toBe(
        '../../../../bus/cpu',
      )
    })
  })

  test('are taken for granted only where they last', async () => {
    await withMachine(async (client, machine) => {
      const validity = async (path: string): Promise<number> =>
        ((await client.walk(path)) as { entryValid: number }).entryValid
      for (const path of [CPU, `${CPU}/cpu1`, `${CPU}/cpu1/online`])
        expect(await validity(path), path).toBeGreaterThan(60)
      for (const path of [`${CPU}/cpu1/topology`, `${CPU}/cpu1/cache`, 'proc/1'])
        expect(await validity(path), path).toBe(0)
      const { nodeId } = (await client.walk(`${CPU}/cpu1/topology/core_id`)) as { nodeId: number }
      await machine.offline(1)
      expect(await client.ask(OPCODE.getattr, nodeId)).toBe(-ERRNO.ENOENT)
      expect(await client.ask(OPCODE.open, nodeId, encode(fuse.OPEN_IN, { flags: READ_ONLY }))).toBe(-ERRNO.ENOENT)
      await machine.online(1)
      expect(await client.ask(OPCODE.getattr, nodeId)).toBeInstanceOf(Uint8Array)
    })
  })

  test('may be cut and touched, and change neither mode nor owner', async () => {
    await withMachine(async (client) => {
      const { nodeId } = (await client.walk(`${CPU}/cpu1/online`)) as { nodeId: number }
      const set = (valid: number) => client.ask(OPCODE.setattr, nodeId, encode(fuse.SETATTR_IN, { valid }))
      for (const valid of [1 << 3, 1 << 4, 1 << 5]) expect(await set(valid)).toBeInstanceOf(Uint8Array)
      for (const valid of [1 << 0, 1 << 1, (1 << 2) | (1 << 3)]) expect(await set(valid)).toBe(-ERRNO.EPERM)
    })
  })
})

test('a write that takes its time holds nobody else up', async () => {
  let finish = (): void => {}
  const slow = attribute(
    () => 'slow\n',
    () => new Promise<void>((resolve) => (finish = resolve)),
  )
  const client = new Client(directory({ slow, quick: attribute(() => 'quick\n'), elsewhere: link('slow') }))
  const [writing, reading] = [await client.open('slow', WRITE_ONLY), await client.open('quick', READ_ONLY)]
  let written: number | null = null
  const write = client.write(writing, 'x').then((size) => (written = size))
  expect(await client.read(reading)).toBe('quick\n')
  expect(await client.read(await client.open('slow', READ_ONLY))).toBe('slow\n')
  // Nobody can interrupt it.
  expect(await client.ask(OPCODE.interrupt, 0, encode(fuse.INTERRUPT_IN, { unique: 5 }))).toBeNull()
  expect(written).toBeNull()
  finish()
  expect(await write).toBe(1)
})

test('what goes wrong inside is EIO, and is told', async () => {
  const broken = new Error('broken')
  const client = new Client(
    directory({
      file: attribute(() => {
        throw broken
      }),
    }),
  )
  expect(await client.read(await client.open('file', READ_ONLY))).toBe(-ERRNO.EIO)
  expect(client.defects).toEqual([broken])
})

test('control groups are made and removed as directories', async () => {
  await withMachine(async (client) => {
    const root = await client.walk('sys/fs/cgroup')
    if (typeof root === 'number') throw new Error(`there is no /sys/fs/cgroup: ${root}`)
    expect(await client.mkdir(root.nodeId, 'a')).toBeGreaterThan(0)
    expect(await client.mkdir(root.nodeId, 'a')).toBe(-ERRNO.EEXIST)
    expect(await client.walk('sys/fs/cgroup/a/cgroup.procs')).toMatchObject({ nodeId: expect.any(Number) })
    expect(await client.ask(OPCODE.rmdir, root.nodeId, bytesOf('a\0'))).not.toBeTypeOf('number')
    expect(await client.walk('sys/fs/cgroup/a')).toBe(-ERRNO.ENOENT)
    expect(await client.ask(OPCODE.rmdir, root.nodeId, bytesOf('a\0'))).toBe(-ERRNO.ENOENT)
  })
})

test('what nobody may do is refused, what is unknown is not there, and handles end', async () => {
  await withMachine(async (client) => {
    for (const name of ['unlink', 'rename', 'rename2', 'symlink', 'link', 'mknod'] as const) {
      expect(await client.ask(OPCODE[name], 1), name).toBe(-ERRNO.EPERM)
    }
    expect(await client.mkdir(1, 'new')).toBe(-ERRNO.EPERM)
    expect(await client.ask(OPCODE.rmdir, 1, bytesOf('sys\0'))).toBe(-ERRNO.EPERM)
    expect(await client.ask(OPCODE.create, 1)).toBe(-ERRNO.EACCES)
    // flush, getxattr, poll, and what may yet be thought of
    for (const opcode of [25, 22, 40, 4242]) expect(await client.ask(opcode, 1), `${opcode}`).toBe(-ERRNO.ENOSYS)
    const statfs = (await client.ask(OPCODE.statfs, 1)) as Uint8Array
    expect(fieldsOf(statfs, fuse.STATFS_OUT)).toMatchObject({ blockSize: 4096, nameLength: 255 })
    const handle = await client.open(`${CPU}/online`, READ_ONLY)
    expect(await client.write(handle, 'x')).toBe(-ERRNO.EBADF)
    await client.ask(OPCODE.release, 0, encode(fuse.RELEASE_IN, { handle }))
    expect(await client.read(handle)).toBe(-ERRNO.EBADF)
    expect(await client.ask(OPCODE.readdir, 1, encode(fuse.IO_IN, { handle: 77, size: 4096 }))).toBe(-ERRNO.EBADF)
    expect(await client.ask(OPCODE.opendir, ((await client.walk('proc/stat')) as { nodeId: number }).nodeId)).toBe(
      -ERRNO.ENOTDIR,
    )
  })
})

test('what is forgotten in a batch is forgotten', async () => {
  await withMachine(async (client) => {
    const { nodeId } = (await client.walk('proc/stat')) as { nodeId: number }
    await client.walk('proc/stat')
    const batch = (lookups: number): Uint8Array =>
      new Uint8Array([...encode(fuse.BATCH_FORGET_IN, { count: 1 }), ...encode(fuse.FORGET_ONE, { nodeId, lookups })])
    expect(await client.ask(OPCODE.batchForget, 0, batch(1))).toBeNull()
    expect(await client.ask(OPCODE.getattr, nodeId)).toBeInstanceOf(Uint8Array)
    expect(await client.ask(OPCODE.batchForget, 0, batch(1))).toBeNull()
    expect(await client.ask(OPCODE.getattr, nodeId)).toBe(-ERRNO.ENOENT)
  })
})
