// All commands of the shell, by name.
import { UsageError } from '../../base/failure.js'
import { table } from '../output.js'
import type { Command, Io, Shell } from './context.js'
import { CONTROL_COMMANDS } from './control.js'
import { FILE_COMMANDS } from './files.js'
import { VIEW_COMMANDS } from './views.js'

export const COMMANDS: Readonly<Record<string, Command>> = {
  ...FILE_COMMANDS,
  ...VIEW_COMMANDS,
  ...CONTROL_COMMANDS,
  help: { usage: 'help [COMMAND]', summary: 'what there is', takes: 'nothing', afterPanic: true, run: help },
}

/** The command of that name; null when there is none. */
export function commandOf(name: string): Command | null {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : null
}

function help(_shell: Shell, words: readonly string[], io: Io): number {
  const [name] = words
  if (name !== undefined) {
    const command = commandOf(name)
    if (command === null) throw new UsageError(`there is no command '${name}'`)
    io.out(`${command.usage}: ${command.summary}\n`)
    return 0
  }
  const rows = Object.entries(COMMANDS).map(([command, { summary }]) => [`  ${command}`, summary])
  io.out(`${table(rows).join('\n')}\n\n`)
  io.out(
    'Files are below /sys/devices/system/cpu and /proc. Commands are joined by ; && || and |, output goes to a file\n',
  )
  io.out(
    "with >, and & has a command go on by itself. Ctrl-C ends waiting. 'help COMMAND' says what a command takes.\n",
  )
  return 0
}
