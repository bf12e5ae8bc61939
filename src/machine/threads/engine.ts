export const ThreadsEngine = null as never
