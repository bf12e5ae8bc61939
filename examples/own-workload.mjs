// A workload of one's own: the longest Collatz sequence among the first numbers. Run it on a machine with
//
//   npx cpuhp stress --workload examples/own-workload.mjs
//
// A task may go on in another worker thread after each step: everything it knows is in its process's memory.

/** Where the process keeps what, in words. */
const AT = { next: 0, best: 1, length: 2 }

function collatz(n) {
  let length = 1
  for (; n !== 1; length++) n = n % 2 === 0 ? n / 2 : 3 * n + 1
  return length
}

export default {
  name: 'collatz',
  description: 'the longest Collatz sequence among the first numbers',
  // About how long one unit, one number, takes: what it costs in virtual time.
  unitNs: 300,
  // Units that take about 200 ms.
  typicalWork: 500_000,
  bytes: () => 64,
  prepare() {},
  // Up to `budget` units; the answer is 0 for "the budget is used up", or a system call: task.done(), task.sleep(ns), ...
  step(task, budget) {
    const { words, work } = task.process
    const todo = Math.min(budget, work - words[AT.next])
    for (let i = 0; i < todo; i++) {
      const n = ++words[AT.next]
      const length = collatz(n)
      if (length > words[AT.length]) {
        words[AT.length] = length
        words[AT.best] = n
      }
    }
    task.used = todo
    return words[AT.next] === work ? task.done() : 0
  },
  result: ({ words }) => `${words[AT.best]}: ${words[AT.length]} steps`,
  // The same, without the machine.
  expected(work) {
    let best = 1
    let longest = 1
    for (let n = 2; n <= work; n++) {
      const length = collatz(n)
      if (length > longest) [best, longest] = [n, length]
    }
    return `${best}: ${longest} steps`
  },
}
