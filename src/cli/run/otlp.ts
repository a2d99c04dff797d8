import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Collector } from '../../telemetry/spans/post.ts'
import type { Span } from '../../telemetry/spans/span.ts'
import { UsageError } from '../command/flag.ts'
import { version } from '../version.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `/v1/traces` behind it, where it is not all of it already (OTLP 1.x, "OTLP/HTTP Request"). */
const withPath = (url: URL): URL =>
  /\/v1\/traces\/?$/.test(url.pathname) ? url : new URL(`${url.href.replace(/\/$/, '')}/v1/traces`)

/**
 * Where spans go: what `--otlp` says, else what the variables say that every exporter of OpenTelemetry reads. Null for
 * nowhere. Throws UsageError.
 */
export function collectorOf(otlp: string, env: Environment): Collector | null {
  if (otlp === 'off' || env['OTEL_SDK_DISABLED'] === 'true') return null
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: all } = env
  const url =
    otlp !== ''
      ? withPath(new URL(otlp))
      : traces
        ? urlOf(traces, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
        : all
          ? withPath(urlOf(all, 'OTEL_EXPORTER_OTLP_ENDPOINT'))
          : null
  if (url === null) return null
  const said = env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] || env['OTEL_EXPORTER_OTLP_HEADERS'] || ''
  return { url, headers: pairsOf(said) }
}

/** What the process says of itself, by the semantic conventions of OpenTelemetry. */
export function resourceOf(env: Environment): Span['attributes'] {
  return {
    'host.name': hostname(),
    'process.pid': process.pid,
    'service.instance.id': randomUUID(),
    'service.version': version(),
    'service.name': 'portcullis',
    ...pairsOf(env['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
    ...(env['OTEL_SERVICE_NAME'] && { 'service.name': env['OTEL_SERVICE_NAME'] }),
  }
}

/** An http or https URL, or an error that names where it was said. */
function urlOf(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`${name} is "${text}", expected http://… or https://…`)
  return url
}

/** `key=value,key=value`, escaped as in a URL; what is none of that is passed over, as exporters do. */
function pairsOf(text: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=')
    if (at <= 0) continue
    try {
      pairs[decodeURIComponent(pair.slice(0, at).trim())] = decodeURIComponent(pair.slice(at + 1).trim())
    } catch {
      continue
    }
  }
  return pairs
}
