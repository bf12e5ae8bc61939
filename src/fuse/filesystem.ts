// What is answered to each request: a tree of files, as FUSE sees it. Nothing here knows of a device; server.ts brings the
// requests, and any number may be under way at a time.
import { ERRNO, type ErrnoName, KernelError } from '../base/errno.js'
import type { DirectoryNode, FileNode, Node } from '../vfs/node.js'
import { Inodes } from './inodes.js'
import { type Entry, encode, encodeEntries, failure, fieldsOf, nameOf, type Request, reply } from './message.js'
import * as fuse from './protocol.js'

/** An open file. What is read of it is as it was when reading began at its beginning. */
interface OpenFile {
  readonly node: FileNode
  contents: Uint8Array
}

type Answer = Uint8Array | Promise<Uint8Array>

const NOTHING = new Uint8Array(0)
/** Names that last, and modes, may be taken for granted for that long. */
const LASTING_S = 3600
/** Of a write at once: what a file of sysfs takes. */
const MAX_WRITE = 4096
const ACCESS_MODE = 3
const [READ_ONLY, WRITE_ONLY] = [0, 1]

/** What nobody may do in a tree like /sys: names come and go with what they stand for. */
const REFUSED = new Map<number, ErrnoName>([
  [fuse.OPCODE.symlink, 'EPERM'],
  [fuse.OPCODE.unlink, 'EPERM'],
  [fuse.OPCODE.rename, 'EPERM'],
  [fuse.OPCODE.rename2, 'EPERM'],
  [fuse.OPCODE.link, 'EPERM'],
  [fuse.OPCODE.mknod, 'EPERM'],
  [fuse.OPCODE.create, 'EACCES'],
])

export class FileSystem {
  private readonly inodes: Inodes
  private readonly files = new Map<number, OpenFile>()
  private readonly directories = new Map<number, readonly Entry[]>()
  private lastHandle = 0
  private readonly operations: ReadonlyMap<number, (request: Request) => Answer>
  private readonly onDefect: (error: unknown) => void

  /** `onDefect` is told of what is no answer of the kernel's, such as a panic: whoever asked gets EIO. */
  constructor(root: DirectoryNode, onDefect: (error: unknown) => void) {
    this.inodes = new Inodes(root)
    this.onDefect = onDefect
    const { OPCODE } = fuse
    this.operations = new Map<number, (request: Request) => Answer>([
      [OPCODE.init, ({ body }) => init(body)],
      [OPCODE.destroy, () => NOTHING],
      [OPCODE.lookup, ({ nodeId, body }) => this.lookup(nodeId, nameOf(body))],
      [OPCODE.getattr, ({ nodeId }) => this.getattr(nodeId)],
      [OPCODE.setattr, ({ nodeId, body }) => this.setattr(nodeId, body)],
      [OPCODE.readlink, ({ nodeId }) => this.readlink(nodeId)],
      [OPCODE.mkdir, ({ nodeId, body }) => this.mkdir(nodeId, nameOf(body, fuse.MKDIR_IN.size))],
      [OPCODE.rmdir, ({ nodeId, body }) => this.rmdir(nodeId, nameOf(body))],
      [OPCODE.open, ({ nodeId, body }) => this.open(nodeId, body)],
      [OPCODE.read, ({ body }) => this.read(body)],
      [OPCODE.write, ({ body }) => this.write(body)],
      [OPCODE.release, ({ body }) => this.release(this.files, body)],
      [OPCODE.opendir, ({ nodeId }) => this.opendir(nodeId)],
      [OPCODE.readdir, ({ body }) => this.readdir(body)],
      [OPCODE.releasedir, ({ body }) => this.release(this.directories, body)],
      [OPCODE.statfs, () => encode(fuse.STATFS_OUT, { blockSize: 4096, fragmentSize: 4096, nameLength: 255 })],
    ])
  }

