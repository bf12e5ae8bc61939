// Where a result goes, as JSON or as a page: a file, or standard output.
import { closeSync, openSync, writeSync } from 'node:fs'
import { UsageError } from '../base/failure.js'
import { out } from './output.js'
import { oneLine } from './values.js'

export interface JsonFile {
  readonly isStdout: boolean
  write(text: string): void
}

/** Opened before anything runs: a file that can't be written is not to cost a minute's work. '-' is standard output. */
export function openJson(file: string, option = '--json'): JsonFile {
  if (file === '-') return { isStdout: true, write: out }
  try {
    const descriptor = openSync(file, 'w')
    return {
      isStdout: false,
      write(text) {
        writeSync(descriptor, text)
        closeSync(descriptor)
      },
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${option} ${oneLine(file)}: can't be written: ${oneLine(reason)}`, { cause: error })
  }
}
