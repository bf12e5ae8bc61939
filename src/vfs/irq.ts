// Interrupts of devices in /proc: their lines in /proc/interrupts, and /proc/irq/N.
import { formatCpuList, formatCpuMask } from '../base/cpulist.js'
import { KernelError } from '../base/errno.js'
import { deviceOf, irqName } from '../devices/config.js'
import { hasState, IRQ_STATE } from '../irq/desc.js'
import type { IrqMask } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { DEVICE, IRQ_DESC } from '../memory/structs/devices.js'
import { bitsOf } from '../ops/mask.js'
import { type DirectoryNode, directory, type FileNode, type Node } from './node.js'
import type { System } from './system.js'

/** The first device is in slot 3 of bus 0; a slot is 8 functions, and a function 2048 interrupts (pci_msi_domain_calc_hwirq). */
const FIRST_SLOT = 3
const PER_SLOT = 8 * 2048

/** The device's own number for an interrupt. */
function hardwareIrq(memory: Memory, irq: number): number {
  const device = deviceOf(memory, irq)
  const slot = FIRST_SLOT + memory.deviceIndex(device)
  return slot * PER_SLOT + irq - 1 - memory.get(device + DEVICE.firstQueue)
}

function irqsOf(memory: Memory): number[] {
  return Array.from({ length: memory.irqs }, (_, n) => n + 1)
}

/** The lines of /proc/interrupts; interrupts that nobody has asked for have none. */
export function irqLines(memory: Memory, online: readonly number[]): string[] {
  const used = irqsOf(memory).filter((irq) => hasState(memory, irq, IRQ_STATE.started))
  return used.map((irq) => {
    const counts = online.map((cpu) => `${String(memory.get(memory.irqCount(irq, cpu))).padStart(10)} `).join('')
    const chip = `${'PCI-MSI'.padStart(9)} ${hardwareIrq(memory, irq)}-${'edge'.padEnd(8)}`
    return `${String(irq).padStart(3)}: ${counts}${chip}  ${irqName(memory, irq)}`
  })
}

/** How many of each all CPUs have taken, from irq 1 on: what an offline one has done still counts. */
export function irqTotals(memory: Memory): number[] {
  return irqsOf(memory).map((irq) => {
    let total = 0
    for (const cpu of bitsOf(memory, memory.possible)) total += memory.get(memory.irqCount(irq, cpu))
    return total
  })
}

export function irqRoot(system: System): DirectoryNode {
  const { memory } = system
  const { cpus } = memory.layout.config
  const entries: Record<string, Node> = {
    default_smp_affinity: file(() => `${formatCpuMask(bitsOf(memory, memory.possible), cpus)}\n`),
  }
  for (const irq of irqsOf(memory)) entries[irq] = irqDirectory(system, irq)
  return directory(entries, undefined, 0o555)
}

function irqDirectory({ memory, setIrqAffinity }: System, irq: number): DirectoryNode {
  const { cpus } = memory.layout.config
  // One that is to be changed when the interrupt is taken next reads as if it had been.
  const affinity = (): IrqMask => (hasState(memory, irq, IRQ_STATE.movePending) ? 'pending' : 'affinity')
  const bits = (name: IrqMask): Generator<number> => bitsOf(memory, memory.irqMask(irq, name))
  const mask = (name: IrqMask): string => `${formatCpuMask(bits(name), cpus)}\n`
  const list = (name: IrqMask): string => `${formatCpuList(bits(name))}\n`
  return directory(
    {
      affinity_hint: file(() => `${formatCpuMask([], cpus)}\n`),
      effective_affinity: file(() => mask('effective')),
      effective_affinity_list: file(() => list('effective')),
      node: file(() => '0\n'),
      smp_affinity: file(
        () => mask(affinity()),
        (text) => setIrqAffinity(irq, false, text),
      ),
      smp_affinity_list: file(
        () => list(affinity()),
        (text) => setIrqAffinity(irq, true, text),
      ),
      spurious: file(() => spurious(memory, irq)),
    },
    undefined,
    0o555,
  )
}

function file(read: () => string, write?: (text: string) => Promise<void>): FileNode {
  const refuse = async (): Promise<void> => {
    throw new KernelError('EIO', 'write')
  }
  return { kind: 'file', mode: write === undefined ? 0o444 : 0o644, size: 0, read, write: write ?? refuse }
}

/** As the kernel counts: interrupts that have been handled, and those of the latest 100,000 that nobody knew of. */
function spurious(memory: Memory, irq: number): string {
  const desc = memory.irq(irq)
  const count = memory.get(desc + IRQ_DESC.handled) % 100_000
  return `count ${count}\nunhandled ${memory.get(desc + IRQ_DESC.unhandled)}\nlast_unhandled 0 ms\n`
}
