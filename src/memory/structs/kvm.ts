// Structures in shared memory of the KVM model (src/kvm).
import { struct } from '../struct.js'

/** A virtual CPU: state that is loaded on one CPU at a time, and stays loaded there when its task sleeps or goes. */
export const VCPU = struct('kvm_vcpu', {
  /** CPU number + 1 of the CPU that it is loaded on, 0: none; changed by that CPU alone, with interrupts off */
  cpu: 'word',
  /** the next one that is loaded there; that CPU's alone */
  next: 'word',
  /** 1: its virtual machine exists. Its task's own, as what follows is */
  open: 'word',
  /** how often it still enters the guest before its virtual machine ends */
  left: 'word',
})

/** What a CPU knows of virtualisation: its own, with interrupts off. */
export const KVM_CPU = struct('kvm_cpu', {
  /** 1: the hardware is enabled here */
  enabled: 'word',
  /** the virtual CPUs that are loaded here, a list */
  loaded: 'word',
  /** the one whose task runs here, 0: none */
  running: 'word',
})

export const KVM = struct('kvm', {
  /** kvm_count_lock */
  lock: 'lock',
  // guarded by lock
  /** virtual machines that exist: with the first, the hardware is enabled everywhere, with the last disabled */
  usage: 'word',
})
