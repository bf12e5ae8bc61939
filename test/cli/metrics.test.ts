import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { hasTool } from '../support/mounting.js'
import { cpuhp } from '../support/run.js'

const OPTIONS = ['stress', '--cpus', '4', '--workers', '2', '--tasks', '8', '--quiet']

test('a run can be watched while it goes on, on this machine alone', async (context) => {
  const count = (text: string, name: RegExp): number =>
    [...text.matchAll(new RegExp(`^${name.source} (.*)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
  const texts: string[] = []
  const scrape = async (address: string): Promise<void> => {
    const online = (): number => count(texts.at(-1) ?? '', /cpuhp_operation_duration_seconds_count\{way="online"\}/)
    // Until there is something to see, and a few times more.
    for (let more = 3; more > 0; ) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      const response = await fetch(`${address}/metrics`)
      expect(response.headers.get('content-type')).toContain('version=0.0.4')
      texts.push(await response.text())
      if (online() > 0) more--
    }
    expect((await fetch(`${address}/else`)).status).toBe(404)
  }
  let asked: Promise<void> | null = null
  const { code, stderr } = await cpuhp([...OPTIONS, '--duration', '120s', '--metrics', '0'], {
    onOutput: (kill, err) => {
      const address = /^metrics at (http:\/\/127\.0\.0\.1:\d+)\/metrics\n/.exec(err)?.[1]
      if (address !== undefined) asked ??= scrape(address).finally(() => kill('SIGINT'))
    },
  })
  await asked
  expect(stderr).toMatch(/^metrics at \S+\n$/)
  expect(code).toBe(130)
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
  if (hasTool('promtool')) {
    const {
      status,
      stdout,
      stderr: said,
    } = spawnSync('promtool', ['check', 'metrics'], { input: last, encoding: 'utf8' })
    expect({ status, stdout, said }).toEqual({ status: 0, stdout: '', said: '' })
  } else context.annotate('not checked by promtool: it is not installed; apt-get install prometheus')
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
