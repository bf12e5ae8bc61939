// How long an interprocessor interrupt is on its way: from the event of who sends it to that of who takes it.
//
// A vector that is pending already is not sent again, so what is measured is the first of those that are taken together.
// Interrupts of the timer and of devices have no sender, and are not measured.
import type { TraceEvent } from '../trace/ring.js'

const VECTORS = 32

export class InterruptReader {
  /** by CPU and vector: since when it is pending */
  private readonly pending = new Map<number, number>()

  /** The latency, ns, of the interrupt that is taken with this event; null for anything else. */
  take({ event, cpu, a, b, timeNs }: TraceEvent): number | null {
    if (event === 'ipi_raise') {
      const key = a * VECTORS + b
      if (!this.pending.has(key)) this.pending.set(key, timeNs)
    } else if (event === 'irq_entry') {
      const key = cpu * VECTORS + a
      const since = this.pending.get(key)
      this.pending.delete(key)
      if (since !== undefined) return Math.max(0, timeNs - since)
    }
    return null
  }

  forget(): void {
    this.pending.clear()
  }
}
