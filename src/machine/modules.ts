// Loading kernel modules, and users' workloads.
import { UsageError } from '../base/failure.js'
import type { KernelModule } from '../kernel/module.js'
import { workloadOf } from '../workloads/check.js'
import { BUILT_IN } from '../workloads/table.js'
import type { Workload } from '../workloads/workload.js'

/** `import`, or what stands for it in a worker whose code is one file (workers/start.ts). */
export type Import = (url: string) => Promise<Record<string, unknown>>

const here: Import = (url) => import(url)

/** Imports kernel modules; each must export `functions`. */
export async function loadModules(urls: readonly string[], load: Import = here): Promise<KernelModule[]> {
  const modules: KernelModule[] = []
  for (const url of urls) {
    const module: Partial<KernelModule> = await importModule(url, load)
    const { functions } = module
    const wellFormed = typeof functions === 'object' && Object.values(functions).every((f) => typeof f === 'function')
    if (!wellFormed)
      throw new UsageError(`${url} is no kernel module: it must export 'functions', an object of functions`)
    modules.push({ functions: functions! })
  }
  return modules
}

async function importModule(url: string, load: Import): Promise<Record<string, unknown>> {
  try {
    return await load(url)
  } catch (error) {
    throw new UsageError(
      `${url} can't be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    )
  }
}

/** The built-in workloads, then those of users, which have been looked at when they were named (workloads/load.ts). */
export async function loadWorkloads(urls: readonly string[], load: Import = here): Promise<Workload[]> {
  const own = await Promise.all(urls.map(async (url) => workloadOf(await importModule(url, load), url)))
  return [...BUILT_IN, ...own]
}
