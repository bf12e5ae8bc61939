// What lies in shared memory of devices, of their interrupts, and of what their drivers keep.
import { struct } from '../struct.js'
import { CALL_SINGLE, COMPLETION, MUTEX } from '../structs.js'

/** What all interrupts of devices share. */
export const IRQ_DATA = struct('irq_data', {
  /** no irq is asked for or given back while a CPU comes or goes */
  sparseIrqLock: MUTEX,
  vectorLock: 'lock',
})

/** An interrupt of a device: of one queue of it. */
export const IRQ_DESC = struct('irq_desc', {
  lock: 'lock',
  // guarded by lock
  /** the handler's function and its argument; 0: nobody has asked for this interrupt */
  action: 'word',
  argument: 'word',
  /** IRQ_STATE bits */
  state: 'word',
  /** interrupts that have been handled, and those of them that nobody knew what to do with */
  handled: 'word',
  unhandled: 'word',
  // guarded by vector_lock: where it goes, and where it went until its move is complete
  cpu: 'word',
  vector: 'word',
  previousCpu: 'word',
  previousVector: 'word',
  /** 1: since it was moved none has come to where it goes now */
  moveInProgress: 'word',
})

/** The vectors of a CPU for interrupts of devices (Linux: vector_irq, and the CPU's part of the matrix). */
export const VECTOR_TABLE = struct('vector_table', {
  // guarded by vector_lock
  /** bits of vectors that are taken */
  allocated: 'word',
  /** bits of vectors that are to be freed: their interrupts have been moved away, and have come there */
  cleanup: 'word',
  /** for each the irq that comes by it; 0: none (vector.ts) */
  irq: [32],
})

/** What a CPU has of the network: the queues that it is to poll (Linux: softnet_data). Its own, with interrupts off. */
export const SOFTNET = struct('softnet_data', {
  head: 'word',
  tail: 'word',
})

/** A CPU's requests that its softirq is to complete (Linux: blk_cpu_done): a stack. */
export const BLK_DONE = struct('blk_cpu_done', {
  head: 'word',
})

/** A device. Its registers are written by the driver; what is not its own business stands in its queues. */
export const DEVICE = struct('device', {
  // set when the machine is laid out
  kind: 'word',
  firstQueue: 'word',
  queues: 'word',
  /** how many it may bring in all; 0: any number */
  limit: 'word',
  /** how long apart packets come; how long a request takes, ns */
  intervalNs: 'time',
  // registers
  /** 1: the driver is ready for it */
  up: 'word',
  /** counted on by the driver when it has submitted something */
  doorbell: 'line',
  /** a disk's driver: bits of the requests that are in use */
  tags: 'line',
})

/** A queue of a device, which has an interrupt of its own. What the device puts into its ring, the driver takes out. */
export const DEVICE_QUEUE = struct('device_queue', {
  // set when the machine is laid out
  device: 'word',
  // registers
  /** where its interrupt goes: CPU << 8 | vector */
  message: 'word',
  /** INTERRUPTS: whether the device may raise its interrupt, or is at it */
  interrupts: 'word',
  // the ring: the device counts the head on (release), the driver the tail
  head: 'line',
  /** a disk: what has been submitted, counted on by the driver (release) */
  submitted: 'word',
  // the driver's: of whoever has it scheduled (NAPI), or guarded by its lock
  tail: 'line',
  lock: 'lock',
  /** NAPI bits */
  napi: 'word',
  pollNext: 'word',
  /** packets that have been seen to, and of those the ones that did not come in order; requests that have been answered */
  processed: 'word',
  disorder: 'word',
  // the device's own
  /** what it has put into the ring, what it had no room for, and the interrupts that it has raised */
  brought: 'line',
  dropped: 'word',
  raised: 'word',
})

/** A request to a disk, from the task that makes it until that has its answer. */
export const IO_REQUEST = struct('request', {
  // of whoever has it: the task until it is submitted, then whoever completes it
  /** the CPU that it was submitted on */
  cpu: 'word',
  next: 'word',
  /** 1: submitted, and not completed yet */
  started: 'word',
  call: CALL_SINGLE,
  done: COMPLETION,
})
