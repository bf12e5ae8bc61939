// The option --load: which loads there are, what can be set of each, and reading a list of them.
import { Option } from 'commander'
import { KINDS } from '../../stress/loads/kinds.js'
import type { LoadFigure } from '../../stress/loads/loads.js'
import { type LoadSetting, parseLoads } from '../../stress/loads/setting.js'
import { counted, grouped, table } from './output.js'

/** What --load was given; 'help' when somebody wants to know what there is. */
export type LoadOption = readonly LoadSetting[] | 'help'

const EXAMPLE = 'irq-off:us=200,fifo:prio=50,tasks=2'

export function loadOption(): Option {
  return new Option(
    '--load <list>',
    `other ways to be busy, besides: 'all', or as in ${EXAMPLE}; 'help' lists them`,
  ).argParser((text: string, before: LoadOption | undefined): LoadOption => {
    if (text === 'help' || before === 'help') return 'help'
    return [...(before ?? []), ...parseLoads(text)]
  })
}

/** The loads that were asked for, each kind once: what was said of it last. */
export function loadsOf(load: LoadOption = []): LoadSetting[] {
  return load === 'help' ? [] : [...new Map(load.map((setting) => [setting.kind.name, setting])).values()]
}

/** Every load, and its parameters with their defaults. */
export function describeLoads(): string {
  const rows = KINDS.flatMap(({ name, says, parameters }) => [
    [name, '', says],
    ...Object.entries(parameters).map(([parameter, p]) => [
      `  ${parameter}`,
      String(p.default),
      `${p.says} (${p.min} to ${p.max})`,
    ]),
  ])
  const lines = [
    'Loads, and what can be set of each, with its default:',
    '',
    ...table(rows, [1]),
    '',
    `A list has commas in between: --load ${EXAMPLE}`,
    'All of them: --load all; all, and one of them other than usual: --load all,irq-off:us=500',
  ]
  return `${lines.join('\n')}\n`
}

/** What a load has done, in a line. */
export function describeLoad({ load, tasks, counts, wrong }: LoadFigure): string {
  const told = Object.entries(counts).map(([name, n]) => `${name} ${grouped(n)}`)
  return `load ${load}, ${counted(tasks, 'task')}: ${told.join(', ')}, wrong ${grouped(wrong)}`
}
