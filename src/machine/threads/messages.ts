// What workers and the host tell each other by messages: configuration, and what happens outside the hotplug path.
import type { EngineConfig } from '../engine.js'
import type { KernelLogLine, PanicCause, ProcessorState } from '../report.js'

/** What a worker is started with. */
export interface WorkerConfig {
  readonly buffer: SharedArrayBuffer
  readonly config: EngineConfig
  readonly worker: number
  readonly workers: number
  /** process.hrtime when the machine was powered on, ns */
  readonly epochNs: number
  /** cores of the host: workers spin for a while before they park only when no more of them are awake */
  readonly cores: number
}

/** Tagged, because postMessage drops classes and codes. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'log'; readonly line: KernelLogLine }
  /** a user task's program threw; sent before the task ends */
  | { readonly type: 'fault'; readonly program: number; readonly message: string }
  /** kernel code threw */
  | { readonly type: 'panic'; readonly cpu: number; readonly cause: PanicCause }
  /** the worker could not start */
  | { readonly type: 'failed'; readonly message: string; readonly usage: boolean }
  /** on its way out: where its CPUs are, and what they did */
  | { readonly type: 'left'; readonly states: readonly ProcessorState[]; readonly counters: DriverCounters }

export interface DriverCounters {
  readonly operations: number
  readonly parks: number
}

export const MACHINE_STATE = { running: 0, halting: 1, panicked: 2 } as const
