// What is registered for the last CPU of a suspend.

import { isAlone, type SyscoreOps } from '../hotplug/suspend.js'
import type { Memory } from '../memory/memory.js'
import { GLOBAL } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel } from '../ops/operation.js'

/** KVM turns virtualisation off while the machine is suspended: the registers of a CPU do not outlive it. */
export const kvmSyscoreOps: SyscoreOps = {
  name: 'kvm',
  *suspend(cpu: Cpu): Kernel<number> {
    bugOn(!isAlone(cpu) || cpu.irqDisabled === 0, 'kvm_suspend', 'it is not alone, or has its interrupts on')
    yield cpu.store(virtualisation(cpu.memory), 0, full, 'kvm_suspend')
    return 0
  },
  *resume(cpu: Cpu): Kernel<void> {
    bugOn(!isAlone(cpu) || cpu.irqDisabled === 0, 'kvm_resume', 'it is not alone, or has its interrupts on')
    yield cpu.store(virtualisation(cpu.memory), 1, full, 'kvm_resume')
  },
}

function virtualisation(memory: Memory): number {
  return memory.global + GLOBAL.virtualisation
}
