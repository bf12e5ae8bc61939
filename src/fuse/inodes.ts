// Which number of the kernel's stands for which name. The tree makes its nodes anew at every look; a number stands for a
// path, for as long as the kernel remembers it: it counts the lookups that were answered, and says when it forgets.
import { KernelError } from '../base/errno.js'
import type { DirectoryNode, Node } from '../vfs/node.js'
import { ROOT_ID } from './protocol.js'

interface Inode {
  readonly id: number
  readonly above: Inode | null
  readonly name: string
  lookups: number
  /** how many inodes are in it: it stays as long as these do */
  inside: number
}

export class Inodes {
  private readonly root: DirectoryNode
  private readonly byId = new Map<number, Inode>()
  private readonly byName = new Map<string, Inode>()
  private last = ROOT_ID

  constructor(root: DirectoryNode) {
    this.root = root
    this.byId.set(ROOT_ID, { id: ROOT_ID, above: null, name: '', lookups: 1, inside: 0 })
  }

  /** How many there are, the root counted. */
  get count(): number {
    return this.byId.size
  }

  /** What a number stands for now. ENOENT when it is no longer there: a directory of a CPU, or of a process. */
  find(id: number): Node {
    return this.nodeOf(this.inode(id))
  }

  /** As find, for a directory. ENOTDIR. */
  directory(id: number): DirectoryNode {
    const node = this.find(id)
    if (node.kind !== 'directory') throw new KernelError('ENOTDIR')
    return node
  }

  /** Gives the entry of that name in a directory a number, its old one if it has one, and counts the lookup. */
  look(above: number, name: string): number {
    const key = `${above}/${name}`
    let inode = this.byName.get(key)
    if (inode === undefined) {
      const directory = this.inode(above)
      directory.inside++
      inode = { id: ++this.last, above: directory, name, lookups: 0, inside: 0 }
      this.byId.set(inode.id, inode)
      this.byName.set(key, inode)
    }
    inode.lookups++
    return inode.id
  }

  /** The kernel forgets that many lookups. What it does not know of is no error: it may tell of it twice. */
  forget(id: number, lookups: number): void {
    const inode = this.byId.get(id)
    if (inode === undefined || id === ROOT_ID) return
    inode.lookups = Math.max(0, inode.lookups - lookups)
    this.drop(inode)
  }

  private drop(inode: Inode): void {
    const { above } = inode
    if (above === null || inode.lookups > 0 || inode.inside > 0) return
    this.byId.delete(inode.id)
    this.byName.delete(`${above.id}/${inode.name}`)
    above.inside--
    this.drop(above)
  }

  private inode(id: number): Inode {
    const inode = this.byId.get(id)
    if (inode === undefined) throw new KernelError('ENOENT')
    return inode
  }

  private nodeOf({ above, name }: Inode): Node {
    if (above === null) return this.root
    const directory = this.nodeOf(above)
    const node = directory.kind === 'directory' ? directory.find(name) : null
    if (node === null) throw new KernelError('ENOENT')
    return node
  }
}
