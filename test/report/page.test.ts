/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The page of a report: what must be in it, and how a real browser shows it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderPage } from '#dist/src/report/html/page.js'
import type { Measurement } from '#dist/src/report/measurement.js'
import { launchBrowser, NO_BROWSER } from '../support/browser.js'
import { cpuhp } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-page-'))
afterAll(() => rmSync(folder, { recursive: true }))

const quantiles = (p50Ns: number) => ({
  ...{ count: 9, minNs: p50Ns / 2, p50Ns, p90Ns: 2 * p50Ns, p99Ns: 3 * p50Ns, maxNs: 4 * p50Ns },
})
const measurement = (label: string, ns: number): Measurement => ({
  label,
  cpus: 2,
  offline: {
    total: quantiles(100 * ns),
    phases: { grace: quantiles(10 * ns), push: quantiles(40 * ns), gather: quantiles(20 * ns) },
  },
  online: { total: quantiles(ns), phases: { prepare: quantiles(ns / 2) } },
  bystanders: null,
  throughput: null,
  details: null,
})
const page = (...measurements: Measurement[]): string =>
  renderPage({ title: 'A <title>', facts: ['a & b'], measurements, command: 'cpuhp "x"' })

/** Widths of the bars of a mark, percent. */
function widths(html: string, mark: string): number[] {
  return [...html.matchAll(new RegExp(`<rect class="${mark}"[^>]* width="([\\d.]+)%"`, 'g'))].map(([, n]) => Number(n))
}

