// A worker thread, from its start to its end. It waits in its event loop, where comlink reaches it, until one of its CPUs is
// powered on.
import { parentPort } from 'node:worker_threads'
import { type Endpoint, expose } from 'comlink'
import { UsageError } from '../../base/failure.js'
import { buildFunctions } from '../../kernel/functions.js'
import { Memory } from '../../memory/memory.js'
import { DOORBELL, GLOBAL } from '../../memory/structs.js'
import type { Services } from '../../ops/cpu.js'
import { memoryConfigOf } from '../engine.js'
import { type Import, loadModules, loadWorkloads } from '../modules.js'
import { Programs, vacatedBelow } from '../programs.js'
import type { PanicCause } from '../report.js'
import { hrtimeNs } from './clock.js'
import { Driver } from './driver.js'
import { LogRing } from './log-ring.js'
import { MACHINE_STATE, type WorkerConfig, type WorkerControl, type WorkerMessage } from './messages.js'
import { ringAll, ringHost } from './shared.js'

function send(message: WorkerMessage): void {
  parentPort!.postMessage(message)
}

/** The thread's whole life: it is configured, waits for power, runs, and leaves. */
export function runWorker(load: Import): void {
  let driver: Driver | null = null
  const control: WorkerControl = {
    async configure(given) {
      try {
        driver = await makeDriver(given, load)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        // Once the answer is on its way nobody calls any more, and no bell is heard: the thread ends by itself.
        setImmediate(() => parentPort!.close())
        return { ok: false, message, usage: error instanceof UsageError }
      }
      // From here on who powers a CPU on rings. The answer goes out first: a thread that runs sends none.
      driver.expectPower()
      setImmediate(live, driver, given)
      return { ok: true }
    },
    inspect: () => ({ states: driver?.states() ?? [], heapBytes: process.memoryUsage().heapUsed }),
  }
  expose(control, parentPort as unknown as Endpoint)
}

async function makeDriver(given: WorkerConfig, load: Import): Promise<Driver> {
  const { buffer, config, worker, workers, epochNs, cores } = given
  const log = new LogRing(given.log)
  const memory = new Memory(memoryConfigOf(config, workers), buffer)
  const functions = buildFunctions(config.profile, await loadModules(config.modules, load))
  const workloads = await loadWorkloads(config.workloads, load)
  const programs = new Programs(memory, workloads, vacatedBelow(memory, functions), (program, text) => {
    send({ type: 'fault', program, message: text })
  })
  const unitNs = Float64Array.from(workloads, (workload) => workload.unitNs)
  const services = makeServices(memory, log, epochNs)
  return new Driver(memory, functions, worker, cores, services, log, new Set(config.bugs), programs, unitNs)
}

async function live(driver: Driver, { worker }: WorkerConfig): Promise<void> {
  const { memory } = driver
  await powerOn(memory, worker)
  try {
    driver.run()
  } catch (error) {
    panic(memory, driver.current, driver.causeOf(error))
  }
  send({ type: 'left', states: driver.states(), counters: driver.counters() })
  // Nobody calls any more: without its port nothing keeps the thread.
  parentPort!.close()
}

/** Resolves when the doorbell is rung for the first time: by the host for the boot CPU, by a bring-up for others. */
async function powerOn(memory: Memory, worker: number): Promise<void> {
  const bell = memory.doorbell(worker)
  const parked = bell - DOORBELL.bell + DOORBELL.parked
  Atomics.store(memory.words, parked, 1)
  const rung = Atomics.waitAsync(memory.words, bell, 0)
  if (!rung.async) {
    Atomics.store(memory.words, parked, 0)
    return
  }
  // Waiting for a word does not keep a thread alive.
  const alive = setInterval(() => {}, 1 << 30)
  await rung.value
  clearInterval(alive)
  Atomics.store(memory.words, parked, 0)
}

function panic(memory: Memory, cpu: number, cause: PanicCause): void {
  const machineState = memory.global + GLOBAL.machineState
  const first = Atomics.compareExchange(memory.words, machineState, MACHINE_STATE.running, MACHINE_STATE.panicked)
  if (first === MACHINE_STATE.running) send({ type: 'panic', cpu, cause })
  ringHost(memory)
  ringAll(memory)
}

function makeServices(memory: Memory, log: LogRing, epochNs: number): Services {
  const { words } = memory
  const ticket = memory.global + GLOBAL.ticket
  const now = (): number => hrtimeNs() - epochNs
  return {
    ticket: () => Atomics.add(words, ticket, 1),
    now,
    publish: (word, value) => {
      Atomics.store(words, word, value)
    },
    printk: (cpu, level, text) => log.write(cpu, now(), level, text),
    uevent: (cpu, action, subject) => log.writeUevent(cpu, now(), action, subject),
  }
}
