// Data races that are meant: what Linux wraps in data_race(). Each is a marked access that looks at a word which its owner
// changes plainly, under a lock that whoever looks does not take. Two plain accesses are a race on these words as well.

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
]

/** Whether a marked access of that word need not be ordered with plain ones; `name` as Layout.describe says it. */
export function isIntended(name: string): boolean {
  const blurred = name.replace(/\d+/g, '#')
  return INTENDED.some(({ word }) => word === blurred)
}
