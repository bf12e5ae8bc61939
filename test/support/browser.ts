// A real browser without a screen, where there is one: Debian's Chromium.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const EXECUTABLE = process.env.CPUHP_TEST_BROWSER ?? '/usr/bin/chromium'

/** Why there is none; null when there is one. */
export const NO_BROWSER: string | null = existsSync(EXECUTABLE) ? null : `there is no ${EXECUTABLE}`

export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
