// Walking through a run: what is looked at is what is done next, wherever one comes from.
import { beforeAll, describe, expect, test } from 'vitest'
import { DEVIATION } from '#dist/src/explore/deviation.js'
import { Walk } from '#dist/src/explore/walk.js'
import { search, setupOf } from '../support/explore.js'

describe('a walk through a failure', () => {
  let walk: Walk
  let turns: number
  beforeAll(async () => {
    const setup = setupOf('readers', ['M29'])
    const { found } = await search(setup, { schedules: 200 })
    turns = found[0].deviations.filter(({ kind }) => kind === DEVIATION.turn).length
    expect(turns).toBeGreaterThan(0)
    walk = await Walk.through(setup, found[0].deviations)
  })

  test('sees at each place what the CPU whose turn it is does there', async () => {
    for (let at = walk.seen.length - 1; at >= 0; at -= 97) {
      walk.go(at)
      const cpus = await walk.look()
      const { cpu, task, says, place, before } = walk.seen[at]
      expect(cpus[cpu]).toMatchObject({ cpu, task, says, place, before })
    }
  })

  test('comes by each deviation, where another CPU goes on than would', async () => {
    walk.go(0)
    let marked = 0
    for (walk.toDeviation(); walk.at < walk.seen.length; walk.toDeviation()) {
      for (const { kind, cpu, place, value } of walk.marks.get(walk.at)!) {
        if (kind !== DEVIATION.turn) continue
        marked++
        expect(walk.seen[walk.at].cpu).toBe(value)
        expect((await walk.look())[cpu].place).toBe(place)
      }
    }
    expect(marked).toBe(turns)
  })

  test('stops where another CPU has its turn, and no further than the ends', async () => {
    walk.go(0)
    let switches = 0
    for (walk.toSwitch(); walk.at < walk.seen.length; walk.toSwitch()) {
      expect(walk.seen[walk.at].cpu).not.toBe(walk.seen[walk.at - 1].cpu)
      switches++
    }
    const all = walk.seen.filter(({ cpu }, row) => row > 0 && walk.seen[row - 1].cpu !== cpu)
    expect(switches).toBe(all.length)
    expect(await walk.look()).toEqual([])
    walk.go(-5)
    expect(walk.at).toBe(0)
    walk.go(1e9)
    expect(walk.at).toBe(walk.seen.length)
  })
})