  /** Carries a request out. Resolves to the message to answer with; null when it is one that has no answer. */
  async answer(request: Request): Promise<Uint8Array | null> {
    const { opcode, unique, body } = request
    const { OPCODE } = fuse
    switch (opcode) {
      case OPCODE.forget:
        this.inodes.forget(request.nodeId, fieldsOf(body, fuse.FORGET_IN).lookups)
        return null
      case OPCODE.batchForget:
        this.batchForget(body)
        return null
      case OPCODE.interrupt:
        // A write to a control file can't be interrupted on Linux either: its answer comes when it is done.
        return null
    }
    try {
      const refused = REFUSED.get(opcode)
      if (refused !== undefined) throw new KernelError(refused)
      const operation = this.operations.get(opcode)
      // The kernel does without, and does not ask again.
      if (operation === undefined) throw new KernelError('ENOSYS')
      return reply(unique, await operation(request))
    } catch (error) {
      if (error instanceof KernelError) return failure(unique, -error.errno)
      this.onDefect(error)
      return failure(unique, ERRNO.EIO)
    }
  }

  private batchForget(body: Uint8Array): void {
    const { count } = fieldsOf(body, fuse.BATCH_FORGET_IN)
    for (let n = 0; n < count; n++) {
      const at = fuse.BATCH_FORGET_IN.size + n * fuse.FORGET_ONE.size
      const { nodeId, lookups } = fieldsOf(body, fuse.FORGET_ONE, at)
      this.inodes.forget(nodeId, lookups)
    }
  }

  /** Only control groups can be made and removed. */
  private async mkdir(above: number, name: string): Promise<Uint8Array> {
    const directory = this.inodes.directory(above)
    if (directory.mkdir === undefined) throw new KernelError('EPERM')
    await directory.mkdir(name)
    return this.lookup(above, name)
  }

  private async rmdir(above: number, name: string): Promise<Uint8Array> {
    const directory = this.inodes.directory(above)
    if (directory.rmdir === undefined) throw new KernelError('EPERM')
    await directory.rmdir(name)
    return NOTHING
  }

  private lookup(above: number, name: string): Uint8Array {
    const directory = this.inodes.directory(above)
    const node = directory.find(name)
    if (node === null) throw new KernelError('ENOENT')
    const nodeId = this.inodes.look(above, name)
    return encode(fuse.ENTRY_OUT, {
      nodeId,
      entryValid: directory.lasts(name) ? LASTING_S : 0,
      attributesValid: LASTING_S,
      ...attributesOf(node, nodeId),
    })
  }

  private getattr(nodeId: number): Uint8Array {
    const node = this.inodes.find(nodeId)
    return encode(fuse.ATTR_OUT, { attributesValid: LASTING_S, ...attributesOf(node, nodeId) })
  }

  /** Length and times may be set, and nothing comes of it, as in sysfs; owner and mode are the machine's. */
  private setattr(nodeId: number, body: Uint8Array): Uint8Array {
    const { mode, uid, gid } = fuse.SETATTR
    if ((fieldsOf(body, fuse.SETATTR_IN).valid & (mode | uid | gid)) !== 0) throw new KernelError('EPERM')
    return this.getattr(nodeId)
  }

  private readlink(nodeId: number): Uint8Array {
    const node = this.inodes.find(nodeId)
    if (node.kind !== 'link') throw new KernelError('EINVAL')
    return Buffer.from(node.target)
  }

  /** Root may open what its mode forbids; sysfs refuses it nevertheless where there is nothing to read, or to write. */
  private open(nodeId: number, body: Uint8Array): Uint8Array {
    const node = this.inodes.find(nodeId)
    if (node.kind !== 'file') throw new KernelError('EISDIR')
    const mode = fieldsOf(body, fuse.OPEN_IN).flags & ACCESS_MODE
    if (mode !== WRITE_ONLY && node.read === null) throw new KernelError('EACCES')
    if (mode !== READ_ONLY && node.write === null) throw new KernelError('EACCES')
    const handle = ++this.lastHandle
    this.files.set(handle, { node, contents: NOTHING })
    const { directIo, parallelDirectWrites } = fuse.OPEN_FLAG
    return encode(fuse.OPEN_OUT, { handle, openFlags: directIo | parallelDirectWrites })
  }

