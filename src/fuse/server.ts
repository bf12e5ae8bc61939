// Between the device and the tree:
//
//     reader (a thread)                     here
//     -----------------                     ----
//     read: waits for a request
//     posts it ---------------------------> carries it out; a write waits for the machine meanwhile
//     read: waits for the next              writes the answer to the device, whenever it is there
import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { DirectoryNode } from '../vfs/node.js'
import { FileSystem } from './filesystem.js'
import { parseRequest } from './message.js'

/** The request has been given up, or the mount: nobody waits for the answer. */
const UNWANTED = new Set(['ENOENT', 'ENODEV', 'EPERM'])

export class Server {
  private readonly device: number
  private readonly files: FileSystem
  /** resolves when requests no longer come: to null when it is no longer mounted, else to what has gone wrong */
  readonly ended: Promise<Error | null>
  /** resolves when the reader is gone */
  readonly stopped: Promise<unknown>
  private fail: (error: Error) => void = () => {}

  /** Answers what comes from a device that is mounted, until it no longer is. */
  constructor(device: number, root: DirectoryNode) {
    this.device = device
    this.files = new FileSystem(root, (error) => this.fail(error as Error))
    // Options of this process, such as --input-type, are not for it.
    const how = { workerData: { device }, execArgv: [] }
    const reader = new Worker(new URL('../../workers/fuse-reader.js', import.meta.url), how)
    reader.on('message', (message: Uint8Array) => void this.take(message))
    this.stopped = new Promise((resolve) => reader.once('exit', resolve))
    this.ended = new Promise((resolve) => {
      this.fail = resolve
      reader.once('error', resolve)
      reader.once('exit', () => resolve(null))
    })
  }

  /** Whether the reader is gone before that time is over. */
  async endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, ms, false)
    })
    const inTime = await Promise.race([this.stopped.then(() => true), late])
    clearTimeout(timer)
    return inTime
  }

  private async take(message: Uint8Array): Promise<void> {
    try {
      const answer = await this.files.answer(parseRequest(message))
      if (answer !== null) writeSync(this.device, answer)
    } catch (error) {
      if (!UNWANTED.has((error as NodeJS.ErrnoException).code ?? '')) this.fail(error as Error)
    }
  }
}
