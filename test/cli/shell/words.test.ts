import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Incomplete, parse, ShellSyntaxError, textOf } from '#dist/src/cli/shell/words.js'

/** A job in short: its pipelines with what joins them, redirections as '>file'. */
function outline(text: string): string[] {
  return parse(text).map(({ pipelines, background }) => {
    const joined = pipelines.map(({ when, pipeline }) => {
      const commands = pipeline.map(({ words, redirections }) => {
        const targets = redirections.map(({ descriptor, to }) => `${descriptor}>${to === null ? '&1' : textOf(to)}`)
        return [...words.map((word) => `<${textOf(word)}>`), ...targets].join('')
      })
      return `${{ always: '', and: '&&', or: '||' }[when]}${commands.join('|')}`
    })
    return `${joined.join('')}${background ? '&' : ''}`
  })
}

describe('what is typed', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['   # nothing', []],
    ['echo 0 > cpu1/online', ['<echo><0>1>cpu1/online']],
    ['echo 0>cpu1/online', ['<echo><0>1>cpu1/online']],
    ['echo 0 >cpu1/online', ['<echo><0>1>cpu1/online']],
    ['echo 0 >> f 2>/dev/null', ['<echo><0>1>f2>/dev/null']],
    ['cat a b 2>&1 | wc -l', ['<cat><a><b>2>&1|<wc><-l>']],
    ['a; b && c || d & e', ['<a>', '<b>&&<c>||<d>&', '<e>']],
    ['a;\nb\n\nc', ['<a>', '<b>', '<c>']],
    ['a &&\n b', ['<a>&&<b>']],
    ['a \\\n b', ['<a><b>']],
    [`echo 'a b' "c 'd'" e\\ f 'g'h"i"`, [`<echo><a b><c 'd'><e f><ghi>`]],
    [`echo "" ''`, ['<echo><><>']],
    ['echo "\\$?" \\> a#b # c', ['<echo><$?><>><a#b>']],
    ['wc < f', ['<wc>0>f']],
  ])('%j', (text, expected) => {
    expect(outline(text)).toEqual(expected)
  })

  test.each(["echo 'a", 'echo "a', 'echo a\\', 'a &&', 'a |'])('%j goes on in the next line', (text) => {
    expect(() => parse(text)).toThrow(Incomplete)
  })

  test.each<[string, string]>([
    ['&& a', 'unexpected "&&"'],
    ['a ;; b', 'unexpected ";"'],
    ['a >', 'unexpected end of line after >'],
    ['a > ; b', 'unexpected ";" after >'],
    ['echo $(ls)', 'unexpected "$(": it is not supported here'],
    ['(a)', 'unexpected "(": it is not supported here'],
  ])('%j is no command', (text, problem) => {
    expect(() => parse(text)).toThrow(ShellSyntaxError)
    expect(() => parse(text)).toThrow(problem)
  })

  test('whatever it is, is parsed or refused, and what is quoted comes through as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parse(text)
        } catch (error) {
          expect(error instanceof ShellSyntaxError || error instanceof Incomplete).toBe(true)
        }
        const quoted = `'${text.replaceAll("'", `'\\''`)}'`
        const [job] = parse(`echo ${quoted}`)
        expect(textOf(job!.pipelines[0]!.pipeline[0]!.words[1]!)).toBe(text)
      }),
    )
  })
})
