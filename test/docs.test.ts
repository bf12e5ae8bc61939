// What the documentation says a user can type, typed.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { cantMount, hasTool } from './support/mounting.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const cli = join(root, 'dist/src/cli/main.js')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** Programs of the documentation run inside the package, so that they find it by its name. */
const scratch = mkdtempSync(join(root, 'test/tmp-docs-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function blocks(document: string, language: string): string[] {
  return [...read(document).matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map((match) => match[1])
}

async function runProgram(name: string, text: string): Promise<string> {
  const file = join(scratch, name)
  writeFileSync(file, text)
  return (await run(process.execPath, [file], { cwd: root, timeout: 30_000 })).stdout
}

/** Output with everything that differs from run to run taken out. */
function shape(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/digest [0-9a-f]{8}/, 'digest H')
        .replace(/[\d,.]+ (ns|us|ms|s)\b/g, 'T')
        .replace(/\d[\d,.]*/g, 'N')
        .replace(/\s+/g, ' '),
    )
}

/** The lines of a verdict by what they are about: lists in them differ in length from run to run, and some come only at times. */
function outline(text: string): string[] {
  const now = /^(during host stalls|the host stood still)/
  return shape(text)
    .filter((line) => !now.test(line))
    .map((line) => line.replace(/^(N requests|N migrations|victims with a runnable task|host):?.*$/, '$1'))
}

describe('the README', () => {
  const commands = [...read('README.md').matchAll(/^ {4}npx cpuhp (.*?)(?: +#.*)?$/gm)].map((match) => match[1])

  test('shows commands', () => {
    expect(commands.length).toBeGreaterThanOrEqual(3)
  })

  test.each(commands)('cpuhp %s works', async (command) => {
    const { stdout } = await run(process.execPath, [cli, ...command.split(' ')], { cwd: root, timeout: 55_000 })
    expect(stdout).not.toBe('')
  })

  test('shows what npm start prints', async () => {
    const shown = /<!-- start-output -->\n+(.*?)\n+<!-- \/start-output -->/s.exec(read('README.md'))?.[1] ?? ''
    const { stdout } = await run(process.execPath, [cli, 'stress', '--duration', '1500ms'], { timeout: 55_000 })
    expect(outline(stdout)).toEqual(outline(shown.replaceAll('```', '')))
  })

  test('has a program that runs', async () => {
    const [program] = blocks('README.md', 'js')
    expect(await runProgram('readme.mjs', `${program}\nconsole.log('done')`)).toBe('done\n')
  })
})

/** Output of commands: times and pids change with every change of the kernel, and columns with them. */
const masked = (text: string): string => text.replace(/\d+\.\d+|\b\d\d+\b/g, 'N').replace(/ +/g, ' ')

describe.each(['README.md', 'docs/shell.md'])('the session of %s', (document) => {
  const [session] = blocks(document, 'console')
  const typed = [...session.matchAll(/^root@cpuhp:.*?# (.*)$/gm)].map(([, command]) => command)

  test.skipIf(process.platform === 'win32')('is what the shell says', () => {
    const command = `'${process.execPath}' '${cli}' shell --machine deterministic 2>&1`
    const { stdout, status } = spawnSync('sh', ['-c', command], { input: `${typed.join('\n')}\n`, encoding: 'utf8' })
    expect(masked(stdout)).toBe(masked(session.replace(/^root@cpuhp:.*\n/gm, '')))
    expect(status).toBe(0)
  })
})

describe('the commands of docs/mount.md', () => {
  const why = cantMount() ?? (hasTool('lscpu') ? null : 'no lscpu')
  const examples = blocks('docs/mount.md', 'console').map((block) => /^# cpuhp (.*)\n([\s\S]*)$/.exec(block)!)

  test.skipIf(why !== null).each(examples.map(([, command, said]) => [command!, said!]))('%s', (command, said) => {
    const line = `'${process.execPath}' '${cli}' ${command} 2>&1`
    const { stdout } = spawnSync('sh', ['-c', line], {
      encoding: 'utf8',
      timeout: 50_000,
      env: { ...process.env, LC_ALL: 'C' },
    })
    // The shell names itself before its line's number.
    const shape = (text: string): string => masked(text).replace(/^(?:sh: \d+|\S*sh: line \d+): /gm, 'sh: ')
    expect(shape(stdout)).toBe(shape(said))
  })

  test('are some', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3)
  })
})

test('the kernel module of the documentation does what is said of it', async () => {
  const [module, program] = blocks('docs/kernel-modules.md', 'js')
  writeFileSync(join(scratch, 'my-module.mjs'), module)
  const output = await runProgram(
    'modules.mjs',
    `import { Machine } from 'cpuhp'
${program}
console.log(await machine.run('hello', { cpu: 2, args: [5] }), await machine.run('pingAll', { cpu: 1 }), state)
await machine.shutdown()`,
  )
  expect(output).toBe('5 0 210\n')
})

test.each(documents)('every link of %s leads somewhere', (document) => {
  for (const [, target] of read(document).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
    if (/^https?:/.test(target)) continue
    expect(existsSync(resolve(root, dirname(document), target)), `${document}: ${target}`).toBe(true)
  }
})
