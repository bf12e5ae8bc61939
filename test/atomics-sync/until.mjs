const nowhere = new Int32Array(new SharedArrayBuffer(4))

/** Sleeps, ms. */
export const pause = (ms) => Atomics.wait(nowhere, 0, 0, ms)

/** Waits until it holds, but no longer than `ms`: a sound implementation never lets some of what is waited for happen. */
export function until(holds, ms = 300) {
  const end = Date.now() + ms
  while (!holds() && Date.now() < end) pause(1)
}
