// The thread that waits at /dev/fuse: a read there blocks until the kernel has a request. (Node's asynchronous reads would
// each keep a thread of its pool of four, which other file operations then wait for, those of the mount's users among them.)
import { readSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { Defect } from '../base/failure.js'

/** What the kernel wants room for: its largest request is a write of a page. */
const ROOM = 32 * 1024

/** There was a request, and it has been given up before it was read; or a signal came. */
const AGAIN = new Set(['ENOENT', 'EINTR', 'EAGAIN'])
/** It is no longer mounted, or the connection has been cut. */
const GONE = new Set(['ENODEV', 'ECONNABORTED'])

/** Reads requests and sends each as it is to the port. Returns when the device is no longer mounted. */
export function readDevice(device: number, port: MessagePort): void {
  const room = Buffer.allocUnsafeSlow(ROOM)
  for (;;) {
    try {
      const length = readSync(device, room, 0, ROOM, null)
      if (length === 0) throw new Defect('a read of /dev/fuse has come to an end')
      const message = Uint8Array.from(room.subarray(0, length))
      port.postMessage(message, [message.buffer])
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? ''
      if (GONE.has(code)) return
      if (!AGAIN.has(code)) throw error
    }
  }
}
