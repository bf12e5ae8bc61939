// Adds up what vitest's JSON reports say was executed and prints it as the last line: "N passed, N failed".
// usage: node count-tests.mjs REPORT.json...
// A file of tests that could not even be loaded counts as one failed test. Skipped tests count as nothing.
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0
for (const file of process.argv.slice(2)) {
  // The shell hands on the bare pattern when there is no report.
  if (!existsSync(file)) continue
  for (const suite of JSON.parse(readFileSync(file, 'utf8')).testResults) {
    const count = (status) => suite.assertionResults.filter((test) => test.status === status).length
    passed += count('passed')
    failed += count('failed')
    if (suite.status === 'failed' && count('failed') === 0) failed++
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = passed + failed > 0 && failed === 0 ? 0 : 1
