// As much of the kernel's printf as the formats of trace events use: %d %u %s %ps, with a width, and with zeroes before it.

/** The pattern with the values in place of its conversions, one after the other. */
export function printf(pattern: string, values: readonly (number | string)[]): string {
  let next = 0
  return pattern.replace(/%(0?)(\d*)(ps|[dus])/g, (_, zeroes: string, width: string) =>
    String(values[next++]).padStart(Number(width), zeroes === '0' ? '0' : ' '),
  )
}
