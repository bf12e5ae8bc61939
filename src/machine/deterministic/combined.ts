// What operations that read and write in one make of a word.
import { KIND, type Kind } from '../../ops/operation.js'

/** The value after add, and, or, exchange. */
export function combined(kind: Kind, before: number, value: number): number {
  switch (kind) {
    case KIND.add:
      return (before + value) | 0
    case KIND.and:
      return before & value
    case KIND.or:
      return before | value
    default:
      return value
  }
}
