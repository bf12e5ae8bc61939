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
  private readonly reader: Worker
  /** resolves when requests no longer come: to null when it is no longer mounted, else to what has gone wrong */
  readonly ended: Promise<Error | null>
  private fail: (error: Error) => void = () => {}

  /** Answers what comes from a device that is mounted, until it no longer is. */
  constructor(device: number, root: DirectoryNode) {
    this.device = device
    this.files = new FileSystem(root, (error) => this.fail(error instanceof Error ? error : new Error(String(error))))
    this.reader = new Worker(new URL('../../workers/fuse-reader.js', import.meta.url), { workerData: { device } })
    this.reader.on('message', (message: Uint8Array) => void this.take(message))
    this.ended = new Promise((resolve) => {
      this.fail = resolve
      this.reader.once('error', resolve)
      this.reader.once('exit', () => resolve(null))
    })
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
