// The memory of a deterministic machine: a plain one, unless somebody is to be told of plain reads and writes, or they go
// through store buffers.
import { UsageError } from '../../base/failure.js'
import type { MemoryConfig } from '../../memory/layout.js'
import { Memory } from '../../memory/memory.js'
import type { Observer } from './observer.js'
import type { StoreBuffers } from './store-buffers.js'

export function memoryFor(config: MemoryConfig, observer: Observer | null, buffers: StoreBuffers | null): Memory {
  if (observer !== null && buffers !== null) throw new UsageError('an observer needs the memory model sc')
  if (buffers !== null) return new BufferedMemory(config, buffers)
  return observer === null ? new Memory(config) : new ObservedMemory(config, observer)
}

/** Memory that tells an observer of plain accesses. */
class ObservedMemory extends Memory {
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

/**
 * Memory whose plain reads and writes go through the buffers of the CPU that makes them. Not those of times, which are in
 * two words, of trace rings, which nobody reads but the host, and of user memory, which programs write natively.
 */
class BufferedMemory extends Memory {
  private readonly buffers: StoreBuffers
  private readonly rings: number
  private readonly doorbells: number

  constructor(config: MemoryConfig, buffers: StoreBuffers) {
    super(config)
    this.buffers = buffers
    this.rings = this.layout.rings.base
    this.doorbells = this.layout.doorbells.base
  }

  override get(word: number): number {
    const { current } = this.buffers
    return current < 0 ? super.get(word) : this.buffers.seen(current, word, super.get(word))
  }

  override set(word: number, value: number): void {
    const { current } = this.buffers
    const isRing = word >= this.rings && word < this.doorbells
    if (current < 0 || isRing || word >= this.layout.user.base) super.set(word, value)
    else this.buffers.put(current, word, value, false)
  }
}
