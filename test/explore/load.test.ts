import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { loadScenario, shippedHash } from '#dist/src/explore/load.js'

const shipped = new URL('../../dist/src/explore/scenarios/', import.meta.url)

test('a token knows when a shipped scenario, or what several of them share, has changed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cpuhp-scenarios-'))
  try {
    cpSync(shipped, folder, { recursive: true })
    const hashOf = (): string => shippedHash(pathToFileURL(`${folder}/`))
    const { hash } = await loadScenario('two-requesters')
    expect(hashOf()).toBe(hash)
    const files = readdirSync(folder).filter((name) => name.endsWith('.js'))
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8')
      writeFileSync(join(folder, file), `${text}\n`)
      expect(hashOf(), file).not.toBe(hash)
      writeFileSync(join(folder, file), text)
    }
    expect(hashOf()).toBe(hash)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
