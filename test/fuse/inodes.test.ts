import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Inodes } from '#dist/src/fuse/inodes.js'
import { type DirectoryNode, directory } from '#dist/src/vfs/node.js'

/** A tree without an end: every name is a directory. */
const endless: DirectoryNode = {
  kind: 'directory',
  mode: 0o755,
  names: () => [],
  find: () => endless,
  lasts: () => true,
}

test('a name has one number for as long as the kernel remembers it, and nothing is left of what it forgets', () => {
  const step = fc.record({ above: fc.nat(20), name: fc.constantFrom('a', 'b', 'c'), forgets: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const inodes = new Inodes(endless)
      // What the kernel remembers: how often each number was told, and the name it stands for.
      const told = new Map<number, number>()
      const names = new Map<number, string>([[1, '']])
      for (const { above, name, forgets } of steps) {
        const known = [1, ...told.keys()]
        const id = known[above % known.length]!
        if (forgets && id !== 1) {
          inodes.forget(id, told.get(id)!)
          told.delete(id)
          continue
        }
        const found = inodes.look(id, name)
        const path = `${names.get(id)}/${name}`
        expect(names.get(found) ?? path).toBe(path)
        names.set(found, path)
        told.set(found, (told.get(found) ?? 0) + 1)
        expect(inodes.find(found).kind).toBe('directory')
      }
      for (const [id, lookups] of told) inodes.forget(id, lookups)
      expect(inodes.count).toBe(1)
    }),
  )
})

test('a number whose name has gone is ENOENT, and stands for it again when it is back', () => {
  let there = true
  const inodes = new Inodes(
    directory({}, { names: () => ['cpu1'], find: () => (there ? directory({ topology: directory({}) }) : null) }),
  )
  const cpu = inodes.look(1, 'cpu1')
  const topology = inodes.look(cpu, 'topology')
  there = false
  for (const id of [cpu, topology]) expect(() => inodes.find(id)).toThrow(/ENOENT/)
  there = true
  expect(inodes.find(topology).kind).toBe('directory')
  expect(() => inodes.find(99)).toThrow(/ENOENT/)
})
