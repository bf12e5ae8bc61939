// How far a command is, on standard error: one line that changes where that is a terminal, a line now and then elsewhere.
import { err } from './output.js'

/** Between two changes of the live line. */
const LIVE_MS = 100
/** Between two lines where nobody watches: a log. */
const LOG_MS = 2_000

export class Progress {
  private readonly live: boolean
  private readonly quiet: boolean
  private last: number
  private shown = false

  constructor(quiet: boolean) {
    // CI systems often have something that says it is a terminal; what they show is a log.
    this.live = process.stderr.isTTY === true && !process.env.CI && process.env.TERM !== 'dumb'
    this.quiet = quiet
    this.last = performance.now()
  }

  /** Says how far it is, unless it has just been said. `text` is one line, made only when it is shown. */
  update(text: () => string): void {
    if (this.quiet) return
    const now = performance.now()
    if (now - this.last < (this.live ? LIVE_MS : LOG_MS)) return
    this.last = now
    err(this.live ? `\r\x1b[K${text()}` : `${text()}\n`)
    this.shown = true
  }

  /** Takes the live line away: something else is to be written. */
  clear(): void {
    if (this.live && this.shown) err('\r\x1b[K')
    this.shown = false
  }
}
