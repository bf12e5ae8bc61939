import { describe, expect, test } from 'vitest'
import { KernelError, Machine, ueventMessage } from '#dist/src/index.js'
import type { FileNode } from '#dist/src/vfs/node.js'
import { onDeterministic, onEveryMachine, rejection } from '../support/machines.js'

const ROOT = '/sys/devices/system/cpu'
const CPU1 = `${ROOT}/cpu1`
/** What is there of a CPU whatever its state is. */
const ALWAYS = ['driver', 'hotplug', 'node0', 'online', 'subsystem', 'uevent']

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof KernelError) return error.code
    throw error
  }
  throw new Error('no error')
}

describe('/sys/devices/system/cpu', () => {
  // What `cat` showed on a real 6.1 with 4 CPUs, all online, one core each.
  test.each([
    ['online', '0-3\n'],
    ['offline', '\n'],
    ['possible', '0-3\n'],
    ['present', '0-3\n'],
    ['isolated', '\n'],
    ['cpu1/topology/cluster_cpus', '2\n'],
    ['cpu1/topology/cluster_cpus_list', '1\n'],
    ['cpu1/topology/cluster_id', '65535\n'],
    ['cpu1/topology/core_cpus', '2\n'],
    ['cpu1/topology/core_cpus_list', '1\n'],
    ['cpu1/topology/core_id', '1\n'],
    ['cpu1/topology/core_siblings', 'f\n'],
    ['cpu1/topology/core_siblings_list', '0-3\n'],
    ['cpu1/topology/die_cpus', 'f\n'],
    ['cpu1/topology/die_id', '0\n'],
    ['cpu1/topology/package_cpus_list', '0-3\n'],
    ['cpu1/topology/physical_package_id', '0\n'],
    ['cpu1/topology/thread_siblings', '2\n'],
    ['cpu1/topology/thread_siblings_list', '1\n'],
  ])('%s reads as on a real machine', async (file, contents) => {
    await onDeterministic({ cpus: 4 }, ({ files }) => {
      expect(files.read(`${ROOT}/${file}`)).toBe(contents)
    })
  })

  test.each([
    ['cpu1/cache/index0/type', 'Data\n'],
    ['cpu1/cache/index0/number_of_sets', '64\n'],
    ['cpu1/cache/index0/shared_cpu_map', '2\n'],
    ['cpu1/cache/index2/shared_cpu_list', '1\n'],
    ['cpu1/cache/index3/shared_cpu_list', '0-3\n'],
    ['cpu1/node0/cpulist', '0-3\n'],
    ['cpu1/subsystem/devices/cpu2/online', '1\n'],
    ['cpu1/driver/cpu3/hotplug/state', '236\n'],
  ])('%s follows from the topology', async (file, contents) => {
    await onDeterministic({ cpus: 4 }, ({ files }) => {
      expect(files.read(`${ROOT}/${file}`)).toBe(contents)
    })
  })

  test('of an attribute that is held open while its CPU goes, nothing can be read', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      for (const file of ['topology/core_id', 'cache/index0/size']) {
        const node = machine.files.lookup(`${CPU1}/${file}`)
        await machine.offline(1)
        expect(
          codeOf(() => (node as FileNode).read!()),
          file,
        ).toBe('ENODEV')
        await machine.online(1)
        expect((node as FileNode).read!(), file).toMatch(/^\w+\n$/)
      }
    })
  })

  test('links are what they are where they are looked at, and lead on where they are followed', async () => {
    await onDeterministic({ cpus: 2 }, ({ files }) => {
      expect(files.lookupLink('/sys/bus/cpu/devices/cpu1')).toEqual({
        kind: 'link',
        mode: 0o777,
        target: '../../../devices/system/cpu/cpu1',
      })
      expect(files.lookupLink('/sys/bus/cpu/devices/cpu1/').kind).toBe('directory')
      expect(files.list('/sys/bus/cpu/devices/cpu1')).toEqual(files.list(CPU1))
      expect(files.read('/sys/bus/cpu/devices/cpu1/../online')).toBe('0-1\n')
      expect(codeOf(() => files.lookup('/sys/bus/cpu/devices/cpu2'))).toBe('ENOENT')
    })
  })

  test('a uevent file takes actions, and nothing else', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      const { files } = machine
      const told: string[] = []
      machine.onUevent = (event) => told.push(ueventMessage(event))
      expect(files.read(`${CPU1}/uevent`)).toBe('DRIVER=processor\n')
      await files.write(`${CPU1}/uevent`, 'change\n')
      await files.write(`${CPU1}/uevent`, 'add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A=1')
      for (const text of ['explode', '', 'change 5', 'change fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A']) {
        expect(await rejection(files.write(`${CPU1}/uevent`, text)), text).toMatchObject({ code: 'EINVAL' })
      }
      // Of what is on no bus, and in no class, nobody is told.
      await files.write(`${ROOT}/uevent`, 'change')
      await files.write(`${CPU1}/cache/uevent`, 'change')
      const device = 'DEVPATH=/devices/system/cpu/cpu1\0SUBSYSTEM=cpu\0'
      const uuid = 'fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed'
      expect(told).toEqual([
        `change@/devices/system/cpu/cpu1\0ACTION=change\0${device}SYNTH_UUID=0\0DRIVER=processor\0SEQNUM=1\0`,
        `add@/devices/system/cpu/cpu1\0ACTION=add\0${device}SYNTH_UUID=${uuid}\0SYNTH_ARG_A=1\0DRIVER=processor\0SEQNUM=2\0`,
      ])
      expect(files.read('/sys/kernel/uevent_seqnum')).toBe('2\n')
    })
  })

  test('has masks as wide as the number of CPUs', async () => {
    await onDeterministic({ cpus: 40 }, ({ files }) => {
      expect(files.read(`${ROOT}/cpu33/topology/core_cpus`)).toBe('02,00000000\n')
      expect(files.read(`${ROOT}/cpu33/topology/die_cpus`)).toBe('ff,ffffffff\n')
    })
  })

  onEveryMachine('has what a real one has of a CPU that is offline', { cpus: 4, seeds: 2 }, async (machine) => {
    const { files } = machine
    expect(files.list(CPU1).sort()).toEqual([...ALWAYS, 'cache', 'topology'].sort())
    await machine.offline(1)
    expect(files.list(CPU1).sort()).toEqual(ALWAYS)
    expect(codeOf(() => files.read(`${CPU1}/topology/core_id`))).toBe('ENOENT')
    expect(codeOf(() => files.read(`${CPU1}/cache/index0/size`))).toBe('ENOENT')
    expect(files.read(`${ROOT}/cpu2/topology/core_siblings_list`)).toBe('0,2-3\n')
    expect(files.read(`${ROOT}/cpu2/cache/index3/shared_cpu_list`)).toBe('0,2-3\n')
    expect(files.read(`${ROOT}/offline`)).toBe('1\n')
    await files.write(`${CPU1}/online`, '1\n')
    expect(files.list(CPU1)).toContain('topology')
  })

  test('has no online file of the boot CPU, and no directory of a CPU that is not present', async () => {
    await onDeterministic({ cpus: 3, present: 2 }, ({ files }) => {
      expect(files.list(`${ROOT}/cpu0`)).not.toContain('online')
      expect(files.list(ROOT).filter((name) => /^cpu\d/.test(name))).toEqual(['cpu0', 'cpu1'])
      for (const name of ['cpu2', 'cpu3', 'cpu01', 'cpu', 'cpu-1', 'cpu99999', 'cpu4294967296']) {
        expect(
          codeOf(() => files.lookup(`${ROOT}/${name}`)),
          name,
        ).toBe('ENOENT')
      }
    })
  })

  test('says who may do what', async () => {
    await onDeterministic({ cpus: 2 }, ({ files }) => {
      const modeOf = (path: string): string => files.lookup(path).mode.toString(8)
      expect(modeOf(ROOT)).toBe('755')
      expect(modeOf(`${ROOT}/online`)).toBe('444')
      expect(modeOf(`${CPU1}/online`)).toBe('644')
      expect(modeOf(`${CPU1}/hotplug/state`)).toBe('444')
      expect(modeOf(`${CPU1}/hotplug/fail`)).toBe('644')
    })
  })

  test('every name that is listed is there, and its contents end in a newline', async () => {
    await onDeterministic({ cpus: 3 }, async ({ files }) => {
      let seen = 0
      const visit = (path: string): void => {
        const node = files.lookupLink(path)
        seen++
        if (node.kind === 'link') expect(files.lookup(path).kind, path).toBe('directory')
        // Only a device without variables of its own reads as nothing.
        else if (node.kind === 'file') expect(files.read(path), path).toMatch(/uevent$/.test(path) ? /^$|\n$/ : /\n$/)
        else for (const name of files.list(path)) visit(`${path === '/' ? '' : path}/${name}`)
      }
      visit('/')
      expect(seen).toBeGreaterThan(100)
    })
  })
})

