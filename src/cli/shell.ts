// `cpuhp shell`: a root shell on a machine. On a terminal with a prompt, history and completion; else a script.
import { createInterface, type Interface } from 'node:readline/promises'
import type { Machine } from '../machine/machine.js'
import { type MachineChoice, machineOptions } from './machine-choice.js'
import { counted, err, out } from './output.js'
import { complete } from './shell/complete.js'
import { HISTORY_LINES, historyFile, loadHistory, saveHistory } from './shell/history.js'
import { Session, type Terminal } from './shell/session.js'
import { Incomplete } from './shell/words.js'
import { withSignals } from './signals.js'
import { version } from './version.js'

/** Runs the command; answers the exit code: that of the last command. */
export async function shellCommand(choice: MachineChoice): Promise<number> {
  const options = machineOptions(choice)
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true
  const { result, signalled } = await withSignals(async (signal) => {
    const front = interactive ? new Prompt() : new Script()
    const session = await Session.start(options, front)
    try {
      if (interactive) out(greeting(session.machine, choice))
      if (!signal.aborted) await front.serve(session, signal)
      return session.status
    } finally {
      await session.machine.shutdown()
    }
  })
  return signalled ?? result
}

function greeting(machine: Machine, { profile, seed }: MachineChoice): string {
  const how = machine.kind === 'threads' ? 'threads' : `the deterministic machine, seed ${seed}`
  return `cpuhp ${version()}: ${counted(machine.cpus, 'CPU')} on ${how}, ${profile}. 'help' says what there is, 'exit' ends.\n`
}

/** Where lines come from, and where everything goes. */
interface Front extends Terminal {
  serve(session: Session, signal: AbortSignal): Promise<void>
}

/** No terminal: what is read is carried out, and what the console says goes to standard error. */
class Script implements Front {
  readonly columns = null
  readonly out = out
  readonly err = err
  readonly console = err

  async serve(session: Session, signal: AbortSignal): Promise<void> {
    const lines = createInterface({ input: process.stdin, terminal: false })
    signal.addEventListener('abort', () => lines.close())
    const pending = new Pending()
    for await (const line of lines) {
      await pending.run(session, line, signal)
      if (session.ended || signal.aborted) break
    }
    lines.close()
    pending.end(session, this)
  }
}

/** What has been typed and is not complete: a quote is open. */
class Pending {
  private text = ''

  get isEmpty(): boolean {
    return this.text === ''
  }

  async run(session: Session, line: string, signal: AbortSignal): Promise<void> {
    const text = `${this.text}${line}`
    try {
      this.text = ''
      await session.run(text, signal)
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error
      this.text = `${text}\n`
    }
  }

  drop(): void {
    this.text = ''
  }

  /** There is no more: what is still open is an error. */
  end(session: Session, { err }: Terminal): void {
    if (this.isEmpty) return
    err('sh: syntax error: unexpected end of file\n')
    session.status = 2
  }
}

/** A terminal. What the console says appears above what is being typed. */
class Prompt implements Front {
  private lines: Interface | null = null
  private prompting = false
  private readonly queue: string[] = []
  private wake: () => void = () => {}
  private running: AbortController | null = null
  private closed = false

  get columns(): number {
    return process.stdout.columns || 80
  }

  readonly out = out
  readonly err = err

  readonly console = (text: string): void => {
    out(this.prompting ? `\r\x1b[J${text}` : text)
    if (this.prompting) this.lines?.prompt(true)
  }

  async serve(session: Session, signal: AbortSignal): Promise<void> {
    const file = historyFile(process.env)
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: loadHistory(file),
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string) => Promise.resolve(complete(line, session.machine.files, session.cwd)),
    })
    this.lines = lines
    const pending = new Pending()
    lines.on('line', (line) => this.take(line))
    lines.on('history', (history: string[]) => saveHistory(file, history))
    lines.on('SIGINT', () => this.interrupt(pending))
    lines.on('close', () => this.close())
    signal.addEventListener('abort', () => lines.close())
    try {
      for (;;) {
        const line = await this.next(pending.isEmpty ? `root@cpuhp:${session.cwd}# ` : '> ')
        if (line === null) break
        this.running = new AbortController()
        await pending.run(session, line, this.running.signal)
        this.running = null
        if (session.ended) break
      }
      if (!session.ended) out('\n')
    } finally {
      lines.close()
    }
  }

  private take(line: string): void {
    this.prompting = false
    this.queue.push(line)
    this.wake()
  }

  /** The next line; null when there will be none. One that was typed ahead is shown where it is carried out. */
  private async next(prompt: string): Promise<string | null> {
    const ahead = this.queue.shift()
    if (ahead !== undefined) {
      out(`${prompt}${ahead}\n`)
      return ahead
    }
    if (this.closed) return null
    this.lines?.setPrompt(prompt)
    this.prompting = true
    this.lines?.prompt()
    await new Promise<void>((resolve) => {
      this.wake = resolve
    })
    this.prompting = false
    this.lines?.setPrompt('')
    return this.queue.shift() ?? null
  }

  /** Ctrl-C: ends waiting for what runs, or drops what is being typed. */
  private interrupt(pending: Pending): void {
    out('^C\n')
    this.queue.length = 0
    if (this.running !== null) {
      this.running.abort()
      return
    }
    pending.drop()
    // Deletes the line on both sides of the cursor, without showing it once more.
    this.lines?.write(null, { ctrl: true, name: 'e' })
    this.lines?.write(null, { ctrl: true, name: 'u' })
    this.queue.push('')
    this.wake()
  }

  private close(): void {
    this.closed = true
    this.running?.abort()
    this.wake()
  }
}
