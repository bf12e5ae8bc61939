// The kernel functions of the KVM model, by their names: the callbacks of its step, and what CPUs call on each other.
import type { KernelFunction } from '../ops/cpu.js'
import { hardwareDisable, hardwareEnable, kvmDyingCpu, kvmStartingCpu } from './hardware.js'
import { loadedVmcsClear } from './vcpu.js'

export const KVM_FUNCTIONS: Readonly<Record<string, KernelFunction>> = {
  kvm_starting_cpu: kvmStartingCpu,
  kvm_dying_cpu: kvmDyingCpu,
  kvm_hardware_enable: hardwareEnable,
  kvm_hardware_disable: hardwareDisable,
  kvm_loaded_vmcs_clear: loadedVmcsClear,
}