describe('paths', () => {
  test('are followed as Linux follows them', async () => {
    await onDeterministic({ cpus: 2 }, ({ files }) => {
      for (const path of [
        `${CPU1}/../online`,
        `//sys/./devices/../devices/system/cpu/online`,
        `/../..${ROOT}/online`,
      ]) {
        expect(files.read(path), path).toBe('0-1\n')
      }
      const table: [string, string][] = [
        [`${ROOT}/online/`, 'ENOTDIR'],
        [`${ROOT}/online/x`, 'ENOTDIR'],
        [`${ROOT}/nothing`, 'ENOENT'],
        [`${ROOT}/nothing/x`, 'ENOENT'],
        ['/sys/hasOwnProperty', 'ENOENT'],
        ['/sys/__proto__', 'ENOENT'],
        [ROOT, 'EISDIR'],
      ]
      for (const [path, code] of table) {
        expect(
          codeOf(() => files.read(path)),
          path,
        ).toBe(code)
        expect(
          codeOf(() => files.open(path)),
          path,
        ).toBe(code)
      }
      expect(codeOf(() => files.list(`${ROOT}/online`))).toBe('ENOTDIR')
      expect(codeOf(() => files.open(`${ROOT}/online`))).toBe('EACCES')
    })
  })

  test('are those of the caller in what the kernel refuses', async () => {
    const machine = await Machine.boot({ cpus: 2, machine: 'deterministic' })
    const error = await rejection(machine.files.write(`${CPU1}/hotplug/target`, 'x'))
    expect(error).toMatchObject({ code: 'EINVAL', path: `${CPU1}/hotplug/target` })
    await machine.shutdown()
  })
})
