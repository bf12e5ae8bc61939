// `cpuhp stress --metrics PORT`: what a run does, for a Prometheus on this machine to scrape.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Progress } from '../../stress/busy/options.js'
import { errnoName } from '../base/errno.js'
import { UsageError } from '../base/failure.js'
import { NS_PER_S } from '../base/time.js'
import type { Operation } from '../report/phases.js'
import { Registry } from '../report/prometheus.js'
import { err } from './output.js'

/** 10 us to 10 s. */
const SECONDS = [-5, -4, -3, -2, -1, 0].flatMap((e) => [1, 2.5, 5].map((n) => Number(`${n}e${e}`))).concat(10)

export class Metrics {
  private readonly registry = new Registry()
  private readonly operations = this.registry.counter('cpuhp_operations_total', 'Hotplug operations that have ended.')
  private readonly durations = this.registry.histogram(
    'cpuhp_operation_duration_seconds',
    'From the request to the answer, of operations all the way.',
    SECONDS,
  )
  private readonly phases = this.registry.histogram(
    'cpuhp_operation_phase_duration_seconds',
    'Phases of operations all the way; some overlap.',
    SECONDS,
  )
  private readonly bystanders = this.registry.histogram(
    'cpuhp_bystander_stopped_seconds',
    'How long other CPUs had their interrupts off for an operation.',
    SECONDS,
  )
  private readonly migrations = this.registry.counter('cpuhp_task_migrations_total', 'Tasks that changed CPU.')
  private readonly findings = this.registry.counter('cpuhp_findings_total', 'What did not hold.')
  private readonly online = this.registry.gauge('cpuhp_cpus_online', 'CPUs that are online.')
  private readonly resident = this.registry.gauge('process_resident_memory_bytes', 'Resident memory of this process.')
  private readonly processor = this.registry.counter('process_cpu_seconds_total', 'Processor time of this process.')
  private processorSeconds = 0
  private last = { migrations: 0, findings: 0 }

  constructor() {
    this.migrations.add(0)
    this.findings.add(0)
  }

  operation({ way, result, totalNs, phases, bystanders }: Operation): void {
    this.operations.add(1, { way: way ?? 'partial', result: errnoName(result) ?? 'success' })
    for (const ns of bystanders) this.bystanders.observe(ns / NS_PER_S)
    if (way === null) return
    this.durations.observe(totalNs / NS_PER_S, { way })
    for (const [phase, ns] of phases) this.phases.observe(ns / NS_PER_S, { way, phase })
  }

  /** What is told of a run so far. Another run begins at 0 again. */
  progress({ migrations, findings, cpusOnline }: Progress): void {
    if (migrations < this.last.migrations || findings < this.last.findings) this.last = { migrations: 0, findings: 0 }
    this.migrations.add(migrations - this.last.migrations)
    this.findings.add(findings - this.last.findings)
    this.last = { migrations, findings }
    this.online.set(cpusOnline)
  }

  text(): string {
    this.resident.set(process.memoryUsage.rss())
    const { user, system } = process.cpuUsage()
    const seconds = (user + system) / 1e6
    this.processor.add(seconds - this.processorSeconds)
    this.processorSeconds = seconds
    return this.registry.text()
  }
}

/** Serves the metrics on 127.0.0.1, and says where; port 0 is any that is free. A UsageError when it can't be had. */
export async function serveMetrics(port: number, metrics: Metrics): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n')
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics.text())
  })
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new UsageError(`--metrics ${port}: ${(error as Error).message}`, { cause: error })
  }
  err(`metrics at http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics\n`)
  return async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}
