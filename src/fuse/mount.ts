// Mounting a tree, and seeing to it that the mount ends with this process, however that ends.
//
// A shell, the keeper, mounts and unmounts, and removes the directory when that was made for the mount. The end of its input
// says that the mount is to go; it also comes when this process is killed. Unmounting is lazy and forced: a reader that waits at the device would otherwise never come back,
// and a process can't exit without it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, realpathSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Defect, UsageError } from '../base/failure.js'
import type { DirectoryNode } from '../vfs/node.js'
import { deviceNumber, type MountLine, mountPoints } from './mountinfo.js'
import { Server } from './server.js'

const DEVICE = '/dev/fuse'
/** What `mount` shows as the source. */
const SOURCE = 'cpuhp'

const KEEPER = `
if mount -i -t fuse -o "$1" ${SOURCE} "$2"; then
  exec 3>&-
  echo mounted
  read -r nothing
  umount -i -l -f "$2" 2>/dev/null
fi
[ "$3" = kept ] || rmdir "$2"
`

// Cuts a connection, wherever it is mounted.
const ABORT = `
mount -t fusectl fusectl /sys/fs/fuse/connections && echo 1 > "/sys/fs/fuse/connections/$1/abort"
`
/** For the device to say that it is no longer mounted. */
const PATIENCE_MS = 1000

// Permissions are the kernel's to check, by the modes; users other than root may look.
const OPTIONS = 'fd=3,rootmode=40000,user_id=0,group_id=0,nosuid,nodev,noexec,default_permissions,allow_other'

/** Throws a UsageError that says why nothing can be mounted here. */
export function checkMountable(): void {
  if (process.platform !== 'linux') throw new UsageError('mount needs Linux, with /dev/fuse')
  if (process.getuid?.() !== 0) throw new UsageError('mount needs root: it mounts a file system')
  closeSync(openDevice())
}

function openDevice(): number {
  try {
    return openSync(DEVICE, 'r+')
  } catch (error) {
    throw new UsageError(`mount needs ${DEVICE}: ${(error as Error).message}`, { cause: error })
  }
}

export class Mount {
  readonly directory: string
  /** the device number by which its files are told from all others, as stat gives it */
  readonly deviceNumber: number
  /** resolves when it is no longer mounted; to what has gone wrong, or null. Then it still has to be ended. */
  readonly ended: Promise<Error | null>
  /** resolves when nobody is there any more to answer */
  readonly stopped: Promise<unknown>
  private readonly device: number
  private readonly minor: number
  private readonly keeper: ChildProcess
  private readonly server: Server
  /** resolves when the keeper is through */
  private readonly kept: Promise<unknown>
  private readonly onExit: () => void
  private ending: Promise<void> | null = null

  private constructor(line: MountLine, device: number, keeper: ChildProcess, server: Server) {
    this.minor = line.minor
    this.directory = line.point
    this.device = device
    this.deviceNumber = deviceNumber(line)
    this.keeper = keeper
    this.kept = once(keeper, 'close')
    this.server = server
    this.ended = server.ended
    this.stopped = server.stopped
    this.onExit = () => keeper.stdin?.destroy()
    process.once('exit', this.onExit)
  }

  /**
   * Mounts a tree on a directory, an absolute path without links; null: on one of its own, which is removed with the
   * mount. A UsageError when that can't be done.
   */
  static async on(where: string | null, root: DirectoryNode): Promise<Mount> {
    checkMountable()
    if (where !== null && !(await isDirectory(where))) throw new UsageError(`${where} is no directory to mount on`)
    const device = openDevice()
    const directory = where ?? realpathSync(mkdtempSync(join(tmpdir(), 'cpuhp-')))
    // A session of its own: Ctrl-C is for this process to deal with.
    const keeper = spawn('sh', ['-c', KEEPER, 'cpuhp', OPTIONS, directory, where === null ? 'removed' : 'kept'], {
      stdio: ['pipe', 'pipe', 'pipe', device],
      detached: true,
    })
    try {
      await mounted(keeper)
    } catch (error) {
      closeSync(device)
      throw error
    }
    // Not by looking at the directory: a process that waits for its own answer can't even be killed.
    const line = mountPoints().get(directory)
    if (line === undefined) throw new Defect(`what has been mounted on ${directory} is not there`)
    return new Mount(line, device, keeper, new Server(device, root))
  }

  /** Unmounts, if that has not happened, and resolves when nothing of the mount is left running. */
  end(): Promise<void> {
    this.ending ??= this.unmount()
    return this.ending
  }

  private async unmount(): Promise<void> {
    const { keeper, server } = this
    keeper.stdin?.end()
    await this.kept
    // Somebody may have unmounted it here, and it may still be mounted in another namespace.
    if (!(await server.endsWithin(PATIENCE_MS))) await abort(this.minor)
    await server.stopped
    process.removeListener('exit', this.onExit)
    closeSync(this.device)
  }
}

/** Not by waiting for the answer here: it may be this process that is to give it. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Waits for the keeper to say that it has mounted. */
async function mounted(keeper: ChildProcess): Promise<void> {
  let said = ''
  keeper.stderr?.on('data', (data: Buffer) => {
    said += data.toString()
  })
  const [first] = await Promise.race([once(keeper.stdout!, 'data'), once(keeper, 'close')])
  if (String(first) !== 'mounted\n') throw new UsageError(`can't mount: ${said.trim().replace(/\s+/g, ' ')}`)
}

/** By the number of the connection, which is its device's. */
async function abort(minor: number): Promise<void> {
  const shell = ['--mount', '--propagation', 'private', 'sh', '-c', ABORT, 'cpuhp', String(minor)]
  await once(spawn('unshare', shell, { stdio: 'ignore' }), 'exit')
}