  /** Reading from the beginning makes the contents anew. */
  private read(body: Uint8Array): Uint8Array {
    const { handle, offset, size } = fieldsOf(body, fuse.IO_IN)
    const file = handleOf(this.files, handle)
    if (file.node.read === null) throw new KernelError('EBADF')
    if (offset === 0) file.contents = Buffer.from(file.node.read())
    return file.contents.subarray(offset, offset + size)
  }

  /** Each write is one to the attribute, wherever in the file it is. */
  private async write(body: Uint8Array): Promise<Uint8Array> {
    const { handle, size } = fieldsOf(body, fuse.IO_IN)
    const { node } = handleOf(this.files, handle)
    if (node.write === null) throw new KernelError('EBADF')
    await node.write(Buffer.from(body.subarray(fuse.IO_IN.size, fuse.IO_IN.size + size)).toString('latin1'))
    return encode(fuse.WRITE_OUT, { size })
  }

  private opendir(nodeId: number): Uint8Array {
    const node = this.inodes.directory(nodeId)
    const entries: Entry[] = ['.', '..'].map((name) => ({ name, inode: UNKNOWN_INODE, type: fuse.TYPE.directory }))
    for (const name of node.names()) {
      const type = node.find(name)?.kind
      // It may have gone between the two looks.
      if (type !== undefined) entries.push({ name, inode: UNKNOWN_INODE, type: fuse.TYPE[type] })
    }
    const handle = ++this.lastHandle
    this.directories.set(handle, entries)
    return encode(fuse.OPEN_OUT, { handle })
  }

  private readdir(body: Uint8Array): Uint8Array {
    const { handle, offset, size } = fieldsOf(body, fuse.IO_IN)
    return encodeEntries(handleOf(this.directories, handle), offset, size)
  }

  private release(handles: Map<number, unknown>, body: Uint8Array): Uint8Array {
    handles.delete(fieldsOf(body, fuse.RELEASE_IN).handle)
    return NOTHING
  }
}

/** What libfuse says as well for entries that have not been looked up. */
const UNKNOWN_INODE = 0xffff_ffff

function handleOf<T>(handles: ReadonlyMap<number, T>, handle: number): T {
  const open = handles.get(handle)
  if (open === undefined) throw new KernelError('EBADF')
  return open
}

/** Agrees on a version: the older of the two. A newer major version asks once more, with ours. */
function init(body: Uint8Array): Uint8Array {
  const { major, minor, maxReadahead, flags } = fieldsOf(body, fuse.INIT_IN)
  const { VERSION, OLDEST_MINOR, INIT_FLAG } = fuse
  if (major < VERSION.major || (major === VERSION.major && minor < OLDEST_MINOR)) throw new KernelError('EPROTO')
  const wanted = Object.values(INIT_FLAG).reduce((all, flag) => all | flag)
  return encode(fuse.INIT_OUT, {
    major: VERSION.major,
    minor: major > VERSION.major ? VERSION.minor : Math.min(minor, VERSION.minor),
    maxReadahead,
    flags: (flags & wanted) >>> 0,
    maxBackground: 64,
    congestionThreshold: 48,
    maxWrite: MAX_WRITE,
    timeGranularity: 1,
  })
}

function attributesOf(node: Node, inode: number) {
  return {
    inode,
    size: node.kind === 'file' ? node.size : node.kind === 'link' ? node.target.length : 0,
    mode: (fuse.TYPE[node.kind] << 12) | node.mode,
    links: node.kind === 'directory' ? 2 : 1,
    blockSize: 4096,
  }
}
