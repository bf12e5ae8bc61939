// Steal time: how long this thread was ready to run while the host ran something else, as a hypervisor tells it the CPUs of
// its guests. The host's kernel counts it (sched_info); other hosts do not say.
import { openSync, readSync } from 'node:fs'

const DIGIT = { zero: 0x30, nine: 0x39 } as const
const SPACE = 0x20

export class StealClock {
  private readonly file = open()
  private readonly buffer = Buffer.alloc(64)

  /** Since the thread began, ns; 0 where the host does not say. A system call. */
  read(): number {
    if (this.file < 0) return 0
    const length = readSync(this.file, this.buffer, 0, this.buffer.length, 0)
    return secondNumber(this.buffer, length)
  }
}

/** The second of the numbers of a text. */
export function secondNumber(text: Uint8Array, length: number): number {
  let at = text.indexOf(SPACE) + 1
  let number = 0
  for (; at < length && text[at]! >= DIGIT.zero && text[at]! <= DIGIT.nine; at++) {
    number = number * 10 + text[at]! - DIGIT.zero
  }
  return number
}

/** The calling thread's times: how long it has run, and waited to. -1 where there is no such file. */
function open(): number {
  try {
    return openSync('/proc/thread-self/schedstat', 'r')
  } catch {
    return -1
  }
}
