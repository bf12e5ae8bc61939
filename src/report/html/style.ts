// How a report looks: on a phone, on paper, and in the dark.

const PHASES = {
  lock: '#8b93a1',
  thread: '#4e79a7',
  grace: '#f0a030',
  push: '#d9534f',
  park: '#5fb0a8',
  empty: '#59a14f',
  gather: '#a673b0',
  run: '#ff8fa3',
  death: '#9c755f',
  dead: '#c9b18f',
  prepare: '#e0c040',
  bringup: '#4e79a7',
  online: '#59a14f',
  step: '#4e79a7',
  call: '#a673b0',
  'irqs-off': 'var(--ink)',
  heat: '#4e79a7',
} as const

const KINDS = {
  idle: 'var(--faint)',
  user: '#59a14f',
  hotplug: '#f0a030',
  stopper: '#d9534f',
  kernel: '#4e79a7',
} as const

const fills = [
  ...Object.entries(PHASES).map(([name, colour]) => `.f-${name}{fill:${colour}}`),
  ...Object.entries(KINDS).map(([name, colour]) => `.k-${name}{fill:${colour}}`),
].join('\n')

export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1d22;--paper:#fff;--faint:#d9dde3;--quiet:#565d69;--link:#1f5fa8}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e7e9ee;--paper:#15171c;--faint:#3a3f4a;--quiet:#a9b0bd;--link:#8ab8f0}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:60rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .5rem}
h2{font-size:1.15rem;line-height:1.3;margin:0}
p,.facts{margin:.25rem 0 .75rem}
.facts{padding-left:1.2rem}
figcaption p,.note{color:var(--quiet);font-size:.9rem}
figure,section{margin:2.5rem 0 0}
code{overflow-wrap:anywhere}
.chart{display:block;margin:.5rem 0}
.chart text{font-size:14px;fill:var(--ink)}
.chart rect{stroke:var(--paper);stroke-width:.5}
.legend{display:flex;flex-wrap:wrap;gap:.1rem .9rem;list-style:none;margin:.5rem 0;padding:0;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:.3rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;margin:.5rem 0}
th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--faint);font-weight:400;vertical-align:top}
thead th{font-weight:600}
tbody th{min-width:8.5em}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
summary{cursor:pointer;color:var(--link);font-size:.9rem;padding:.25rem 0}
${fills}
.f-rest,.k-offline,.frame{fill:none}
rect.f-rest,rect.k-offline{stroke:var(--quiet)!important;stroke-width:1;stroke-dasharray:3 2}
rect.frame{stroke:var(--faint)!important;stroke-width:1}
.grid{stroke:var(--faint);stroke-width:1}
line[class^=line-]{stroke-width:2}
.line-p50{stroke:#4e79a7;fill:#4e79a7}
.line-p90{stroke:#5fb0a8;fill:#5fb0a8;stroke-dasharray:8 3}
.line-p99{stroke:#f0a030;fill:#f0a030;stroke-dasharray:5 3}
.line-max{stroke:#d9534f;fill:#d9534f;stroke-dasharray:2 3}
circle{stroke-dasharray:none!important}
@media print{
body{max-width:none;padding:0;font-size:11pt}
figure,section{break-inside:avoid;margin-top:1.5rem}
*{print-color-adjust:exact}
details:not([open])::details-content{content-visibility:visible;block-size:auto;opacity:1}
.scroll{overflow:visible}
table{font-size:9pt}
}`
