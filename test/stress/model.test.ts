// The harness's model against what a real kernel answered: errno, control files, lists, and every callback in order.
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatCpuList } from '#dist/src/base/cpulist.js'
import { type GoldenRequest, readGolden } from '#dist/src/conform/golden.js'
import { loadProfile } from '#dist/src/profiles/load.js'
import { Model, type Request } from '#dist/stress/model.js'

const FOLDER = new URL('../golden/', import.meta.url)
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.jsonl'))

/** The request in the model's words; null for what it does not know: other ways to write a number or a boolean. */
function requestOf(golden: GoldenRequest): Request | null {
  if (golden.do === 'suspend' || golden.outcome !== 'answered' || golden.errno === 'ENOENT') return null
  const { cpu, value } = golden
  if (golden.do === 'online') return /^[01]$/.test(value) ? { do: value === '1' ? 'online' : 'offline', cpu } : null
  return /^-?\d+$/.test(value) ? { do: golden.do, cpu, value: Number(value) } : null
}

describe('the model says what a real kernel answered:', () => {
  test.each(FILES)('%s', (file) => {
    const { machine, requests } = readGolden(new URL(file, FOLDER))
    const model = new Model(loadProfile(machine.profile), machine.cpus)
    let compared = 0
    for (const golden of requests) {
      const request = requestOf(golden)
      if (request === null || golden.outcome !== 'answered') continue
      const { errno, calls } = model.expect(request)
      const files = model.cpus[request.cpu]!
      const entered = golden.trace.flatMap((event) =>
        event.kind === 'exit' ? [] : [{ step: event.step, function: event.function }],
      )
      expect({
        line: golden.line,
        errno,
        state: files.state,
        target: files.target,
        fail: files.fail,
        file: golden.file === null ? null : Number(files.device),
        online: formatCpuList(model.online),
        offline: formatCpuList(model.offline),
        calls,
      }).toEqual({
        line: golden.line,
        errno: golden.errno,
        state: golden.state,
        target: golden.target,
        fail: golden.fail,
        file: golden.file,
        online: golden.online,
        offline: golden.offline,
        calls: entered,
      })
      compared++
    }
    expect(compared).toBeGreaterThan(requests.length / 2)
  })
})
