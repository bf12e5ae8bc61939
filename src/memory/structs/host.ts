// What the machine shares with its host: requests, trace records, doorbells. Structures as in structs.ts.
import { struct } from '../struct.js'

/** A request of the host, and its answer. The slot is the host's while FREE and DONE, a CPU's from TAKEN on. */
export const PORT_SLOT = struct('port_slot', {
  status: 'word',
  kind: 'word',
  cpu: 'word',
  argument: [6],
  result: 'word',
  value: 'word',
  length: 'word',
  text: [32],
})

/** One record of a trace ring: 8 words. */
export const TRACE_RECORD = struct('trace_record', {
  ticket: 'word',
  /** event number, function's number, flags: trace/events.ts */
  event: 'word',
  task: 'word',
  a: 'word',
  b: 'word',
  c: 'word',
  time: 'time',
})

/** What a worker thread and those who ring it share (threads machine). */
export const DOORBELL = struct('doorbell', {
  bell: 'word',
  parked: 'word',
  /** counts the worker's rounds; its own line, for others write the bell */
  heartbeat: 'line',
})
