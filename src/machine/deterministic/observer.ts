// Observers: who is told of everything that CPUs do to memory, plain reads and writes included, and of what orders it.
//
// A machine without one pays nothing for plain accesses: only one with an observer has a memory that tells of them.

import type { Operation } from '../../ops/operation.js'

/** Who is told when kernel code runs: what is read and written from `enter` to `leave` is that CPU's doing. */
export interface Bystander {
  enter(cpu: number): void
  leave(): void
}

export interface Observer extends Bystander {
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
