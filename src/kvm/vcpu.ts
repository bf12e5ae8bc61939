// A virtual CPU's state is loaded on the CPU that its task runs on, and stays loaded there when the task sleeps or leaves: only
// when it is to be loaded elsewhere, or virtualisation is switched off there, does that CPU give it up.
//
//   the task goes on, on CPU b                CPU a, where it was loaded
//   loaded elsewhere? call CPU a ------------> take it off its list; cpu = 0     (or it has died, and done so)
//   put it onto this CPU's list; cpu = b
//
// The scheduler tells of every switch (preempt notifiers): switched out, it does not run here; switched in, it is loaded.
import { KVM_CPU, VCPU } from '../memory/structs/kvm.js'
import { TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, type Kernel, release } from '../ops/operation.js'
import { smpCallFunctionSingle } from '../smp/smp.js'

/** From here on the current task is `vcpu`'s: it is loaded wherever the task runs, until vcpuPut. */
export function* vcpuLoad(cpu: Cpu, vcpu: number): Kernel<void> {
  cpu.preemptDisable()
  cpu.memory.set(cpu.task + TASK.preemptNotifier, vcpu)
  yield* archLoad(cpu, vcpu)
  cpu.preemptEnable()
}

/** No more of it; it stays loaded on this CPU. */
export function vcpuPut(cpu: Cpu): void {
  cpu.memory.set(cpu.task + TASK.preemptNotifier, 0)
  cpu.memory.set(cpu.memory.kvmCpu(cpu.id) + KVM_CPU.running, 0)
}

/** Its task is switched out. The runqueue's lock is held. */
export function schedOut(cpu: Cpu, _vcpu: number): void {
  cpu.memory.set(cpu.memory.kvmCpu(cpu.id) + KVM_CPU.running, 0)
}

/** Its task runs again, here. Preemption is off, interrupts are on. */
export function* schedIn(cpu: Cpu, vcpu: number): Kernel<void> {
  yield* archLoad(cpu, vcpu)
}

function* archLoad(cpu: Cpu, vcpu: number): Kernel<void> {
  const { memory } = cpu
  const own = memory.kvmCpu(cpu.id)
  if ((yield cpu.load(vcpu + VCPU.cpu, acquire, 'vcpu_load:cpu')) !== cpu.id + 1) {
    yield* clearLoaded(cpu, vcpu)
    cpu.irqDisable()
    memory.set(vcpu + VCPU.next, memory.get(own + KVM_CPU.loaded))
    memory.set(own + KVM_CPU.loaded, vcpu)
    yield cpu.store(vcpu + VCPU.cpu, cpu.id + 1, release, 'vcpu_load:here')
    cpu.irqEnable()
  }
  memory.set(own + KVM_CPU.running, vcpu)
}

/** Has it given up by the CPU that it is loaded on. */
export function* clearLoaded(cpu: Cpu, vcpu: number): Kernel<void> {
  const owner = yield cpu.load(vcpu + VCPU.cpu, acquire, 'loaded_vmcs_clear')
  if (owner === 0) return
  // A CPU that has died has unloaded what it had, and is not called.
  yield* smpCallFunctionSingle(cpu, owner - 1, cpu.functions.find('kvm_loaded_vmcs_clear'), vcpu, true)
}

/** On the CPU that a virtual CPU is loaded on, interrupts off. That it was asked for it may be long ago. */
export function* loadedVmcsClear(cpu: Cpu, vcpu: number): Kernel<number> {
  const { memory } = cpu
  if ((yield cpu.load(vcpu + VCPU.cpu, acquire, 'loaded_vmcs_clear:here')) !== cpu.id + 1) return 0
  const own = memory.kvmCpu(cpu.id)
  let link = own + KVM_CPU.loaded
  while (memory.get(link) !== vcpu) {
    bugOn(memory.get(link) === 0, 'loaded_vmcs_clear', 'a virtual CPU is loaded here, and on no list')
    link = memory.get(link) + VCPU.next
  }
  memory.set(link, memory.get(vcpu + VCPU.next))
  if (memory.get(own + KVM_CPU.running) === vcpu) memory.set(own + KVM_CPU.running, 0)
  // Pairs with archLoad.
  yield cpu.store(vcpu + VCPU.cpu, 0, release, 'loaded_vmcs_clear:gone')
  return 0
}

/** Gives up all that is loaded on this CPU. Interrupts are off. */
export function* unloadAll(cpu: Cpu): Kernel<void> {
  const loaded = cpu.memory.kvmCpu(cpu.id) + KVM_CPU.loaded
  for (let vcpu = cpu.memory.get(loaded); vcpu !== 0; vcpu = cpu.memory.get(loaded)) yield* loadedVmcsClear(cpu, vcpu)
}
