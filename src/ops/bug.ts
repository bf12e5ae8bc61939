// BUG and WARN: what the kernel does when it finds itself in a state that must not be.

/** A kernel BUG: the machine panics. `function` is where the kernel was. */
export class KernelBug extends Error {
  readonly function: string
  constructor(functionName: string, message: string) {
    super(message)
    this.name = 'KernelBug'
    this.function = functionName
  }
}

/** BUG_ON: kills the machine when the condition holds. */
export function bugOn(condition: boolean, functionName: string, message: string): void {
  if (condition) throw new KernelBug(functionName, message)
}
