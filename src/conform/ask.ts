// Asks a machine for one golden command, and collects everything that a golden file says of it.

import { KernelError } from '../base/errno.js'
import type { Machine } from '../machine/machine.js'
import { MachinePanic } from '../machine/report.js'
import type { GoldenAnswer, GoldenCommand } from './golden.js'

/** An answer as a machine gives it: its trace is text, as golden files have it. */
export type Answer = Omit<GoldenAnswer, 'trace'> & { readonly trace: readonly string[] }

export type Found = Answer | { readonly outcome: 'died'; readonly panic: MachinePanic }

/**
 * Makes the request; resolves when it has been answered, or the machine has died of it. The trace is of everything since
 * the machine's was last read: machine.lostEvents tells when that was too much for it.
 */
export async function askFor(machine: Machine, command: GoldenCommand): Promise<Found> {
  const warned = machine.log.length
  let errno: Answer['errno'] = null
  try {
    if (command.do === 'suspend') await machine.suspend(command.value)
    else await machine.write(fileOf(command), command.value)
  } catch (error) {
    if (error instanceof MachinePanic) return { outcome: 'died', panic: error }
    if (!(error instanceof KernelError)) throw error
    errno = error.code
  }
  const cpu = command.cpu ?? 1
  return {
    outcome: 'answered',
    errno,
    state: await numberIn(machine, `cpu${cpu}/hotplug/state`),
    target: await numberIn(machine, `cpu${cpu}/hotplug/target`),
    fail: await numberIn(machine, `cpu${cpu}/hotplug/fail`),
    file: await numberIn(machine, `cpu${cpu}/online`),
    online: await machine.read('online'),
    offline: await machine.read('offline'),
    trace: machine.hotplugTrace(),
    warnings: machine.log
      .slice(warned)
      .filter((line) => line.level <= 4)
      .map((line) => line.text),
  }
}

/** A command in words: '0 to cpu1/online'. */
export function describeCommand(command: GoldenCommand): string {
  const value = JSON.stringify(command.value).slice(1, -1)
  return command.do === 'suspend' ? `suspend ${value}` : `${value} to ${fileOf(command)}`
}

function fileOf(command: GoldenCommand): string {
  return command.do === 'online' ? `cpu${command.cpu}/online` : `cpu${command.cpu}/hotplug/${command.do}`
}

async function numberIn(machine: Machine, file: string): Promise<number | null> {
  try {
    return Number(await machine.read(file))
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ENOENT') return null
    throw error
  }
}
