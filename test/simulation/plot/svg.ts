/** Names its values in `ticks`, each with a text of its own where the number is not what is to be read. */
export interface Axis {
  /** With its unit: `requests per second`. */
  readonly label: string
  readonly from: number
  readonly to: number
  readonly ticks: readonly (number | readonly [at: number, text: string])[]
  readonly log?: true
}

/** From 0, with a tick at each `step`. */
export function axis(label: string, to: number, step: number): Axis {
  return { label, from: 0, to, ticks: Array.from({ length: Math.floor(to / step) + 1 }, (_, i) => i * step) }
}

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** A part of the x axis with a name: a fault. */
export interface Band {
  readonly from: number
  readonly to: number
  readonly label: string
}

export interface Panel {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  readonly bands?: readonly Band[]
}

const WIDTH = 760
const LEFT = 74
const RIGHT = 36
const TOP = 62
const PLOT_HEIGHT = 190
const BOTTOM = 52
const PANEL_HEIGHT = TOP + PLOT_HEIGHT + BOTTOM
const LEGEND_LINE = 26

/** Colours that those tell apart who see few (Okabe and Ito), and dashes for who sees none. */
const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.label, .tick { fill: #57606a } .tick { font-size: 12px }
.paper { fill: #fff } .grid { stroke: #d8dee4 } .axis { stroke: #8c959f } .band { fill: #eaeef2 }
path { fill: none; stroke-width: 2; stroke-linejoin: round }
.s0 { stroke: #0072b2 } .s1 { stroke: #d55e00; stroke-dasharray: 7 3 } .s2 { stroke: #007a5a; stroke-dasharray: 2 3 } .s3 { stroke: #a04a80; stroke-dasharray: 9 3 2 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .label, .tick { fill: #9da7b3 }
.paper { fill: #0d1117 } .grid { stroke: #262c36 } .axis { stroke: #6e7681 } .band { fill: #1c2330 }
.s0 { stroke: #58b0e8 } .s1 { stroke: #f0883e } .s2 { stroke: #3fc59a } .s3 { stroke: #e29ac6 }
}`

/** Panels below one another; text, since a picture that changes is to be read in a diff. */
export function figure(description: string, panels: readonly Panel[]): string {
  const height = panels.length * PANEL_HEIGHT
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(description)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    ...panels.flatMap((panel, i) => [
      `<g transform="translate(0 ${i * PANEL_HEIGHT})">`,
      ...linesOf(panel),
      '</g>',
    ]),
    '</svg>',
    '',
  ].join('\n')
}

function linesOf({ title, x, y, series, bands = [] }: Panel): string[] {
  const right = WIDTH - RIGHT
  const bottom = TOP + PLOT_HEIGHT
  const across = scale(x, LEFT, right)
  const up = scale(y, bottom, TOP)
  return [
    text(LEFT, 24, title, 'title'),
    ...bands.flatMap(({ from, to, label }) => {
      const [begin, end] = [across(from), across(to)]
      return [
        `<rect class="band" x="${round(begin)}" y="${TOP}" width="${round(end - begin)}" height="${PLOT_HEIGHT}"/>`,
        text((begin + end) / 2, TOP + 15, label, 'tick', 'middle'),
      ]
    }),
    ...y.ticks.map(named).flatMap(([at, name]) => {
      const height = round(up(at))
      return [
        `<line class="grid" x1="${LEFT}" x2="${right}" y1="${height}" y2="${height}"/>`,
        text(LEFT - 8, height + 4, name, 'tick', 'end'),
      ]
    }),
    ...x.ticks.map(named).flatMap(([at, name]) => {
      const place = round(across(at))
      return [
        `<line class="axis" x1="${place}" x2="${place}" y1="${bottom}" y2="${bottom + 5}"/>`,
        text(place, bottom + 20, name, 'tick', 'middle'),
      ]
    }),
    `<line class="axis" x1="${LEFT}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
    text((LEFT + right) / 2, bottom + 40, x.label, 'label', 'middle'),
    `<text class="label" text-anchor="middle" transform="translate(16 ${TOP + PLOT_HEIGHT / 2}) rotate(-90)">${escaped(y.label)}</text>`,
    ...legend(series),
    ...series.map(({ points }, i) => {
      const path = points.map(([px, py]) => `${round(across(px))} ${round(up(clamped(py, y)))}`).join('L')
      return `<path class="s${i}" d="M${path}"/>`
    }),
  ]
}

function legend(series: readonly Series[]): string[] {
  let left = LEFT
  return series.flatMap(({ name }, i) => {
    const at = left
    left += LEGEND_LINE + 6 + name.length * 7 + 14
    return [
      `<path class="s${i}" d="M${round(at)} 44h${LEGEND_LINE}"/>`,
      text(at + LEGEND_LINE + 6, 48, name, 'label'),
    ]
  })
}

function scale({ from, to, log }: Axis, begin: number, end: number): (value: number) => number {
  const along = log === true ? Math.log : Number
  return value => begin + ((along(value) - along(from)) / (along(to) - along(from))) * (end - begin)
}

const clamped = (value: number, { from, to }: Axis): number => Math.min(to, Math.max(from, value))
const named = (tick: Axis['ticks'][number]): readonly [number, string] =>
  typeof tick === 'number' ? [tick, grouped(tick)] : tick

function text(x: number, y: number, words: string, kind: string, anchor = 'start'): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`
}

/** Half a pixel is as fine as anybody sees. */
const round = (value: number): number => Math.round(value * 2) / 2
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')
const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
