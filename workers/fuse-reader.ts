// A thread that reads the requests of a mount.
import { parentPort, workerData } from 'node:worker_threads'
import { readDevice } from '../src/fuse/reader.js'

readDevice((workerData as { readonly device: number }).device, parentPort!)
