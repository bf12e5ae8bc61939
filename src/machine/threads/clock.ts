// The host's monotonic clock: the same one in all threads.

const { hrtime } = process

/** Now, ns. Not by performance.now, which counts from each thread's own beginning, and which a thread loads for a millisecond. */
export function hrtimeNs(): number {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e9 + nanoseconds
}
