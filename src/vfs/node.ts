// What a file tree is made of. Nodes are made anew at every look: what is there follows from what the machine is now.

/** A file whose contents are made when it is read, and which is told what is written to it. */
export interface FileNode {
  readonly kind: 'file'
  /** permission bits: 0o444, 0o644, 0o200 */
  readonly mode: number
  /** what stat says, bytes: files of sysfs are a page, those of /proc nothing, whatever they contain */
  readonly size: number
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

/** A file of sysfs: one that shows something, and that takes what is written to it where there is `write`. */
export function attribute(read: () => string, write: FileNode['write'] = null): FileNode {
  return { kind: 'file', mode: write === null ? 0o444 : 0o644, size: 4096, read, write }
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
