// A user's own workload, by the path of its module. Other people's code: it may do anything, or never come to an end.
import { UsageError } from '../base/failure.js'
import { reasonOf, tryWorkload, workloadOf } from './check.js'
import type { Workload } from './workload.js'

/** What loading a module may take, and then the trial of its workload, ms: far more than any needs. */
const MOST_MS = 10_000

/**
 * Loads a user's workload and tries it. `path` is a file, absolute or from the working directory. A UsageError, in one
 * line, for a file that is missing or can't be loaded, that exports no workload, or whose workload does not do what it
 * says, or not within `mostMs`. Only a top level that is a loop without end is a loop without end.
 */
export async function loadWorkload(
  path: string,
  mostMs = MOST_MS,
): Promise<{ readonly url: string; readonly workload: Workload }> {
  const { statSync } = await import('node:fs')
  const { resolve } = await import('node:path')
  const { pathToFileURL } = await import('node:url')
  const file = resolve(path)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`${path}: there is no such file; a workload is a .mjs or .js file`)
  if (!found.isFile()) throw new UsageError(`${path}: is no file; a workload is a .mjs or .js file`)
  const url = pathToFileURL(file).href
  const workload = workloadOf(await importModule(url, path, mostMs), path)
  // Another worker thread has a copy of the module: with a query, so has this one.
  const elsewhere = workloadOf(await importModule(`${url}?elsewhere`, path, mostMs), path)
  await withinTime(path, mostMs, () => tryWorkload(workload, path, elsewhere))
  return { url, workload }
}

async function importModule(url: string, path: string, mostMs: number): Promise<Record<string, unknown>> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const problem = `${path}: is not loaded after ${mostMs} ms: what its top level awaits does not happen`
    timer = setTimeout(() => reject(new UsageError(problem)), mostMs)
  })
  try {
    return await Promise.race([import(url), late])
  } catch (error) {
    if (error instanceof UsageError) throw error
    const name = error instanceof Error ? `${error.name}: ` : ''
    const help = error instanceof SyntaxError ? `; node --check ${path} shows where` : ''
    throw new UsageError(`${path}: can't be loaded: ${name}${reasonOf(error)}${help}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** A step that does not return can't be stopped from within: node:vm stops what runs for too long. */
async function withinTime(path: string, mostMs: number, act: () => void): Promise<void> {
  const { createContext, runInContext } = await import('node:vm')
  try {
    runInContext('act()', createContext({ act }), { timeout: mostMs })
  } catch (error) {
    // It is an Error of that context's, not of this one's.
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    const problem = `${path}: a little of its work is not done after ${mostMs} ms: one of its functions does not return`
    throw new UsageError(problem, { cause: error })
  }
}