describe('the page', () => {
  test('stacks medians in proportion, the grace period out of pushing, and what is left as the rest', () => {
    const html = page(measurement('one', 1000), measurement('two', 2000))
    expect(widths(html, 'f-grace')).toEqual([5, 10])
    expect(widths(html, 'f-push')).toEqual([15, 30])
    expect(widths(html, 'f-gather')).toEqual([10, 20])
    // 100 - 10 - 30 - 20 offline, and half of an online, of the larger load
    expect(widths(html, 'f-rest')).toEqual([20, 40, 25, 50])
  })

  test('leaves room for the names of CPUs beside the heat map, also of many, which stand together', () => {
    const pairs = [
      { from: 0, to: 99, count: 8 },
      { from: 1, to: 98, count: 2 },
      { from: 99, to: 0, count: 5 },
    ]
    const details = { steps: [], interrupts: null, migrations: { causes: { push: 15 }, pairs }, timeline: null }
    const html = page({ ...measurement('many', 1000), cpus: 100, details })
    const cells = [...html.matchAll(/<rect class="f-heat" fill-opacity="([\d.]+)" x="([\d.]+)%"/g)]
    // Four CPUs to a cell: the first two pairs are one, of 10.
    expect(cells.map(([, opacity]) => Number(opacity))).toEqual([0.75, 0.415])
    for (const [, , x] of cells) expect(Number(x)).toBeGreaterThanOrEqual(10)
    expect(html).toContain('Each stands for 4 CPUs.')
  })

  test('asks for nothing from elsewhere, runs nothing, and escapes what it shows', () => {
    const html = page(measurement('<b>&"', 5))
    expect(html).not.toMatch(/<script|<b>|https?:|@import|url\(/)
    expect(html).toContain('<title>A &lt;title&gt;</title>')
    expect(html).toContain('&lt;b&gt;&amp;&quot;')
    expect(html).toContain('cpuhp &quot;x&quot;')
  })

  test('has a title, a description and figures for each chart', () => {
    const html = page(measurement('one', 1000), measurement('two', 2000))
    const charts = html.match(/<figure id="[^"]+">.*?<\/figure>/gs) ?? []
    expect(charts).toHaveLength(4)
    for (const chart of charts) {
      const [, title, description] = /aria-labelledby="(\S+) (\S+)"/.exec(chart)!
      expect(chart).toContain(`<title id="${title}">`)
      expect(chart).toContain(`<desc id="${description}">`)
      expect(chart).toMatch(/<table>.*<td class="number">[\d.]+ (ns|us|ms)/s)
    }
  })
})

const WIDTHS = [360, 390, 1280]

describe.skipIf(NO_BROWSER !== null)(
  `in a real browser${NO_BROWSER === null ? '' : ` (skipped: ${NO_BROWSER})`}`,
  () => {
    let browser: Browser
    const files = {
      profile: join(folder, 'profile.html'),
      loads: join(folder, 'loads.html'),
      stress: join(folder, 'stress.html'),
    }
    beforeAll(async () => {
      const machine = ['--machine', 'deterministic', '--quiet']
      const runs = await Promise.all([
        cpuhp([
          'profile',
          ...machine,
          '--cpus',
          '5',
          '--cycles',
          '6',
          '--sweep',
          'tasks=0,12',
          '--report',
          files.profile,
        ]),
        cpuhp([
          'profile',
          ...machine,
          '--cycles',
          '6',
          '--sweep',
          'irq-off.us=0,50,100000',
          '--load',
          'work',
          '--report',
          files.loads,
        ]),
        cpuhp(['stress', ...machine, '--cpus', '12', '--tasks', '36', '--cycles', '12', '--report', files.stress]),
      ])
      expect(runs.map(({ code }) => code)).toEqual([0, 0, 0])
      browser = await launchBrowser()
    }, 60_000)
    afterAll(async () => await browser?.close())

    async function open(file: string, width: number, colorScheme: 'light' | 'dark'): Promise<[Page, string[]]> {
      const shown = await browser.newPage({ viewport: { width, height: 800 }, colorScheme })
      const complaints: string[] = []
      shown.on('console', (message) => complaints.push(message.text()))
      shown.on('pageerror', (error) => complaints.push(String(error)))
      shown.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) complaints.push(`asks for ${request.url()}`)
      })
      await shown.goto(pathToFileURL(file).href)
      return [shown, complaints]
    }

    const SWEEP = [
      ...['by-phase-offline', 'by-phase-online', 'percentiles-offline', 'percentiles-online'],
      ...['timeline', 'by-state-offline', 'by-state-online', 'migrations'],
    ] as const
    const CHARTS = {
      profile: SWEEP,
      loads: SWEEP,
      stress: ['by-phase-offline', 'by-phase-online', 'timeline', 'by-state-offline', 'by-state-online', 'migrations'],
    } as const

    test.each(
      WIDTHS.flatMap((width) => (['profile', 'loads', 'stress'] as const).map((name) => [name, width] as const)),
    )('%s fits into %d px, every chart has something in it, and nothing complains', async (name, width) => {
      const [shown, complaints] = await open(files[name], width, width === 390 ? 'dark' : 'light')
      const seen = await shown.evaluate(() => {
        const inner = document.documentElement
        const box = (element: Element): DOMRect => element.getBoundingClientRect()
        const texts = [...document.querySelectorAll('.chart text')]
        const sizes = [...document.querySelectorAll('main *')]
          .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()))
          .filter((element) => !['title', 'desc'].includes(element.tagName))
          .map((element) => Number.parseFloat(getComputedStyle(element).fontSize))
        return {
          overflow: inner.scrollWidth - inner.clientWidth,
          smallest: Math.min(...sizes),
          charts: [...document.querySelectorAll('figure')].map(({ id }) => id),
          empty: [...document.querySelectorAll('.chart')]
            .filter(
              (chart) => ![...chart.querySelectorAll('rect:not(.frame), circle')].some((mark) => box(mark).width > 3),
            )
            .map(({ id }) => id),
          outside: texts
            .filter((text) => {
              const [inside, around] = [box(text), box(text.closest('svg')!)]
              return (
                inside.left < around.left - 1 || inside.right > around.right + 1 || inside.bottom > around.bottom + 2
              )
            })
            .map((text) => text.textContent),
        }
      })
      expect(seen).toEqual({
        overflow: 0,
        smallest: expect.any(Number),
        charts: CHARTS[name],
        empty: [],
        outside: [],
      })
      expect(seen.smallest).toBeGreaterThanOrEqual(14)
      expect(complaints).toEqual([])
      await shown.close()
    })

    test('is dark where that is wanted, but not on paper, where all figures are shown', async () => {
      const [shown] = await open(files.profile, 800, 'dark')
      const paper = (): Promise<string> => shown.evaluate(() => getComputedStyle(document.body).backgroundColor)
      const figures = (): Promise<number> =>
        shown.evaluate(() => document.querySelector('details')!.getBoundingClientRect().height)
      const closed = await figures()
      expect(await paper()).toBe('rgb(21, 23, 28)')
      await shown.emulateMedia({ media: 'print' })
      expect(await paper()).toBe('rgb(255, 255, 255)')
      expect(await figures()).toBeGreaterThan(closed + 50)
      await shown.close()
    })
  },
)

test('a page that can not be written costs no run', async () => {
  const file = join(folder, 'no', 'page.html')
  const { code, stdout, stderr } = await cpuhp(['stress', '--report', file])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^cpuhp: --report [^\n]*page\.html: can't be written: ENOENT[^\n]*\n$/)
})

test('goes to standard output where that is wanted', async () => {
  const args = ['profile', '--machine', 'deterministic', '--sweep', 'tasks=1', '--cycles', '2', '--report', '-']
  const { stdout } = await cpuhp(args)
  writeFileSync(join(folder, 'out.html'), stdout)
  expect(readFileSync(join(folder, 'out.html'), 'utf8')).toMatch(/^<!doctype html>\n.*<\/html>\n$/s)
})
