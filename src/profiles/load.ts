// Profiles come from files: the ones that are shipped lie beside this module, others are the user's. This is the only
// file below the machines that touches the file system, and nothing of the kernel imports it.

import { readdirSync, readFileSync } from 'node:fs'
import { UsageError } from '../base/failure.js'
import { checkProfile, type Profile } from './profile.js'

const SHIPPED = new URL('./', import.meta.url)

/** The names of the profiles that come with the package, sorted. */
export function profileNames(): string[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort()
}

/**
 * Reads and checks a profile.
 * @param nameOrFile a shipped profile's name ('linux-6.1-minimal'), or the path of a user's own file, ending in .json
 * @throws UsageError, one line: the name is unknown, the file can't be read, isn't JSON, or isn't a profile
 */
export function loadProfile(nameOrFile: string): Profile {
  if (nameOrFile.endsWith('.json')) return readProfile(nameOrFile, nameOrFile)
  if (!profileNames().includes(nameOrFile)) {
    throw new UsageError(
      `there is no profile '${nameOrFile}'; there are ${profileNames().join(', ')}, or the path of a .json file`,
    )
  }
  return readProfile(new URL(`${nameOrFile}.json`, SHIPPED), `${nameOrFile}.json`)
}

function readProfile(file: string | URL, source: string): Profile {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${source}: can't be read: ${messageOf(error)}`, { cause: error })
  }
  let value: unknown
  try {
    // Some editors begin a file with a byte order mark.
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new UsageError(`${source}: is not JSON: ${messageOf(error)}`, { cause: error })
  }
  return checkProfile(value, source)
}

// Both Node and JSON.parse may quote what they could not read, with its line ends.
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ')
}
