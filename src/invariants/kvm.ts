// Virtual machines: virtualisation is enabled where it must be, and a virtual CPU is loaded in one place.
import { KVM, KVM_CPU, VCPU } from '../memory/structs/kvm.js'
import { TASK } from '../memory/structs.js'
import { testBit } from '../ops/mask.js'
import { cpusOf, type Findings, type Invariant, nameOf, type World } from './invariant.js'

function* enabled({ memory }: World): Findings {
  const usage = memory.get(memory.kvm + KVM.usage)
  for (const cpu of cpusOf(memory)) {
    const is = memory.get(memory.kvmCpu(cpu) + KVM_CPU.enabled) === 1
    const must = usage > 0 && testBit(memory, memory.online, cpu)
    if (is !== must) {
      yield `virtualisation is ${is ? 'on' : 'off'} on CPU ${cpu}, with ${usage} virtual machines`
    }
  }
}

function* loaded({ memory }: World): Findings {
  const places = new Map<number, number>()
  const { count } = memory.layout.vcpus
  for (const cpu of cpusOf(memory)) {
    const own = memory.kvmCpu(cpu)
    let length = 0
    for (let vcpu = memory.get(own + KVM_CPU.loaded); vcpu !== 0; vcpu = memory.get(vcpu + VCPU.next)) {
      if (++length > count) {
        yield `the list of what is loaded on CPU ${cpu} has no end`
        break
      }
      const other = places.get(vcpu)
      if (other !== undefined) yield `a virtual CPU is loaded on CPU ${other} and CPU ${cpu}`
      places.set(vcpu, cpu)
      const says = memory.get(vcpu + VCPU.cpu) - 1
      if (says !== cpu)
        yield `a virtual CPU is loaded on CPU ${cpu}, and says it is on ${says < 0 ? 'none' : `CPU ${says}`}`
    }
    if (length > 0 && memory.get(own + KVM_CPU.enabled) === 0) {
      yield `${length} virtual CPUs are loaded on CPU ${cpu}, where virtualisation is off`
    }
    yield* running(cpu, memory)
  }
  for (let index = 0; index < count; index++) {
    const vcpu = memory.vcpu(index)
    const cpu = memory.get(vcpu + VCPU.cpu) - 1
    if (cpu >= 0 && !places.has(vcpu))
      yield `a virtual CPU says that it is loaded on CPU ${cpu}, which knows nothing of it`
  }
}

/** The one that runs on a CPU is loaded there, and its task is the current one, or has just been switched to or from. */
function* running(cpu: number, memory: World['memory']): Findings {
  const vcpu = memory.get(memory.kvmCpu(cpu) + KVM_CPU.running)
  if (vcpu === 0) return
  if (memory.get(vcpu + VCPU.cpu) !== cpu + 1) yield `a virtual CPU runs on CPU ${cpu} and is not loaded there`
  const owner = findOwner(memory, vcpu)
  const where = owner === 0 ? -1 : memory.get(owner + TASK.cpu)
  if (where !== cpu) yield `a virtual CPU runs on CPU ${cpu}, its task ${nameOf(memory, owner)} does not`
}

function findOwner(memory: World['memory'], vcpu: number): number {
  for (let index = 0; index < memory.layout.taskCount; index++) {
    if (memory.get(memory.task(index) + TASK.preemptNotifier) === vcpu) return memory.task(index)
  }
  return 0
}

export const KVM_INVARIANTS: readonly Invariant[] = [
  {
    name: 'virtualisation-enabled',
    says: 'with virtual machines about, virtualisation is on where CPUs are online, and nowhere else',
    check: enabled,
  },
  {
    name: 'vcpus-loaded-once',
    says: 'a virtual CPU is loaded on one CPU at most, where virtualisation is on',
    check: loaded,
  },
]
