import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { cpuhp } from '../support/run.js'

const OPTIONS = ['stress', '--cpus', '4', '--workers', '2', '--tasks', '8', '--quiet']

test('a run can be watched while it goes on, on this machine alone', async () => {
  const texts: string[] = []
  let asked: Promise<void> | null = null
  const scrape = async (address: string): Promise<void> => {
    for (let n = 0; n < 4; n++) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      const response = await fetch(`${address}/metrics`)
      expect(response.headers.get('content-type')).toContain('version=0.0.4')
      texts.push(await response.text())
    }
    expect((await fetch(`${address}/else`)).status).toBe(404)
  }
  const { code, stderr } = await cpuhp([...OPTIONS, '--duration', '6s', '--metrics', '0'], {
    onOutput: (_kill, err) => {
      const address = /^metrics at (http:\/\/127\.0\.0\.1:\d+)\/metrics\n/.exec(err)?.[1]
      if (address !== undefined) asked ??= scrape(address)
    },
  })
  await asked
  expect(stderr).toMatch(/^metrics at \S+\n$/)
  expect(code).toBe(0)
  const count = (text: string, name: RegExp): number =>
    [...text.matchAll(new RegExp(`^${name.source} (.*)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
  for (const name of [
    /cpuhp_operations_total\{way="offline",result="success"\}/,
    /cpuhp_operation_duration_seconds_count\{way="online"\}/,
    /cpuhp_operation_phase_duration_seconds_count\{way="offline",phase="push"\}/,
    /cpuhp_bystander_stopped_seconds_count/,
    /cpuhp_task_migrations_total/,
    /process_cpu_seconds_total/,
  ]) {
    const counts = texts.map((text) => count(text, name))
    expect(counts, name.source).toEqual([...counts].sort((a, b) => a - b))
    expect(counts.at(-1), name.source).toBeGreaterThan(0)
  }
  const last = texts.at(-1)!
  expect(count(last, /cpuhp_findings_total/)).toBe(0)
  expect([1, 2, 3, 4]).toContain(count(last, /cpuhp_cpus_online/))
  expect(count(last, /cpuhp_operation_duration_seconds_bucket\{way="offline",le="\+Inf"\}/)).toBe(
    count(last, /cpuhp_operation_duration_seconds_count\{way="offline"\}/),
  )
})

test('a port that is taken is one line', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const { code, stdout, stderr } = await cpuhp([...OPTIONS, '--metrics', String(port)])
  server.close()
  expect(stderr).toMatch(new RegExp(`^cpuhp: --metrics ${port}: [^\\n]*EADDRINUSE[^\\n]*\\n$`))
  expect([code, stdout]).toEqual([2, ''])
})
