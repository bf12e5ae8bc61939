// Virtualisation as hardware: on each CPU it is enabled or not, as long as there is a virtual machine.
//
//   the first machine is made                 a CPU comes up (kvm/cpu:starting), interrupts off
//   cpus_read_lock; kvm_count_lock              kvm_count_lock
//     usage 0 -> 1: enable it on every          usage > 0? enable it here
//     online CPU, by interrupts               a CPU dies (the same step, down)
//   unlock; cpus_read_unlock                    unload the virtual CPUs that are loaded here; disable it
//
// Without cpus_read_lock (e6fb7d6eb4fc of Linux, after 6.1) a CPU that is past its step, and not online yet, would be missed.
// The step is not in the table at boot: whoever uses virtual machines adds it (KVM_STEP), as loading the module does.
import { cpusReadReady, cpusReadUnlock } from '../hotplug/locks.js'
import { isAlone, type SyscoreOps } from '../hotplug/suspend.js'
import { KVM, KVM_CPU } from '../memory/structs/kvm.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { RESTART } from '../sched/task.js'
import { smpCallFunctionMany } from '../smp/smp.js'
import { unloadAll } from './vcpu.js'

/** What kvm_init adds to the table: among the STARTING steps. The number is counted from 6.1's list, not recorded from a kernel. */
export const KVM_STEP = {
  state: 139,
  name: 'kvm/cpu:starting',
  startup: 'kvm_starting_cpu',
  teardown: 'kvm_dying_cpu',
  invoke: false,
} as const

/** Enables it on this CPU. Interrupts are off. */
export function* hardwareEnable(cpu: Cpu): Kernel<number> {
  cpu.memory.set(cpu.memory.kvmCpu(cpu.id) + KVM_CPU.enabled, 1)
  return 0
}

/** Disables it on this CPU, on which nothing stays loaded. Interrupts are off. */
export function* hardwareDisable(cpu: Cpu): Kernel<number> {
  const own = cpu.memory.kvmCpu(cpu.id)
  if (cpu.memory.get(own + KVM_CPU.enabled) === 0) return 0
  if (!cpu.bugs.has('left-loaded')) yield* unloadAll(cpu)
  cpu.memory.set(own + KVM_CPU.enabled, 0)
  return 0
}

/** kvm/cpu:starting coming up, by the CPU itself. */
export function* kvmStartingCpu(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  yield cpu.lockIrq(memory.kvm + KVM.lock, 'kvm_starting_cpu')
  if (memory.get(memory.kvm + KVM.usage) > 0 && !cpu.bugs.has('unready-hardware')) yield* hardwareEnable(cpu)
  yield cpu.unlockIrq(memory.kvm + KVM.lock, 'kvm_starting_cpu')
  return 0
}

/** The same going down. */
export function* kvmDyingCpu(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  yield cpu.lockIrq(memory.kvm + KVM.lock, 'kvm_dying_cpu')
  if (memory.get(memory.kvm + KVM.usage) > 0) yield* hardwareDisable(cpu)
  yield cpu.unlockIrq(memory.kvm + KVM.lock, 'kvm_dying_cpu')
  return 0
}

/** A virtual machine is made (`by` 1) or ends (-1). RESTART where the current task has to sleep first (see cpusReadReady). */
export function* changeUsage(cpu: Cpu, by: 1 | -1): Kernel<number> {
  const { memory } = cpu
  if (!(yield* cpusReadReady(cpu))) return RESTART
  yield cpu.lock(memory.kvm + KVM.lock, 'hardware_enable_all')
  const usage = memory.get(memory.kvm + KVM.usage) + by
  memory.set(memory.kvm + KVM.usage, usage)
  if (usage === (by === 1 ? 1 : 0)) {
    const name = by === 1 ? 'kvm_hardware_enable' : 'kvm_hardware_disable'
    yield* onEachCpu(cpu, cpu.functions.find(name))
  }
  yield cpu.unlock(memory.kvm + KVM.lock, 'hardware_enable_all')
  yield* cpusReadUnlock(cpu)
  return 0
}

function* onEachCpu(cpu: Cpu, fn: number): Kernel<void> {
  cpu.irqDisable()
  yield* cpu.functions.get(fn)(cpu, 0, 0)
  cpu.irqEnable()
  yield* smpCallFunctionMany(cpu, bitsOf(cpu.memory, cpu.memory.online), fn, 0, true)
}

/** The registers of the last CPU do not outlive a suspend. */
export const kvmSyscoreOps: SyscoreOps = {
  name: 'kvm',
  *suspend(cpu: Cpu): Kernel<number> {
    bugOn(!isAlone(cpu) || cpu.irqDisabled === 0, 'kvm_suspend', 'it is not alone, or has its interrupts on')
    if (cpu.memory.get(cpu.memory.kvm + KVM.usage) > 0) yield* hardwareDisable(cpu)
    return 0
  },
  *resume(cpu: Cpu): Kernel<void> {
    bugOn(!isAlone(cpu) || cpu.irqDisabled === 0, 'kvm_resume', 'it is not alone, or has its interrupts on')
    if (cpu.memory.get(cpu.memory.kvm + KVM.usage) > 0) yield* hardwareEnable(cpu)
  },
}
