// How the kernel reads what was written to its control files. The behaviour is that of Linux 6.1's kstrtoint (base 10)
// and kstrtobool.

const INT_MIN = -0x8000_0000
const INT_MAX = 0x7fff_ffff

// One optional sign, digits, and the newline that `echo` adds. No blanks, no second sign.
const DECIMAL = /^[+-]?[0-9]+\n?$/

/**
 * The number that kstrtoint(text, 10) reads.
 * @returns an int32, or null if the kernel takes the text for no number or for one outside int32; kernelIntErrno tells
 *   which
 */
export function parseKernelInt(text: string): number | null {
  if (!DECIMAL.test(text)) return null
  const value = Number(text)
  // `| 0` also turns the -0 of '-0' into 0.
  return value >= INT_MIN && value <= INT_MAX ? value | 0 : null
}

/** The error with which the kernel refuses a text for which parseKernelInt answers null. */
export function kernelIntErrno(text: string): 'EINVAL' | 'ERANGE' {
  return DECIMAL.test(text) ? 'ERANGE' : 'EINVAL'
}

/**
 * The truth value that kstrtobool reads. It looks at the first letter only, at the first two after an o, and ignores the
 * rest: 'yes', 'true', '1' and also '10' are true.
 * @returns null where the kernel answers EINVAL, for instance for '2' and ''
 */
export function parseKernelBool(text: string): boolean | null {
  if (/^(?:[yYtT1]|[oO][nN])/.test(text)) return true
  if (/^(?:[nNfF0]|[oO][fF])/.test(text)) return false
  return null
}
