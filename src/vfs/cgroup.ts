// /sys/fs/cgroup: the tree of control groups (version 2), a directory each, with the files that their controllers have.
import { formatCpuList } from '../base/cpulist.js'
import { KernelError } from '../base/errno.js'
import { CONTROLLER, childrenOf, isPopulated, pathOf } from '../cgroup/groups.js'
import { CGROUP_REQUEST } from '../kernel/cgroup.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP, CGROUP_NAME } from '../memory/structs/cgroups.js'
import { bitsOf } from '../ops/mask.js'
import { attribute, type DirectoryNode, directory, type FileNode, type Node } from './node.js'
import type { System } from './system.js'
import { allTasks } from './tasks.js'

/** Of a name, characters: what a file system takes, and what there is room for. */
const NAME_MAX = CGROUP_NAME - 1

/** The directory of a group; the root's without one. */
export function cgroupRoot(system: System, index = 0): DirectoryNode {
  const { memory, cgroup } = system
  const group = memory.cgroup(index)
  const children = (): string[] => [...childrenOf(memory, group)].map((child) => nameOf(memory, child))
  const find = (name: string): number =>
    [...childrenOf(memory, group)].find((child) => nameOf(memory, child) === name) ?? 0
  const node = directory(filesOf(system, index), {
    names: children,
    find(name) {
      const child = find(name)
      return child === 0 ? null : cgroupRoot(system, memory.cgroupIndex(child))
    },
  })
  return {
    ...node,
    async mkdir(name) {
      if (node.find(name) !== null) throw new KernelError('EEXIST', 'mkdir', name)
      // A name of a file is in lines of other files.
      if (name.includes('\n')) throw new KernelError('EINVAL', 'mkdir', name)
      if (name.length > NAME_MAX || !/^[\x20-\x7e]+$/.test(name)) throw new KernelError('EINVAL', 'mkdir', name)
      await cgroup(CGROUP_REQUEST.mkdir, index, name)
    },
    async rmdir(name) {
      const child = find(name)
      if (child === 0) throw new KernelError(node.find(name) === null ? 'ENOENT' : 'ENOTDIR', 'rmdir', name)
      await cgroup(CGROUP_REQUEST.rmdir, memory.cgroupIndex(child), '')
    },
  }
}

function nameOf(memory: Memory, group: number): string {
  return memory.getText(group + CGROUP.name, CGROUP_NAME / 4)
}

function filesOf(system: System, index: number): Record<string, Node> {
  const { memory, cgroup } = system
  const group = memory.cgroup(index)
  // Whoever has a file of a group open that has been removed finds nothing behind it.
  const file = (read: () => string, kind?: number): FileNode => {
    const node = attribute(
      () => {
        if (memory.get(group + CGROUP.used) === 0) throw new KernelError('ENODEV', 'read')
        return read()
      },
      kind === undefined ? null : (text) => cgroup(kind, index, text),
    )
    return { ...node, size: 0 }
  }
  const tasks = (leaders: boolean) => (): string =>
    allTasks(memory, system.now())
      .filter((task) => task.cgroup === pathOf(memory, group) && (task.leader || !leaders))
      .map(({ pid }) => `${pid}\n`)
      .join('')
  const list = (mask: number) => (): string => `${formatCpuList(bitsOf(memory, mask))}\n`
  // The root's files are made before its machine has been booted.
  const parent = index === 0 ? 0 : memory.get(group + CGROUP.parent)
  const own = index === 0 || memory.get(group + CGROUP.cpuset) === 1
  const files: Record<string, Node> = {
    'cgroup.controllers': file(() =>
      words(parent === 0 ? CONTROLLER.cpuset : memory.get(parent + CGROUP.subtreeControl)),
    ),
    'cgroup.procs': file(tasks(true), CGROUP_REQUEST.procs),
    'cgroup.subtree_control': file(
      () => words(memory.get(group + CGROUP.subtreeControl)),
      CGROUP_REQUEST.subtreeControl,
    ),
    'cgroup.threads': file(tasks(false)),
  }
  if (parent !== 0) {
    files['cgroup.events'] = file(() => `populated ${isPopulated(memory, group) ? 1 : 0}\nfrozen 0\n`)
    files['cgroup.type'] = file(() => 'domain\n')
    if (own) files['cpuset.cpus'] = file(list(memory.cpusetCpus(group)), CGROUP_REQUEST.cpus)
  }
  if (own) files['cpuset.cpus.effective'] = file(list(memory.cpusetEffective(group)))
  return files
}

/** Controllers in words: 'cpuset\n', and an empty line for none. */
function words(bits: number): string {
  const names = Object.entries(CONTROLLER).filter(([, bit]) => (bits & bit) !== 0)
  return `${names.map(([name]) => name).join(' ')}\n`
}
