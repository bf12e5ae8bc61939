// The load of virtual machines: each task is a virtual CPU of a machine of its own, that is made, runs, and ends.

import { changeUsage } from '../kvm/hardware.js'
import { clearLoaded, vcpuLoad, vcpuPut } from '../kvm/vcpu.js'
import { KVM_CPU, VCPU } from '../memory/structs/kvm.js'
import { TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, type Kernel } from '../ops/operation.js'
import { RESTART } from '../sched/task.js'
import { prepareToSleep } from '../time/sleep.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound, spin } from './round.js'

export const GUESTS = { made: COUNT.own, entered: COUNT.own + 1, ended: COUNT.own + 2 } as const
const PHASE = { between: 0, makes: 1, halted: 2, ends: 3 } as const

/** Makes its virtual machine if there is none, enters the guest, sleeps as a guest that has halted, and enters it again. */
export function* kvm(cpu: Cpu, thread: number, index: number): Kernel<number> {
  const { memory, task } = cpu
  const vcpu = memory.vcpu(index)
  const phase = task + TASK.phase
  if (memory.get(phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    memory.set(phase, memory.get(vcpu + VCPU.open) === 1 ? PHASE.halted : PHASE.makes)
    if (memory.get(phase) === PHASE.halted) return yield* run(cpu, thread, vcpu)
  }
  if (memory.get(phase) === PHASE.makes) {
    if ((yield* changeUsage(cpu, 1)) === RESTART) return RESTART
    memory.set(vcpu + VCPU.open, 1)
    memory.set(vcpu + VCPU.left, argumentOf(cpu, thread, ARGUMENT.own))
    yield count(cpu, thread, GUESTS.made, 'load_kvm:made')
    return yield* run(cpu, thread, vcpu)
  }
  if (memory.get(phase) === PHASE.halted) {
    yield* enterGuest(cpu, thread, vcpu)
    vcpuPut(cpu)
    memory.set(vcpu + VCPU.left, memory.get(vcpu + VCPU.left) - 1)
    if (memory.get(vcpu + VCPU.left) > 0) return yield* endRound(cpu, thread)
    memory.set(phase, PHASE.ends)
  }
  if ((yield* endMachine(cpu, thread, vcpu)) === RESTART) return RESTART
  return yield* endRound(cpu, thread)
}

/** Loads it, enters the guest, and sleeps: it stays loaded, and where the task wakes the scheduler has it loaded. */
function* run(cpu: Cpu, thread: number, vcpu: number): Kernel<number> {
  cpu.memory.set(cpu.task + TASK.phase, PHASE.halted)
  yield* vcpuLoad(cpu, vcpu)
  yield* enterGuest(cpu, thread, vcpu)
  yield* prepareToSleep(cpu, 20_000)
  return RESTART
}

/** The guest runs: interrupts get through to the host, but its task is not switched meanwhile. */
function* enterGuest(cpu: Cpu, thread: number, vcpu: number): Kernel<void> {
  const { memory } = cpu
  cpu.preemptDisable()
  const own = memory.kvmCpu(cpu.id)
  bugOn(memory.get(own + KVM_CPU.enabled) === 0, 'kvm_spurious_fault', `virtualisation is off on CPU ${cpu.id}`)
  const here = (yield cpu.load(vcpu + VCPU.cpu, acquire, 'vcpu_enter_guest:cpu')) === cpu.id + 1
  if (!here || memory.get(own + KVM_CPU.running) !== vcpu) yield count(cpu, thread, COUNT.wrong, 'load_kvm:not_loaded')
  yield* spin(cpu, argumentOf(cpu, thread, ARGUMENT.us), 'vcpu_enter_guest')
  yield count(cpu, thread, GUESTS.entered, 'load_kvm:entered')
  cpu.preemptEnable()
}

function* endMachine(cpu: Cpu, thread: number, vcpu: number): Kernel<number> {
  if (cpu.memory.get(vcpu + VCPU.open) === 0) return 0
  yield* clearLoaded(cpu, vcpu)
  if ((yield* changeUsage(cpu, -1)) === RESTART) return RESTART
  cpu.memory.set(vcpu + VCPU.open, 0)
  yield count(cpu, thread, GUESTS.ended, 'load_kvm:ended')
  return 0
}

export function* kvmEnd(cpu: Cpu, thread: number, index: number): Kernel<number> {
  return yield* endMachine(cpu, thread, cpu.memory.vcpu(index))
}
