// A thread that drives CPUs.
import { runWorker } from '../src/machine/threads/worker.js'

runWorker((url) => import(url))
