// The forms in which a trace can be written, by name.
import type { Trace } from './entry.js'
import { ftraceLines } from './ftrace.js'
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
]

function* linesOf(trace: Trace): Generator<string> {
  for (const line of ftraceLines(trace)) yield `${line}\n`
}
