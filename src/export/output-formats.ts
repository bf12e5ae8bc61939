// The forms in which a trace can be written, by name.
import { chromeJson } from './chrome.js'
import type { Trace } from './entry.js'
import { collapsedStacks, speedscopeJson } from './flame.js'
import { ftraceLines } from './ftrace.js'
import { perfettoTrace } from './perfetto.js'
import { traceDat } from './trace-dat.js'

export interface OutputFormat {
  readonly name: string
  /** endings of files that are written so, unless told otherwise */
  readonly endings: readonly string[]
  readonly says: string
  /**
   * The file's contents, in pieces. `trace` has the events that were asked for, `whole` has all of them: what CPUs and tasks
   * were at is found out from those.
   */
  readonly write: (trace: Trace, whole: Trace) => Iterable<string | Uint8Array>
}

export const OUTPUT_FORMATS: readonly OutputFormat[] = [
  { name: 'ftrace', endings: ['.txt', '.ftrace'], says: 'text, as tracefs has it', write: linesOf },
  {
    name: 'dat',
    endings: ['.dat'],
    says: 'for trace-cmd report and KernelShark',
    write: (trace) => [traceDat(trace)],
  },
  {
    name: 'perfetto',
    endings: ['.pftrace', '.perfetto-trace'],
    says: 'for ui.perfetto.dev: events, requests, phases, what CPUs were at',
    write: perfettoTrace,
  },
  {
    name: 'chrome',
    endings: ['.json'],
    says: 'the same for chrome://tracing and others, as JSON',
    write: (_, whole) => chromeJson(whole),
  },
  {
    name: 'speedscope',
    endings: ['.speedscope.json'],
    says: "where the CPUs' time went, for speedscope.app",
    write: (_, whole) => speedscopeJson(whole),
  },
  {
    name: 'collapsed',
    endings: ['.folded', '.collapsed'],
    says: 'the same as collapsed stacks, for flamegraph.pl',
    write: (_, whole) => collapsedStacks(whole),
  },
]

function* linesOf(trace: Trace): Generator<string> {
  for (const line of ftraceLines(trace)) yield `${line}\n`
}
