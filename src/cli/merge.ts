// `cpuhp merge`: the parts of a campaign, wherever they ran, as one report.
import { readFileSync } from 'node:fs'
import { UsageError } from '../base/failure.js'
import { checkPart, merge, type Part } from '../campaign/merge.js'
import { describeReport, exitCodeOf } from './explore-report.js'
import { openJson } from './json-file.js'
import { out } from './output.js'
import { oneLine } from './values.js'

export interface MergeCommand {
  readonly json?: string
}

/** Runs the command; answers the exit code, which is that of the whole campaign. */
export function mergeCommand(files: readonly string[], command: MergeCommand): number {
  const reports = merge(files.map(readPart))
  const json = command.json === undefined ? null : openJson(command.json)
  if (json?.isStdout !== true) for (const report of reports) out(describeReport(report, false))
  json?.write(`${JSON.stringify(reports, null, 2)}\n`)
  return exitCodeOf(reports)
}

function readPart(file: string): Part {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${oneLine(file)}: can't be read: ${oneLine(reason)}`, { cause: error })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${oneLine(file)}: is no result of cpuhp explore --json`, { cause: error })
  }
  return checkPart(oneLine(file), value)
}
