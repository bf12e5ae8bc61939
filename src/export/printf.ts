// As much of the kernel's printf as the formats of trace events use: %d %u %s %ps %p, with a width, and with zeroes before it,
// and with the size of a long or a long long.

/** The pattern with the values in place of its conversions, one after the other. %p: the 16 digits of an address. */
export function printf(pattern: string, values: readonly (number | string)[]): string {
  let next = 0
  return pattern.replace(/%(0?)(\d*)(ps|p|(?:ll?|L)?[du]|s)/g, (_, zeroes: string, width: string, kind: string) => {
    const value = values[next++]!
    if (kind === 'p') return value.toString(16).padStart(16, '0')
    return String(value).padStart(Number(width), zeroes === '0' ? '0' : ' ')
  })
}
