// Values of options as the user wrote them. What makes no sense is a UsageError that says what would.
import { UsageError } from '../base/failure.js'

/** Reads a whole number of that range, for the option of that name. */
export function wholeNumber(option: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= low && value <= high) return value
    throw new UsageError(`${option} is a whole number from ${low} to ${high}, not '${oneLine(text)}'`)
  }
}

/** Reads one of several words. */
export function oneOf<const Word extends string>(option: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text)
    if (found !== undefined) return found
    throw new UsageError(`${option} is ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, not '${oneLine(text)}'`)
  }
}

/** What a user gave, fit to be quoted in a message of one line. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 80)
}
