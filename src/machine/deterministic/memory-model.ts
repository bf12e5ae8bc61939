// Memory models: in which order other CPUs see what a CPU stores.
//
//   sc    at once: all operations are in one order
//   tso   in its own order, later: x86, SPARC
//   pso   those to one word in its own order, all others in any order, but where a release or a fence says otherwise
export const MEMORY_MODELS = ['sc', 'tso', 'pso'] as const
export type MemoryModel = (typeof MEMORY_MODELS)[number]
