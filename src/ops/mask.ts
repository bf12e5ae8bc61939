// CPU masks in shared memory. A mask's words are changed by atomic operations and read one by one.
import type { Memory } from '../memory/memory.js'
import type { Cpu } from './cpu.js'
import { full, type Operation, relaxed } from './operation.js'

export function maskWord(mask: number, cpu: number): number {
  return mask + (cpu >> 5)
}

export function setBit(cpu: Cpu, mask: number, bit: number, place: string): Operation {
  return cpu.or(maskWord(mask, bit), 1 << (bit & 31), full, place)
}

export function clearBit(cpu: Cpu, mask: number, bit: number, place: string): Operation {
  return cpu.and(maskWord(mask, bit), ~(1 << (bit & 31)), full, place)
}

/** To be tested with hasBit. */
export function loadBit(cpu: Cpu, mask: number, bit: number, place: string): Operation {
  return cpu.load(maskWord(mask, bit), relaxed, place)
}

export function hasBit(word: number, bit: number): boolean {
  return ((word >>> (bit & 31)) & 1) === 1
}

/** A mask's bit where the caller holds what guards the mask, or looks from outside. */
export function testBit(memory: Memory, mask: number, bit: number): boolean {
  return hasBit(memory.get(maskWord(mask, bit)), bit)
}

/** The CPUs of a mask, ascending. */
export function* bitsOf(memory: Memory, mask: number): Generator<number, void, undefined> {
  for (let w = 0; w < memory.layout.maskWords; w++) {
    for (let rest = memory.get(mask + w); rest !== 0; rest &= rest - 1) yield w * 32 + (31 - Math.clz32(rest & -rest))
  }
}
