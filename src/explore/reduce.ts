// Making a list as short as it can be (ddmin: Zeller, Hildebrandt, IEEE TSE 2002): parts of it are left out, large ones first,
// for as long as what is left still does what it should.

/**
 * `attempt` says whether a shorter list does it: it answers the list to go on with, no longer than the one it was given, or
 * null. The result can't be shortened by any one element, unless `attempt` gave up before.
 */
export async function reduce<T>(
  list: readonly T[],
  attempt: (shorter: readonly T[]) => Promise<readonly T[] | null>,
): Promise<readonly T[]> {
  let best = list
  let parts = 2
  while (best.length > 0) {
    const size = Math.ceil(best.length / Math.min(parts, best.length))
    let shorter: readonly T[] | null = null
    for (let from = 0; from < best.length && shorter === null; from += size) {
      shorter = await attempt([...best.slice(0, from), ...best.slice(from + size)])
    }
    if (shorter !== null) {
      best = shorter
      parts = Math.max(2, parts - 1)
    } else if (size === 1) break
    else parts = Math.min(best.length, parts * 2)
  }
  return best
}
