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
  /** makes a directory in it; rejects with a KernelError. Not there: nobody can */
  mkdir?(name: string): Promise<void>
  /** removes a directory in it */
  rmdir?(name: string): Promise<void>
  /** whether that name, once it is there, stays for as long as the directory does */
  lasts(name: string): boolean
}

/** A symbolic link. */
export interface LinkNode {
  readonly kind: 'link'
  readonly mode: number
  /** where it leads, from the directory that it is in */
  readonly target: string
}

export type Node = FileNode | DirectoryNode | LinkNode

/** A file of sysfs: one that shows something, and that takes what is written to it where there is `write`. */
export function attribute(read: () => string, write: FileNode['write'] = null): FileNode {
  return { kind: 'file', mode: write === null ? 0o444 : 0o644, size: 4096, read, write }
}

export function link(target: string): LinkNode {
  return { kind: 'link', mode: 0o777, target }
}

/** Further entries of a directory: CPUs, processes. They come and go, unless it is said that they last. */
export interface Entries {
  names(): string[]
  find(name: string): Node | null
  readonly last?: boolean
}

/** A directory of entries that are always there, and perhaps of others. */
export function directory(fixed: Readonly<Record<string, Node>>, others?: Entries, mode = 0o755): DirectoryNode {
  return {
    kind: 'directory',
    mode,
    names: () => [...(others?.names() ?? []), ...Object.keys(fixed)],
    find: (name) => (Object.hasOwn(fixed, name) ? fixed[name]! : (others?.find(name) ?? null)),
    lasts: (name) => Object.hasOwn(fixed, name) || others?.last === true,
  }
}
