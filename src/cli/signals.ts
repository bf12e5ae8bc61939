// Ending by a signal: what runs is told, and ends in order.

/** What a process that a signal ended exits with. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof SIGNALS

/** Runs `act` with a signal that SIGINT and SIGTERM abort. `signalled` is the exit code then, null when none came. */
export async function withSignals<T>(
  act: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly result: T; readonly signalled: number | null }> {
  const controller = new AbortController()
  let signalled: number | null = null
  const onSignal = (signal: Signal): void => {
    signalled = SIGNALS[signal]
    controller.abort()
  }
  const names = Object.keys(SIGNALS) as Signal[]
  for (const name of names) process.once(name, onSignal)
  try {
    const result = await act(controller.signal)
    return { result, signalled }
  } finally {
    for (const name of names) process.removeListener(name, onSignal)
  }
}
