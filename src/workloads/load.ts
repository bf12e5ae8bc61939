// A user's own workload, by the path of its module.
import { UsageError } from '../base/failure.js'
import { tryWorkload, workloadOf } from './check.js'
import type { Workload } from './workload.js'

/**
 * Loads a user's workload and tries it. `path` is a file, absolute or from the working directory. A UsageError, in one
 * line, for a file that is missing or can't be loaded, that exports no workload, or whose workload does not do what it says.
 */
export async function loadWorkload(path: string): Promise<{ readonly url: string; readonly workload: Workload }> {
  const { existsSync } = await import('node:fs')
  const { resolve } = await import('node:path')
  const { pathToFileURL } = await import('node:url')
  const file = resolve(path)
  if (!existsSync(file)) throw new UsageError(`${path}: there is no such file; a workload is a .mjs or .js file`)
  const url = pathToFileURL(file).href
  let module: Record<string, unknown>
  try {
    module = await import(url)
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error)
    throw new UsageError(`${path}: can't be loaded: ${reason}`, { cause: error })
  }
  const workload = workloadOf(module, path)
  tryWorkload(workload, path)
  return { url, workload }
}
