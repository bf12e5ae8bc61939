// CPU masks of interrupts, where a lock holds both of them still.
import type { Memory } from '../memory/memory.js'

export function copyMask(memory: Memory, to: number, from: number): void {
  for (let w = 0; w < memory.layout.maskWords; w++) memory.set(to + w, memory.get(from + w))
}

export function intersects(memory: Memory, one: number, other: number): boolean {
  for (let w = 0; w < memory.layout.maskWords; w++) if ((memory.get(one + w) & memory.get(other + w)) !== 0) return true
  return false
}

/** The mask of one CPU alone. */
export function setOnly(memory: Memory, mask: number, cpu: number): void {
  for (let w = 0; w < memory.layout.maskWords; w++) memory.set(mask + w, w === cpu >> 5 ? 1 << (cpu & 31) : 0)
}
