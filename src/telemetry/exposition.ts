import type { Family, FamilyName } from './families.ts'

/** One family as it is rendered: `cells` as in cellsOf, histogram buckets not cumulative. */
export interface Sample {
  readonly name: FamilyName
  readonly family: Family
  readonly series: { readonly labels: readonly string[]; readonly cells: Float64Array }[]
}

/**
 * Metrics as text: Prometheus 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/) and
 * OpenMetrics 1.0.0. They differ in the names of counter families, the unit
 * line, and the end.
 */
export function prometheusText(samples: Iterable<Sample>): string {
  let text = ''
  for (const sample of samples) {
    const { name, family } = sample
    text += `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`
    text += seriesText(sample)
  }
  return text
}

export function openMetricsText(samples: Iterable<Sample>): string {
  let text = ''
  for (const sample of samples) {
    const { family } = sample
    // The family of a counter is named without the suffix that its samples carry.
    const name = family.type === 'counter' ? sample.name.replace(/_total$/, '') : sample.name
    text += `# TYPE ${name} ${family.type}\n`
    if (family.unit !== undefined) text += `# UNIT ${name} ${family.unit}\n`
    text += `# HELP ${name} ${escapeLabel(family.help)}\n`
    text += seriesText(sample)
  }
  return `${text}# EOF\n`
}

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/**
 * The media type of the two that an Accept field asks for: OpenMetrics only
 * where it is named and weighs more than text/plain would, as scrapers that
 * understand it say (Prometheus sends it with the higher q).
 */
export function expositionType(accept: string | undefined): typeof PROMETHEUS_TYPE | typeof OPENMETRICS_TYPE {
  let open = 0
  let plain = 0
  let any = 0
  for (const item of (accept ?? '').toLowerCase().split(',')) {
    const [type, ...parameters] = item.split(';').map(part => part.trim())
    const weight = weightOf(parameters)
    if (type === 'application/openmetrics-text' && parameters.every(knownVersion))
      open = Math.max(open, weight)
    else if (type === 'text/plain') plain = Math.max(plain, weight)
    else if (type === 'text/*' || type === '*/*') any = Math.max(any, weight)
  }
  return open > 0 && open >= (plain || any) ? OPENMETRICS_TYPE : PROMETHEUS_TYPE
}

function knownVersion(parameter: string): boolean {
  return !parameter.startsWith('version=') || /^version="?(1\.0\.0|0\.0\.1)"?$/.test(parameter)
}

function weightOf(parameters: readonly string[]): number {
  const q = parameters.find(parameter => parameter.startsWith('q='))
  const weight = q === undefined ? 1 : Number(q.slice(2))
  return weight >= 0 && weight <= 1 ? weight : 0
}

function seriesText({ name, family, series }: Sample): string {
  let text = ''
  for (const { labels, cells } of series)
    text +=
      family.type === 'histogram'
        ? histogramText(name, family, labelText(family, labels), cells)
        : `${name}${braced(labelText(family, labels))} ${numberText(cells[0]!)}\n`
  return text
}

function histogramText(name: string, family: Family, labels: string, cells: Float64Array): string {
  const bounds = family.buckets ?? []
  const lead = labels === '' ? '' : `${labels},`
  let text = ''
  let count = 0
  for (let i = 0; i <= bounds.length; i++) {
    count += cells[i]!
    const bound = bounds[i]
    text += `${name}_bucket{${lead}le="${bound === undefined ? '+Inf' : floatText(bound)}"} ${numberText(count)}\n`
  }
  // The count is the last bucket's by construction, however much was observed while we read.
  text += `${name}_sum${braced(labels)} ${numberText(cells[bounds.length + 1]!)}\n`
  return `${text}${name}_count${braced(labels)} ${numberText(count)}\n`
}

function labelText(family: Family, values: readonly string[]): string {
  return family.labels.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/** OpenMetrics wants `1.0`, and Prometheus' own format takes it: one spelling, so that both name the same series. */
function floatText(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text.toWellFormed()).replaceAll('"', '\\"')
}
