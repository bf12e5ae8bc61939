// A worker of a campaign: carries out one task after the other, and says which schedule it is at.
import type { MessagePort } from 'node:worker_threads'
import type { Answer, Task } from '../src/campaign/task.js'
import { work } from '../src/campaign/work.js'

export default async function run({ task, port }: { task: Task; port: MessagePort }): Promise<Answer> {
  try {
    return await work(task, (number) => port.postMessage(number))
  } finally {
    port.close()
  }
}
