// The same cycles, each made by a task of the machine itself, on a real Linux: Debian's kernel in an emulated machine with as many CPUs. Needs qemu-system-x86_64, a static
// busybox, cpio and a kernel image (CPUHP_BENCH_KERNEL, or the newest /boot/vmlinuz-*); without them it says which is missing.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cyclesInside, INSIDE, type Setting, withMachine } from './bench.js'
import { figure, ratios } from './figure.js'

const QEMU = 'qemu-system-x86_64'
const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox']
/** An emulated machine that has not come to its end by then is given up. */
const LIMIT_MS = 300_000

export async function linux({ quick, runs }: Setting): Promise<void> {
  const kernel = findKernel()
  const missing = [
    ...[QEMU, 'cpio'].filter((program) => spawnSync(program, ['--version']).status !== 0),
    ...(BUSYBOX.some(existsSync) ? [] : ['busybox']),
    ...(kernel === null ? ['a kernel image'] : []),
  ]
  if (kernel === null || missing.length > 0) {
    process.stdout.write(`no real Linux to compare with: there is no ${missing.join(', no ')}\n`)
    return
  }
  for (const cpus of [2, 4]) {
    const real: number[] = []
    const spreads = new Map<number, number[]>([...new Set([2, cpus])].map((workers) => [workers, []]))
    const warm = new Map<number, number[]>([...spreads.keys()].map((workers) => [workers, []]))
    for (let i = 0; i < Math.min(runs, 3); i++) {
      real.push(realCycle(kernel, cpus, quick ? 5 : 30))
      for (const [workers, means] of spreads) {
        await withMachine({ cpus, workers, modules: INSIDE }, async (machine) => {
          await cyclesInside(machine, 1, 200)
          means.push(await cyclesInside(machine, 1, quick ? 50 : 1000))
          // The compilers take some thousand cycles to come to their end; no emulator has that long.
          if (!quick) await cyclesInside(machine, 1, 4000)
          warm.get(workers)!.push(await cyclesInside(machine, 1, quick ? 50 : 1000))
        })
      }
    }
    figure(`cycle, Linux in an emulator, ${cpus} CPUs`, 'ms', real)
    for (const [workers, means] of spreads) {
      const name = `cycle, Linux in an emulator against ${cpus} CPUs on ${workers} workers`
      ratios(`${name}, when all is compiled`, 'x', real, warm.get(workers)!)
      ratios(`${name}, after 200 cycles`, 'x', real, means)
    }
  }
}

function findKernel(): string | null {
  const given = process.env.CPUHP_BENCH_KERNEL
  if (given !== undefined) return given
  const images = existsSync('/boot') ? readdirSync('/boot').filter((name) => name.startsWith('vmlinuz')) : []
  return images.length === 0 ? null : join('/boot', images.sort().at(-1)!)
}

/** Boots a real kernel that takes CPU 1 down and up; answers the milliseconds of a cycle, by its own clock. */
function realCycle(kernel: string, cpus: number, count: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'cpuhp-bench-'))
  try {
    const image = initramfs(folder, count)
    const machine = ['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '512', '-smp', String(cpus)]
    const boot = ['-kernel', kernel, '-initrd', image, '-append', 'console=ttyS0 quiet panic=-1']
    const rest = ['-nographic', '-no-reboot', '-nic', 'none']
    const said = execFileSync(QEMU, [...machine, ...boot, ...rest], { encoding: 'utf8', timeout: LIMIT_MS, input: '' })
    const match = /cycles took (\d+) ms/.exec(said)
    if (match === null) throw new Error(`the real kernel said nothing of its cycles: ${said.slice(-500)}`)
    return Number(match[1]) / count
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A file system in memory with busybox and one script. */
function initramfs(folder: string, count: number): string {
  const root = join(folder, 'root')
  for (const name of ['bin', 'sys', 'proc']) mkdirSync(join(root, name), { recursive: true })
  copyFileSync(BUSYBOX.find(existsSync)!, join(root, 'bin', 'busybox'))
  writeFileSync(join(root, 'init'), initScript(count), { mode: 0o755 })
  const names = ['.', 'bin', 'bin/busybox', 'sys', 'proc', 'init']
  const archive = execFileSync('cpio', ['-o', '-H', 'newc', '--quiet'], {
    cwd: root,
    input: `${names.join('\n')}\n`,
    maxBuffer: 64 * 2 ** 20,
  })
  const image = join(folder, 'initramfs')
  writeFileSync(image, archive)
  return image
}

/** /proc/uptime counts hundredths of a second. */
function initScript(count: number): string {
  return `#!/bin/busybox sh
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t proc proc /proc
now() { read up idle < /proc/uptime; echo "\${up%.*}\${up#*.}"; }
cycle() { echo 0 > $file && echo 1 > $file || echo failed; }
file=/sys/devices/system/cpu/cpu1/online
cycle; cycle
begin=$(now)
n=0
while [ $n -lt ${count} ]; do cycle; n=$((n + 1)); done
end=$(now)
echo "cycles took $(( (end - begin) * 10 )) ms"
/bin/busybox poweroff -f
`
}
