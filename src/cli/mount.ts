// `cpuhp mount`: a machine's files as a real file system, for programs that know nothing of it.
import { once } from 'node:events'
import { appendFileSync, realpathSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { EXIT, UsageError } from '../base/failure.js'
import { checkMountable, Mount } from '../fuse/mount.js'
import { runCovered } from '../fuse/namespace.js'
import { Machine } from '../machine/machine.js'
import { ueventLines } from '../machine/uevents.js'
import { type MachineChoice, machineOptions } from './machine-choice.js'
import { counted, err, out } from './output.js'
import { formatLogLine } from './shell/context.js'
import { withSignals } from './signals.js'
import { parseSpawn, SPAWN_USAGE } from './spawn-words.js'
import { oneLine } from './values.js'

export interface MountCommand extends MachineChoice {
  /** processes to start, in words */
  readonly spawn: readonly string[]
  /** show the kernel's messages */
  readonly console: boolean
  /** where to write what the kernel tells of devices, '-': standard error; null: nowhere */
  readonly uevents: string | null
}

export const MOUNT_HELP = `
A command sees the machine at /sys/devices/system/cpu, /sys/devices/system/node, /sys/bus/cpu, and in /proc/cpuinfo, stat,
interrupts and schedstat; all of its files, /proc/PID of its tasks among them, are below $CPUHP_ROOT. A process to spawn
is ${SPAWN_USAGE.replace('spawn ', '')}.

Examples:
  # cpuhp mount -- lscpu -e                              programs know nothing of it
  # cpuhp mount --console -- chcpu -d 1,2                the messages of the kernel, too
  # cpuhp mount --uevents - -- chcpu -d 1              what udevadm monitor would show
  # cpuhp mount --cpus 8 -- stress-ng --cpu-online 1 --pathological --timeout 10s
  # cpuhp mount --spawn 'sha256 --affinity 1 --work 9000000' -- bash
  # cpuhp mount /mnt                                     until Ctrl-C, or umount /mnt

It needs root and /dev/fuse, unshare and mount. Exit codes: the command's; 125 when the files could not be put in place,
and nothing was run; 2 bad input, 3 the machine panicked.`

/** What of a command line is for cpuhp, and what is the command to run: all that follows the first -- of a `mount`. */
export function splitCommand(argv: readonly string[]): { words: readonly string[]; command: readonly string[] | null } {
  const at = argv[0] === 'mount' ? argv.indexOf('--') : -1
  return at < 0 ? { words: argv, command: null } : { words: argv.slice(0, at), command: argv.slice(at + 1) }
}

/**
 * Mounts a machine on a directory until a signal comes or somebody unmounts it; with a command, runs that with the machine
 * in the place of the real one, and ends with it. Answers the exit code.
 */
export async function mountCommand(
  directory: string | undefined,
  command: readonly string[] | null,
  choice: MountCommand,
): Promise<number> {
  if (directory === undefined && command === null) {
    throw new UsageError('mount needs a directory, or -- and a command to run; see mount --help')
  }
  if (command?.length === 0) throw new UsageError('mount: no command follows the --')
  const options = { ...machineOptions(choice), traceRecords: 1024 }
  const processes = choice.spawn.map((words) => parseSpawn(words.split(/\s+/).filter(Boolean), choice.cpus))
  checkMountable()
  const place = directory === undefined ? null : realPath(directory)
  const uevents = ueventsTo(choice.uevents)
  const machine = await Machine.boot(options)
  try {
    if (uevents !== null) machine.onUevent = (event) => uevents(ueventLines(event))
    if (choice.console) machine.onLog = ({ timeNs, text }) => err(formatLogLine(timeNs, text))
    for (const process of processes) await machine.spawn(process)
    return await serve(machine, place, command)
  } finally {
    await machine.shutdown()
  }
}

async function serve(machine: Machine, place: string | null, command: readonly string[] | null): Promise<number> {
  const mount = await Mount.on(place, machine.files.root)
  const trouble = Promise.race([mount.ended, machine.whenEnded])
  try {
    if (command !== null) {
      // Whoever waits for an answer that nobody will give is not to wait for ever. Of a machine that has panicked the files
      // can still be read.
      void mount.stopped.then(() => mount.end())
      const code = await run(mount, command)
      const failure = machine.failure ?? (await Promise.race([mount.ended, null]))
      if (failure !== null) throw failure
      return code
    }
    out(`${counted(machine.cpus, 'CPU')} at ${mount.directory}\n`)
    const { result, signalled } = await withSignals((signal) => Promise.race([trouble, aborted(signal)]))
    if (result !== null) throw result
    return signalled ?? EXIT.ok
  } finally {
    await mount.end()
  }
}

/** Runs a command to its end. Answers its exit code, or 128 and the number of the signal that ended it, as a shell does. */
async function run(mount: Mount, command: readonly string[]): Promise<number> {
  const child = runCovered(mount, command)
  // Ctrl-C reaches the command as well, and it is the one to say what comes of it.
  const wait = (): void => undefined
  let asked = 0
  const end = (): void => void child.kill(asked++ === 0 ? 'SIGTERM' : 'SIGKILL')
  process.on('SIGINT', wait).on('SIGTERM', end)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + constants.signals[signal!]
  } catch (error) {
    throw new UsageError(`mount: ${child.spawnfile} can't be run: ${(error as Error).message}`, { cause: error })
  } finally {
    process.off('SIGINT', wait).off('SIGTERM', end)
  }
}

/** Each is in the file before the write that caused it returns. */
function ueventsTo(file: string | null): ((text: string) => void) | null {
  if (file === null) return null
  if (file === '-') return err
  try {
    writeFileSync(file, '')
  } catch (error) {
    throw new UsageError(`mount: --uevents: ${oneLine((error as Error).message)}`, { cause: error })
  }
  return (text) => appendFileSync(file, text)
}

async function aborted(signal: AbortSignal): Promise<null> {
  if (!signal.aborted) await once(signal, 'abort')
  return null
}

function realPath(directory: string): string {
  try {
    return realpathSync(directory)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`mount: ${oneLine(directory)}: ${oneLine(reason)}`, { cause: error })
  }
}
