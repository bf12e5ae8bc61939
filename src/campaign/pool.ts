// The workers of a campaign: as many threads as there are jobs, and a task for each. A worker says before each schedule which
// one it is; one that has said nothing for long is ended. So neither a scenario that loops nor a worker that dies is waited for.
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { EXIT, UsageError, WorkerDied } from '../base/failure.js'
import type { Answer, Task } from './task.js'

/** A schedule that takes longer has been ended in its worker before, unless that can't get at it any more; ms. */
const STALL_MS = 20_000

const WORKER = new URL('../../workers/explore-worker.js', import.meta.url).href

type AnswerTo<T extends Task> = Extract<
  Answer,
  { kind: { open: 'opened'; stint: 'stint'; confirm: 'confirmed'; try: 'tried' }[T['kind']] }
>

/** What keeps a schedule from being run. */
export class Trouble extends Error {
  readonly number: number
  /** a UsageError for bad input and for a scenario that does not end; WorkerDied */
  readonly error: UsageError | WorkerDied

  constructor(number: number, error: UsageError | WorkerDied) {
    super(error.message, { cause: error })
    this.number = number
    this.error = error
  }
}

export class Pool {
  private readonly piscina: Piscina
  /** what a worker died of that had no task */
  private died: WorkerDied | null = null

  constructor(jobs: number) {
    const idleTimeout = Number.POSITIVE_INFINITY
    this.piscina = new Piscina({ filename: WORKER, minThreads: 1, maxThreads: jobs, idleTimeout, recordTiming: false })
    // A worker that dies between two tasks has nobody to tell it to but whoever has the next.
    this.piscina.on('error', (error: unknown) => {
      this.died = new WorkerDied(`a worker has died between two schedules: ${reasonOf(error)}`, { cause: error })
    })
  }

  /** Carries out a task in a worker. Rejects with Trouble when it can't be. */
  async run<T extends Task>(task: T): Promise<AnswerTo<T>> {
    if (this.died !== null) throw new Trouble(0, this.died)
    const { port1: ours, port2: port } = new MessageChannel()
    const stalled = new AbortController()
    let at: number | null = null
    const timer = setTimeout(() => stalled.abort(), STALL_MS)
    ours.on('message', (number: number | null) => {
      at = number
      timer.refresh()
    })
    let answer: Answer
    try {
      answer = (await this.piscina.run({ task, port }, { transferList: [port], signal: stalled.signal })) as Answer
    } catch (error) {
      // What it said last may not have been read yet.
      for (let said = receiveMessageOnPort(ours); said !== undefined; said = receiveMessageOnPort(ours))
        at = said.message
      const where = whereOf(task, at)
      if (stalled.signal.aborted) {
        const message = `scenario ${task.plan.scenario} has kept its worker busy for ${STALL_MS / 1000} s ${where}: it loops`
        throw new Trouble(at ?? 0, new UsageError(message, { cause: error, exitCode: EXIT.scenarioEndless }))
      }
      const message = `a worker has died ${where}: ${reasonOf(error)}`
      throw new Trouble(at ?? 0, new WorkerDied(message, { cause: error }))
    } finally {
      clearTimeout(timer)
      ours.close()
    }
    if (answer.kind !== 'refused') return answer as AnswerTo<T>
    throw new Trouble(answer.number, new UsageError(answer.message, { exitCode: answer.exitCode }))
  }

  /** Ends the workers. */
  async close(): Promise<void> {
    await this.piscina.destroy()
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!
}

function whereOf({ kind, plan }: Task, at: number | null): string {
  if (kind === 'try') return "when it ran the token's schedule"
  if (kind === 'confirm') return `when it ran schedule ${at ?? '?'} of seed ${plan.seed} again`
  return at === null ? 'while it loaded the scenario' : `in schedule ${at} of seed ${plan.seed}`
}
