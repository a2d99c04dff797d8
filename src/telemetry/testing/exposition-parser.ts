/**
 * Reads the Prometheus and OpenMetrics text formats for tests, and fails on
 * whatever breaks their rules: the ABNF of lines, one group per family, metadata
 * before samples, suffixes by type, no series twice, histograms that are whole
 * and rise.
 */
export interface Exposition {
  /** By name and labels as written. */
  readonly samples: Map<string, number>
  readonly types: Map<string, string>
  readonly units: Map<string, string>
  readonly help: Map<string, string>
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/

export function parseExposition(text: string, open = false): Exposition {
  const out: Exposition = { samples: new Map(), types: new Map(), units: new Map(), help: new Map() }
  if (text === '') return out
  must(text.endsWith('\n'), 'the last line ends in a line feed')
  const lines = text.slice(0, -1).split('\n')
  if (open) must(lines.pop() === '# EOF', 'OpenMetrics ends in # EOF')
  const families = new Set<string>()
  let current = ''
  for (const line of lines) {
    const meta = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line)
    if (meta !== null) {
      const [, kind = '', name = '', value = ''] = meta
      if (name !== current) {
        must(!families.has(name), `family ${name} is one group`)
        families.add(name)
        current = name
      }
      const table = kind === 'HELP' ? out.help : kind === 'TYPE' ? out.types : out.units
      must(!table.has(name), `one ${kind} for ${name}`)
      must(kind !== 'UNIT' || (open && name.endsWith(`_${value}`)), `unit ${value} ends the name ${name}`)
      must(![...out.samples.keys()].some(key => nameOf(key) === name), `${kind} ${name} before its samples`)
      table.set(name, value)
      continue
    }
    const [key, name, value] = sample(line)
    must(!out.samples.has(key), `series ${key} once`)
    must(
      belongs(name, current, out.types.get(current) ?? '', open),
      `sample ${name} belongs to family ${current}`,
    )
    out.samples.set(key, value)
  }
  for (const [name, type] of out.types) if (type === 'histogram') checkHistogram(name, out.samples)
  return out
}

function sample(line: string): [string, string, number] {
  const match = SAMPLE.exec(line)
  must(match !== null, `a sample: ${line}`)
  const [, name = '', labels, value = ''] = match!
  must(NUMBER.test(value), `a number: ${value}`)
  if (labels !== undefined) checkLabels(labels)
  return [line.slice(0, line.length - value.length - 1), name, number(value)]
}

function checkLabels(text: string): void {
  const names = new Set<string>()
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    must(match !== null, `labels: ${text}`)
    must(!names.has(match![1]!), `label ${match![1] ?? ''} once`)
    names.add(match![1]!)
  }
}

function belongs(name: string, family: string, type: string, open: boolean): boolean {
  if (type === 'histogram') return [`${family}_bucket`, `${family}_sum`, `${family}_count`].includes(name)
  if (type === 'counter') return name === (open ? `${family}_total` : family) && name.endsWith('_total')
  return type === 'gauge' && name === family
}

function checkHistogram(name: string, samples: Map<string, number>): void {
  const series = new Map<string, { le: number; count: number }[]>()
  for (const [key, count] of samples) {
    const match = /^(.*)_bucket\{(?:(.*),)?le="([^"]*)"\}$/.exec(key)
    if (match === null || match[1] !== name) continue
    must(match[3] === '+Inf' || /[.e]/.test(match[3]!), `le ${match[3] ?? ''} is a float`)
    const labels = match[2] === undefined ? '' : `{${match[2]}}`
    const list = series.get(labels) ?? []
    series.set(labels, list)
    list.push({ le: number(match[3]!), count })
  }
  for (const [labels, buckets] of series) {
    must(buckets.at(-1)?.le === Infinity, `${name}${labels} ends with +Inf`)
    for (const [i, { le, count }] of buckets.entries())
      must(i === 0 || (le > buckets[i - 1]!.le && count >= buckets[i - 1]!.count), `${name}${labels} rises`)
    must(
      samples.get(`${name}_count${labels}`) === buckets.at(-1)?.count,
      `${name}${labels} count is its last bucket`,
    )
    must(samples.has(`${name}_sum${labels}`), `${name}${labels} has a sum`)
  }
}

function nameOf(key: string): string {
  return key.split('{')[0]!
}

function number(text: string): number {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text)
}

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`exposition: ${what}`)
}
