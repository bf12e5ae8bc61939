// The file tree of a machine, as a user of it sees it: what is where, what files read as, and writing to them.
import { KernelError } from '../base/errno.js'
import { Defect } from '../base/failure.js'
import { busRoot, nodeRoot } from './devices.js'
import { attribute, type DirectoryNode, directory, type FileNode, type Node } from './node.js'
import { procRoot } from './proc.js'
import { cpuRoot } from './sysfs.js'
import type { System } from './system.js'

export class Tree {
  readonly root: DirectoryNode

  constructor(system: System) {
    const { memory } = system
    const devices = directory({ system: directory({ cpu: cpuRoot(system), node: nodeRoot(system) }) })
    const kernel = directory({ uevent_seqnum: attribute(() => `${system.uevents()}\n`) })
    const sys = directory({ bus: directory({ cpu: busRoot(memory) }), devices, kernel })
    this.root = directory({ proc: procRoot(system), sys })
  }

  /**
   * What is at a path; one without a slash before it is taken from the directory `from`. '.', '..' and links are followed.
   * ENOENT where there is nothing; ENOTDIR where a file is taken for a directory.
   */
  lookup(path: string, from = '/', syscall = 'stat'): FileNode | DirectoryNode {
    const node = this.walk(path, from, syscall, true)
    if (node.kind === 'link') throw new Defect(`a link has not been followed: ${path}`)
    return node
  }

  /** As lookup; but a link at the end of the path is what is looked for. */
  lookupLink(path: string, from = '/'): Node {
    return this.walk(path, from, 'lstat', false)
  }

  private walk(path: string, from: string, syscall: string, follows: boolean): Node {
    const above: DirectoryNode[] = []
    let at: FileNode | DirectoryNode = this.root
    const whole = path.startsWith('/') ? path : `${from}/${path}`
    const names = whole.split('/').slice(1)
    while (names.length > 0) {
      // 'online/' names a directory, and there is none.
      if (at.kind !== 'directory') throw new KernelError('ENOTDIR', syscall, path)
      const name = names.shift()!
      if (name === '' || name === '.') continue
      if (name === '..') {
        at = above.pop() ?? this.root
        continue
      }
      const next: Node | null = at.find(name)
      if (next === null) throw new KernelError('ENOENT', syscall, path)
      if (next.kind === 'link') {
        if (names.length === 0 && !follows) return next
        names.unshift(...next.target.split('/'))
        continue
      }
      above.push(at)
      at = next
    }
    return at
  }

  /** The names in a directory. ENOENT, ENOTDIR. */
  list(path: string): string[] {
    const node = this.lookup(path, '/', 'scandir')
    if (node.kind !== 'directory') throw new KernelError('ENOTDIR', 'scandir', path)
    return node.names()
  }

  /** What a file reads as, with the newline at its end. ENOENT, ENOTDIR, EISDIR, EACCES. */
  read(path: string, from = '/'): string {
    const node = this.lookup(path, from, 'read')
    if (node.kind === 'directory') throw new KernelError('EISDIR', 'read', path)
    if (node.read === null) throw new KernelError('EACCES', 'read', path)
    return node.read()
  }

  /** Writes to a file; resolves when the kernel has done what that asks for. As read, and whatever the kernel answers. */
  async write(path: string, text: string, from = '/'): Promise<void> {
    await this.open(path, from)(text)
  }

  /** Opens a file for writing: the errors that come before anything is written are thrown here. */
  open(path: string, from = '/'): (text: string) => Promise<void> {
    const node = this.lookup(path, from, 'open')
    if (node.kind === 'directory') throw new KernelError('EISDIR', 'open', path)
    if (node.write === null) throw new KernelError('EACCES', 'open', path)
    const { write } = node
    return async (text) => {
      try {
        await write(text)
      } catch (error) {
        // What the kernel refuses, it refuses of the path that the caller knows.
        throw error instanceof KernelError ? new KernelError(error.code, 'write', path) : error
      }
    }
  }
}
