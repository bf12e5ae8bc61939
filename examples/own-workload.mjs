// A workload of one's own: Collatz sequences of the first numbers, the longest and all of them. Run it on a machine with
//
//   npx cpuhp stress --workload examples/own-workload.mjs
//
// A task may go on in another worker thread after each step: everything it knows is in its process's memory.

/** Where the process keeps what, in words. */
const AT = { next: 0, best: 1, length: 2, sum: 3 }

function collatz(n) {
  let length = 1
  for (; n !== 1; length++) n = n % 2 === 0 ? n / 2 : 3 * n + 1
  return length
}

export default {
  name: 'collatz',
  description: 'Collatz sequences of the first numbers: the longest, and a sum',
  // About how long one unit, one number, takes: what it costs in virtual time.
  unitNs: 1_200,
  // Units that take about 200 ms.
  typicalWork: 200_000,
  bytes: () => 64,
  prepare() {},
  // Up to `budget` units; the answer is 0 for "the budget is used up", or a system call: task.done(), task.sleep(ns), ...
  step(task, budget) {
    const { words, work } = task.process
    const todo = Math.min(budget, work - words[AT.next])
    for (let i = 0; i < todo; i++) {
      const n = ++words[AT.next]
      const length = collatz(n)
      words[AT.sum] += length
      if (length > words[AT.length]) {
        words[AT.length] = length
        words[AT.best] = n
      }
    }
    task.used = todo
    return words[AT.next] === work ? task.done() : 0
  },
  // The sum tells of every unit: one that is lost, or done twice, changes it.
  result: ({ words }) => `${words[AT.best]}: ${words[AT.length]} steps, sum ${words[AT.sum]}`,
  // The same, without the machine, and by another way: lengths that are known already are looked up.
  expected(work) {
    const lengths = new Int32Array(work + 1)
    let [best, longest, sum] = [1, 0, 0]
    for (let first = 1; first <= work; first++) {
      let n = first
      let steps = 1
      for (; n !== 1 && n >= first; steps++) n = n % 2 === 0 ? n / 2 : 3 * n + 1
      lengths[first] = n === 1 ? steps : steps - 1 + lengths[n]
      if (lengths[first] > longest) [best, longest] = [first, lengths[first]]
      sum = (sum + lengths[first]) | 0
    }
    return `${best}: ${longest} steps, sum ${sum}`
  },
}
