import { Defect } from './failure.js'

/**
 * States what must be true here if this program is right; its message says it in words.
 * @throws Defect with the message if `condition` is falsy
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Defect(message)
}
