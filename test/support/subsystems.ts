// test/golden/subsystems.txt: what a shell did on a real 6.1 and what it saw, carried out on a machine through its file tree.
// A line that is not understood is an error. What belongs to subsystems that have tests of their own is told to nobody.
import { expect } from 'vitest'
import { parseCpuList } from '#dist/src/base/cpulist.js'
import { errnoMessage } from '#dist/src/base/errno.js'
import { KernelError, Machine, type MachineOptions, type Task } from '#dist/src/index.js'
import { rejection } from './machines.js'

export interface Section {
  readonly title: string
  readonly lines: readonly string[]
}

/** The sections of the recording. */
export function sectionsOf(text: string): Section[] {
  const sections: { title: string; lines: string[] }[] = []
  for (const line of text.split('\n').slice(1)) {
    if (line.startsWith('# ')) sections.push({ title: line.slice(2), lines: [] })
    else if (line !== '') sections.at(-1)!.lines.push(line)
  }
  return sections
}

/** Sections whose machine was booted for them; all others went on with the one before. */
function bootOptions(title: string): Omit<MachineOptions, 'machine'> | null {
  const smt = /^SMT \((\d+) CPUs = \d+ cores x (\d+) threads\)$/.exec(title)
  if (smt !== null) return { cpus: Number(smt[1]), threadsPerCore: Number(smt[2]) }
  const isolated = /^isolcpus=(\S+): /.exec(title)
  if (isolated !== null) return { cpus: 4, isolated: isolated[1]! }
  return title.startsWith('affinity system call') ? { cpus: 4 } : null
}

/** Lines of interrupts: of the subsystem that has them. Its hotplug is carried out here all the same. */
const INTERRUPTS = /^\s+CPU0|^ *\w+: +\d|\/proc\/irq\/|^tick$|^set to offline CPU:$/
const SLEEPS = new URL('../fixtures/sleeps.mjs', import.meta.url)

/** Who carries the lines out. */
export class Reader {
  private machine: Machine | null = null
  private readonly boot: Partial<MachineOptions>
  /** tasks that `task:` lines are about, in their order; the recorded pids of those that have been named */
  private shown: Task[] = []
  private readonly recorded = new Map<number, Task>()
  private readonly running: Task[] = []
  private next = 0
  /** the sentence before a `setaffinity:` line */
  private sentence = ''

  constructor(boot: Partial<MachineOptions>) {
    this.boot = boot
  }

  async read({ title, lines }: Section): Promise<void> {
    const options = bootOptions(title)
    if (options !== null) {
      await this.end()
      const room = { tasks: 8, workloads: [SLEEPS] }
      this.machine = await Machine.boot({ ...options, ...room, ...this.boot } as MachineOptions)
    }
    if (title.startsWith('kernel log')) return this.compareLog(lines)
    // A section's tasks end with it; those of the machine before have.
    for (const task of this.running.splice(0)) {
      const over = rejection(task.result)
      await task.kill()
      await over
    }
    this.next = 0
    this.shown = await this.tasksOf(title)
    for (const [n, line] of lines.entries()) {
      if (title === 'interrupt affinity' && INTERRUPTS.test(line)) continue
      try {
        await this.carryOut(line, lines[n + 1] ?? '')
      } catch (error) {
        if (error instanceof Error) error.message = `# ${title}: ${line}\n${error.message}`
        throw error
      }
    }
  }

  async end(): Promise<void> {
    this.running.length = 0
    await this.machine?.shutdown()
    this.machine = null
  }

  private async spawn(workload: string, affinity?: string): Promise<Task> {
    const place = affinity === undefined ? {} : { affinity }
    const task = await this.machine!.spawn({ workload, name: 'sh', work: 2 ** 31 - 1, ...place })
    this.running.push(task)
    return task
  }

  private async tasksOf(title: string): Promise<Task[]> {
    if (title.startsWith('affinity system call')) return [await this.spawn('sieve')]
    const pinned = title.startsWith('sleeping task pinned')
    if (!pinned) return []
    const task = await this.spawn('sleeps', '3')
    // It has to fall asleep.
    await this.machine!.sleep(20e6)
    return [task]
  }

  private async carryOut(line: string, following: string): Promise<void> {
    const before = this.next
    this.next = 0
    let match = /^\$ echo (\S+) > (\S+) : (.+)$/.exec(line)
    if (match !== null) return await this.write(match[1]!, match[2]!, match[3]!)
    match = /^(\/\S+) = (.*)$/.exec(line)
    if (match !== null) {
      const path = await this.pathOf(match[1]!)
      expect(this.machine!.files.read(path).trim()).toBe(match[2]!.trim())
      return
    }
    match = /^task: (.*)$/.exec(line)
    if (match !== null) {
      this.next = before + 1
      return this.compareTask(this.shown[before]!.pids[0]!, match[1]!)
    }
    match = /^(\w+\/\d+): (.*)$/.exec(line)
    if (match !== null) return this.compareTask(this.threadNamed(match[1]!), match[2]!)
    match = /^setaffinity: (\w+)$/.exec(line)
    if (match !== null) return await this.setAffinity(match[1]!, following)
    if (!line.endsWith(':')) throw new Error('this line is not understood')
    this.sentence = line
    match = /^task in (\w+) /.exec(line)
    if (match !== null) this.shown = this.shown.filter((task) => this.groupOf(task) === `/${match![1]}`)
  }

