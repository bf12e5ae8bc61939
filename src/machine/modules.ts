// Loading kernel modules.
import { UsageError } from '../base/failure.js'
import type { KernelModule } from '../kernel/module.js'

/** Imports kernel modules; each must export `functions`. */
export async function loadModules(urls: readonly string[]): Promise<KernelModule[]> {
  const modules: KernelModule[] = []
  for (const url of urls) {
    const module = await importModule(url)
    const { functions } = module
    const wellFormed = typeof functions === 'object' && Object.values(functions).every((f) => typeof f === 'function')
    if (!wellFormed)
      throw new UsageError(`${url} is no kernel module: it must export 'functions', an object of functions`)
    modules.push({ functions: functions! })
  }
  return modules
}

async function importModule(url: string): Promise<Partial<KernelModule>> {
  try {
    return await import(url)
  } catch (error) {
    throw new UsageError(
      `${url} can't be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    )
  }
}
