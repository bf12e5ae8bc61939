// Observers: who is told of everything that CPUs do to memory, plain reads and writes included, and of what orders it.
//
// A machine without one pays nothing for plain accesses: only one with an observer has a memory that tells of them.

import type { MemoryConfig } from '../../memory/layout.js'
import { Memory } from '../../memory/memory.js'
import type { Operation } from '../../ops/operation.js'

export interface Observer {
  /** The CPU goes on in the kernel: what is read and written until `leave` is its doing. Else it is the host's, or a program's. */
  enter(cpu: number): void
  leave(): void
  /** It is about to carry out this operation; whether a compareExchange fails can be seen in memory. */
  operation(cpu: number, operation: Readonly<Operation>): void
  /** It takes an interrupt: before its handler begins. */
  interrupt(cpu: number, vector: number): void
  /** The host has raised an interrupt, or reads or writes a word that CPUs use. */
  hostRaise(cpu: number, vector: number): void
  hostLoad(word: number): void
  hostStore(word: number): void
  /** A plain access of whoever goes on. */
  read(word: number): void
  write(word: number): void
}

/** Memory that tells an observer of plain accesses. */
export class ObservedMemory extends Memory {
  private readonly observer: Observer

  constructor(config: MemoryConfig, observer: Observer) {
    super(config)
    this.observer = observer
  }

  override get(word: number): number {
    this.observer.read(word)
    return super.get(word)
  }

  override set(word: number, value: number): void {
    this.observer.write(word)
    super.set(word, value)
  }

  override getTime(word: number): number {
    this.observer.read(word)
    return super.getTime(word)
  }

  override setTime(word: number, value: number): void {
    this.observer.write(word)
    super.setTime(word, value)
  }
}