  private groupOf(task: Task): string {
    return this.machine!.files.read(`/proc/${task.pids[0]}/cgroup`).trim().replace('0::', '')
  }

  private async write(text: string, file: string, answer: string): Promise<void> {
    const path = await this.pathOf(file)
    let written = text
    if (path.endsWith('/cgroup.procs')) {
      const task = await this.spawn('sieve')
      this.recorded.set(Number(text), task)
      this.shown.push(task)
      written = String(task.pids[0])
    }
    const write = this.machine!.files.write(path, `${written}\n`)
    if (answer === 'ok') return await write
    const error = await rejection(write)
    if (!(error instanceof KernelError)) throw error
    expect(errnoMessage(error.code)).toBe(answer)
  }

  /** The file here. The recording does not tell of its mkdirs: a group is there when it is first named. */
  private async pathOf(file: string): Promise<string> {
    const named = file.replace(/^\/proc\/(\d+)\//, (_, pid) => `/proc/${this.recorded.get(Number(pid))!.pids[0]}/`)
    if (!named.startsWith('/cg/')) return named
    const path = named.replace('/cg', '/sys/fs/cgroup')
    const groups = path.split('/').slice(4, -1)
    for (let n = 1; n <= groups.length; n++) {
      const above = ['/sys/fs/cgroup', ...groups.slice(0, n - 1)].join('/')
      if (!this.machine!.files.list(above).includes(groups[n - 1]!))
        await this.machine!.files.mkdir(`${above}/${groups[n - 1]}`)
    }
    return path
  }

  private threadNamed(comm: string): number {
    const { files } = this.machine!
    const pids = files.list('/proc').filter((name) => /^\d+$/.test(name))
    return Number(pids.find((pid) => files.read(`/proc/${pid}/comm`) === `${comm}\n`))
  }

  /** 'allowed=2-3 cpu=3 state=R'. Which of several CPUs a task is on is the balancer's choice, there and here. */
  private compareTask(pid: number, text: string): void {
    const [, allowed, cpu, state] = /^allowed=(\S+) cpu=(\d+) state=(\w)$/.exec(text)!
    const status = this.machine!.files.read(`/proc/${pid}/status`)
    expect(/^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1]).toBe(allowed)
    expect(/^State:\t(\w)/m.exec(status)?.[1]).toBe(state)
    const on = Number(this.machine!.files.read(`/proc/${pid}/stat`).split(' ')[38])
    expect(parseCpuList(allowed!, 4)).toContain(on)
    expect(parseCpuList(allowed!, 4)).toContain(Number(cpu))
  }

  /** What was asked for stands in the sentence before, or else in what came of it. */
  private async setAffinity(answer: string, following: string): Promise<void> {
    const asked = /(?:to|cpu|nonexistent) ?(\d[\d,]*)/.exec(this.sentence.replace(/^.*pins itself/, ''))?.[1]
    const cpus = asked ?? /^task: allowed=(\S+)/.exec(following)![1]!
    this.sentence = ''
    const call = this.shown[0]!.setAffinity(cpus)
    if (answer === 'ok') return await call
    expect(await rejection(call)).toMatchObject({ code: answer })
  }

  /** The lines that tell of CPUs and processes, as sets between one offline and the next. */
  private compareLog(lines: readonly string[]): void {
    const here = this.machine!.log.map(({ text }) => text).filter((text) =>
      /no longer affine|is now offline/.test(text),
    )
    const recorded = new Map([...this.recorded].map(([pid, task]) => [task.pids[0]!, pid]))
    const rename = (text: string): string =>
      text.replace(/process (\d+)/, (_, pid) => `process ${recorded.get(Number(pid)) ?? 'first'}`)
    const there = lines.map((text) =>
      text.replace(/process (\d+)/, (_, pid) => `process ${this.recorded.has(Number(pid)) ? pid : 'first'}`),
    )
    // A task of a cpuset may be told of its new CPUs before it is pushed away: then it needs no fallback.
    const told = (text: string): boolean => [...this.recorded.keys()].some((pid) => text.startsWith(`process ${pid} `))
    const [found, expected] = [partsOf(here.map(rename)), partsOf(there)]
    expect(found.map((part) => part.filter((text) => !told(text)))).toEqual(
      expected.map((part) => part.filter((text) => !told(text))),
    )
    for (const [n, part] of found.entries()) expect(expected[n]).toEqual(expect.arrayContaining(part))
  }
}

/** Lines up to each offline, in order of the alphabet. */
function partsOf(lines: readonly string[]): string[][] {
  const parts: string[][] = [[]]
  for (const line of lines) {
    parts.at(-1)!.push(line)
    if (line.endsWith('is now offline')) parts.push([])
  }
  return parts.map((part) => part.sort())
}
