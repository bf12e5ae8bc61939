// Data races that are meant: what Linux wraps in data_race(). One side of each is a marked access: mostly it looks at a word
// which its owner changes plainly, under a lock that whoever looks does not take. Two plain accesses are a race on these words
// as well.

interface Intended {
  /** the word without numbers */
  readonly word: string
  readonly why: string
}

export const INTENDED: readonly Intended[] = [
  {
    word: 'task[#].sleepTimer.queued',
    why:
      'whether there is a timer to disarm, looked at by the one task that ever arms it: at worst it takes the lock of the base ' +
      'for nothing.',
  },
  {
    word: 'rq[#].running',
    why:
      'how busy another CPU is: a hint for placing and balancing tasks, out of date as soon as it is read. Whoever moves a ' +
      'task because of it takes the locks first, and looks again.',
  },
  {
    word: 'rcu_data[#].callbacks',
    why:
      'how many callbacks another CPU has: rcu_barrier asks those that have any. Callbacks that it has to wait for were queued ' +
      'before, in an order that it knows of; what it may miss need not be waited for.',
  },
  {
    word: 'cpu_online_mask[#]',
    why:
      'whether the CPU itself is online, looked at in an interrupt for a warning: nobody else changes its own bit while it runs, ' +
      'and the others of the word are not looked at.',
  },
]

/** Whether a marked access of that word need not be ordered with plain ones; `name` as Layout.describe says it. */
export function isIntended(name: string): boolean {
  const blurred = name.replace(/\d+/g, '#')
  return INTENDED.some(({ word }) => word === blurred)
}
