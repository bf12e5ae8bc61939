// What a file tree is made of. Nodes are made anew at every look: what is there follows from what the machine is now.

/** A file whose contents are made when it is read, and which is told what is written to it. */
export interface FileNode {
  readonly kind: 'file'
  /** permission bits: 0o444, 0o644, 0o200 */
  readonly mode: number
  /** the contents, with the newline at their end; null: it can't be opened for reading */
  readonly read: (() => string) | null
  /** carries a write out, as one; rejects with a KernelError. null: it can't be opened for writing, not even by root */
  readonly write: ((text: string) => Promise<void>) | null
}

export interface DirectoryNode {
  readonly kind: 'directory'
  readonly mode: number
  /** the names in it, in the order in which `ls -U` would show them */
  names(): string[]
  /** null: there is no such name */
  find(name: string): Node | null
}

export type Node = FileNode | DirectoryNode

/** A file that shows something. */
export function shown(read: () => string): FileNode {
  return { kind: 'file', mode: 0o444, read, write: null }
}

/** Further entries of a directory, which come and go: CPUs, processes. */
export type Entries = Pick<DirectoryNode, 'names' | 'find'>

/** A directory of entries that are always there, and perhaps of others. */
export function directory(fixed: Readonly<Record<string, Node>>, others?: Entries, mode = 0o755): DirectoryNode {
  return {
    kind: 'directory',
    mode,
    names: () => [...(others?.names() ?? []), ...Object.keys(fixed)],
    find: (name) => (Object.hasOwn(fixed, name) ? fixed[name]! : (others?.find(name) ?? null)),
  }
}
