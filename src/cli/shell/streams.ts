// What a command is given: where its output goes, and promises that the user may stop waiting for.
import { Interrupted } from './context.js'

/** Resolves or rejects as the promise does; rejects with Interrupted when `signal` comes first. */
export function abandonable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => reject(new Interrupted())
    if (signal.aborted) interrupt()
    signal.addEventListener('abort', interrupt, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', interrupt))
  })
}

/** Where a command's output and errors go: on, nowhere, or to a file, which is written when the command has ended. */
export class Streams {
  input: string | null
  readonly flushes: (() => Promise<void>)[] = []
  writeOut: (text: string) => void
  writeErr: (text: string) => void

  constructor(input: string | null, out: (text: string) => void, err: (text: string) => void) {
    this.input = input
    this.writeOut = out
    this.writeErr = err
  }

  mergeErrors(): void {
    this.writeErr = this.writeOut
  }

  discard(descriptor: 0 | 1 | 2): void {
    if (descriptor === 0) this.input = ''
    else this.set(descriptor, () => {})
  }

  collect(descriptor: 1 | 2, write: (text: string) => Promise<void>): void {
    let text = ''
    this.set(descriptor, (more) => {
      text += more
    })
    // Nothing is written where there is nothing to write.
    this.flushes.push(async () => (text === '' ? undefined : await write(text)))
  }

  private set(descriptor: 1 | 2, write: (text: string) => void): void {
    if (descriptor === 1) this.writeOut = write
    else this.writeErr = write
  }
}
