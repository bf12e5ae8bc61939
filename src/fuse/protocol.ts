// The FUSE protocol, version 7.31, as far as a tree of files needs it: include/uapi/linux/fuse.h says what all of it is.
// A message is a header and a body. Requests come from /dev/fuse, one for each read; answers are written to it.
import { layout } from './layout.js'

export const VERSION = { major: 7, minor: 31 } as const

/** The oldest minor version whose structures are those below. */
export const OLDEST_MINOR = 23

/** The number of the directory that is mounted. */
export const ROOT_ID = 1

export const OPCODE = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  rename2: 45,
} as const

/** What a server asks for in its answer to init. */
export const INIT_FLAG = {
  asyncRead: 1 << 0,
  /** O_TRUNC comes with open, and not as a setattr after it */
  atomicTruncate: 1 << 3,
  bigWrites: 1 << 5,
  /** lookups in one directory at the same time */
  parallelDirectories: 1 << 18,
} as const

export const OPEN_FLAG = {
  /** reads and writes go to the server as they are: no page cache, and the size that stat says does not matter */
  directIo: 1 << 0,
  /** several writers of one file at the same time (newer kernels; older ones let them wait for each other) */
  parallelDirectWrites: 1 << 6,
} as const

/** Which fields of a setattr count. */
export const SETATTR = { mode: 1 << 0, uid: 1 << 1, gid: 1 << 2 } as const

/** Types of directory entries, and of files in a mode. */
export const TYPE = { directory: 4, file: 8, link: 10 } as const

export const IN_HEADER = layout({
  length: 'u32',
  opcode: 'u32',
  unique: 'u64',
  nodeId: 'u64',
  uid: 'u32',
  gid: 'u32',
  pid: 'u32',
  padding: 'pad32',
})

export const OUT_HEADER = layout({ length: 'u32', error: 'i32', unique: 'u64' })

export const INIT_IN = layout({ major: 'u32', minor: 'u32', maxReadahead: 'u32', flags: 'u32' })

export const INIT_OUT = layout({
  major: 'u32',
  minor: 'u32',
  maxReadahead: 'u32',
  flags: 'u32',
  maxBackground: 'u16',
  congestionThreshold: 'u16',
  maxWrite: 'u32',
  timeGranularity: 'u32',
  maxPages: 'u16',
  mapAlignment: 'u16',
  ...pads(8),
})

const ATTRIBUTES = {
  inode: 'u64',
  size: 'u64',
  blocks: 'u64',
  accessTime: 'u64',
  modificationTime: 'u64',
  changeTime: 'u64',
  accessTimeNs: 'u32',
  modificationTimeNs: 'u32',
  changeTimeNs: 'u32',
  mode: 'u32',
  links: 'u32',
  uid: 'u32',
  gid: 'u32',
  device: 'u32',
  blockSize: 'u32',
  attributePadding: 'pad32',
} as const

export const ENTRY_OUT = layout({
  nodeId: 'u64',
  generation: 'u64',
  /** how long the kernel may take the name, and the attributes, for granted */
  entryValid: 'u64',
  attributesValid: 'u64',
  entryValidNs: 'u32',
  attributesValidNs: 'u32',
  ...ATTRIBUTES,
})

export const ATTR_OUT = layout({ attributesValid: 'u64', attributesValidNs: 'u32', padding: 'pad32', ...ATTRIBUTES })

export const FORGET_IN = layout({ lookups: 'u64' })
export const BATCH_FORGET_IN = layout({ count: 'u32', padding: 'pad32' })
export const FORGET_ONE = layout({ nodeId: 'u64', lookups: 'u64' })

/** The first fields of a setattr: what else may be set has no meaning here. */
export const SETATTR_IN = layout({ valid: 'u32', padding: 'pad32', handle: 'u64', size: 'u64' })

/** The name follows. */
export const MKDIR_IN = layout({ mode: 'u32', umask: 'u32' })
export const OPEN_IN = layout({ flags: 'u32', openFlags: 'u32' })
export const OPEN_OUT = layout({ handle: 'u64', openFlags: 'u32', padding: 'pad32' })

/** Of read, readdir and write. In a write the data follow. */
export const IO_IN = layout({
  handle: 'u64',
  offset: 'u64',
  size: 'u32',
  ioFlags: 'u32',
  lockOwner: 'u64',
  flags: 'u32',
  padding: 'pad32',
})

export const WRITE_OUT = layout({ size: 'u32', padding: 'pad32' })
export const RELEASE_IN = layout({ handle: 'u64', flags: 'u32', releaseFlags: 'u32', lockOwner: 'u64' })
export const INTERRUPT_IN = layout({ unique: 'u64' })

export const STATFS_OUT = layout({
  blocks: 'u64',
  blocksFree: 'u64',
  blocksAvailable: 'u64',
  files: 'u64',
  filesFree: 'u64',
  blockSize: 'u32',
  nameLength: 'u32',
  fragmentSize: 'u32',
  ...pads(7),
})

/** An entry of a directory; its name follows, and zeros up to a multiple of eight. */
export const DIRENT = layout({ inode: 'u64', next: 'u64', nameLength: 'u32', type: 'u32' })

function pads(count: number): Record<`unused${number}`, 'pad32'> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`unused${n}`, 'pad32']))
}
