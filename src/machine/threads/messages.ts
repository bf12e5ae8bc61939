// What workers and the host tell each other by messages: configuration, and what happens outside the hotplug path.
import type { EngineConfig, WorkerInspection } from '../engine.js'
import type { PanicCause, ProcessorState } from '../report.js'

/** What a worker is configured with. */
export interface WorkerConfig {
  readonly buffer: SharedArrayBuffer
  /** where the kernel log is written (LogRing) */
  readonly log: SharedArrayBuffer
  readonly config: EngineConfig
  readonly worker: number
  readonly workers: number
  /** process.hrtime when the machine was powered on, ns */
  readonly epochNs: number
  /** cores of the host: workers spin for a while before they park only when no more of them are awake */
  readonly cores: number
}

/** How configuring went; a record, because errors lose their classes on the way. */
export type Configured =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly usage: boolean }

/**
 * The control plane: what the host calls, through comlink, of a worker that waits in its event loop, that is before one of
 * its CPUs is powered on. From then on the worker is in its loop, and hears nothing but shared memory.
 */
export interface WorkerControl {
  /** Makes its CPUs. The worker waits for power afterwards. */
  configure(config: WorkerConfig): Promise<Configured>
  inspect(): WorkerInspection
}

/**
 * What a worker says unasked, also from inside its loop, where it could not wait for an answer. Tagged, because postMessage
 * drops classes and codes; without an id, so that comlink passes them over.
 */
export type WorkerMessage =
  /** a user task's program threw; sent before the task ends */
  | { readonly type: 'fault'; readonly program: number; readonly message: string }
  /** kernel code threw */
  | { readonly type: 'panic'; readonly cpu: number; readonly cause: PanicCause }
  /** on its way out: where its CPUs are, and what they did */
  | { readonly type: 'left'; readonly states: readonly ProcessorState[]; readonly counters: DriverCounters }

export interface DriverCounters {
  readonly operations: number
  readonly parks: number
  /** of user tasks */
  readonly stretches: number
}

export const MACHINE_STATE = { running: 0, halting: 1, panicked: 2 } as const
