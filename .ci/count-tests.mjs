// Names what failed according to vitest's JSON reports, with its message, and adds up what was executed. The last line is
// "N passed, N failed": a failure among thousands of tests is found at the end of the output, wherever it happened.
// usage: node count-tests.mjs REPORT.json...
// A file of tests that could not even be loaded counts as one failed test. Skipped tests count as nothing.
import { existsSync, readFileSync } from 'node:fs'

// Lines of a message that are shown.
const MESSAGE_LINES = 25

let passed = 0
let failed = 0
for (const file of process.argv.slice(2)) {
  // The shell hands on the bare pattern when there is no report.
  if (!existsSync(file)) continue
  for (const suite of JSON.parse(readFileSync(file, 'utf8')).testResults) {
    const count = (status) => suite.assertionResults.filter((test) => test.status === status).length
    passed += count('passed')
    failed += count('failed')
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') describe(`${suite.name} > ${test.fullName}`, test.failureMessages.join('\n'))
    }
    if (suite.status === 'failed' && count('failed') === 0) {
      failed++
      describe(suite.name, suite.message)
    }
  }
}

function describe(name, message) {
  const lines = message.trimEnd().split('\n')
  const more = lines.length > MESSAGE_LINES ? [`(${lines.length - MESSAGE_LINES} more lines)`] : []
  console.log(['', `FAILED ${name}`, ...lines.slice(0, MESSAGE_LINES), ...more].join('\n'))
}

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = passed + failed > 0 && failed === 0 ? 0 : 1
