// Error numbers of the simulated kernel: the values and names of Linux's asm-generic/errno-base.h and errno.h, and the
// one error class that carries such a number out of the kernel to whoever made the request.
//
// Inside the kernel an error is a negative number (`return -ERRNO.EBUSY`); only at the kernel's edge does it become a
// KernelError.

/** The error numbers the model uses, by name, positive as in errno.h. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENOSYS: 38,
  ENODATA: 61,
  ETIME: 62,
  EPROTO: 71,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
  EALREADY: 114,
  EINPROGRESS: 115,
  ECANCELED: 125,
} as const

/** The name of an error number, such as 'EBUSY'. */
export type ErrnoName = keyof typeof ERRNO

// What strerror of glibc says for each; the type makes a forgotten one a compile error.
const MESSAGES: Readonly<Record<ErrnoName, string>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EINTR: 'Interrupted system call',
  EIO: 'Input/output error',
  ENXIO: 'No such device or address',
  E2BIG: 'Argument list too long',
  EBADF: 'Bad file descriptor',
  ECHILD: 'No child processes',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EFAULT: 'Bad address',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
  EPIPE: 'Broken pipe',
  EDOM: 'Numerical argument out of domain',
  ERANGE: 'Numerical result out of range',
  EDEADLK: 'Resource deadlock avoided',
  ENOSYS: 'Function not implemented',
  ENODATA: 'No data available',
  ETIME: 'Timer expired',
  EPROTO: 'Protocol error',
  EOVERFLOW: 'Value too large for defined data type',
  EOPNOTSUPP: 'Operation not supported',
  ETIMEDOUT: 'Connection timed out',
  EALREADY: 'Operation already in progress',
  EINPROGRESS: 'Operation now in progress',
  ECANCELED: 'Operation canceled',
}

const NAMES: ReadonlyMap<number, ErrnoName> = new Map(
  (Object.keys(ERRNO) as ErrnoName[]).map((name): [number, ErrnoName] => [ERRNO[name], name]),
)

/** Whether `text` is the name of an error number in ERRNO. */
export function isErrnoName(text: string): text is ErrnoName {
  return Object.hasOwn(ERRNO, text)
}

/**
 * The name of an error number.
 * @param n positive (22) or negative (-22), as a kernel function returns it
 * @returns the name, or null for 0 and for numbers that ERRNO does not have
 */
export function errnoName(n: number): ErrnoName | null {
  return NAMES.get(Math.abs(n)) ?? null
}

/** What glibc's strerror says for the error, for instance 'Device or resource busy'. */
export function errnoMessage(name: ErrnoName): string {
  return MESSAGES[name]
}

/**
 * A request that the simulated kernel refused: not a failure of the model and not one of this program. It looks like
 * Node's own system errors, so code written for `fs` handles it unchanged:
 *
 *     EBUSY: device or resource busy, write 'cpu1/online'
 */
export class KernelError extends Error {
  override readonly name = 'KernelError'
  /** The name of the error number. */
  readonly code: ErrnoName
  /** The error number, negative: Node's convention. */
  readonly errno: number
  /** What was being done, such as 'write'; absent when nothing sensible can be said. */
  readonly syscall?: string
  /** What it was done to, such as 'cpu1/online'. */
  readonly path?: string

  constructor(code: ErrnoName, syscall?: string, path?: string) {
    super(describe(code, syscall, path))
    this.code = code
    this.errno = -ERRNO[code]
    if (syscall !== undefined) this.syscall = syscall
    if (path !== undefined) this.path = path
  }
}

function describe(code: ErrnoName, syscall: string | undefined, path: string | undefined): string {
  const text = MESSAGES[code]
  const what = [syscall, path === undefined ? undefined : `'${path}'`].filter((part) => part !== undefined).join(' ')
  return `${code}: ${text[0].toLowerCase()}${text.slice(1)}${what === '' ? '' : `, ${what}`}`
}
