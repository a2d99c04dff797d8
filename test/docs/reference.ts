import { entries } from '../../src/cli/commands.ts'
import { commandHelp, programHelp } from '../../src/cli/command/help.ts'
import { data } from '../../src/cli/command/flags.ts'
import { isGroup, type CommandEntry } from '../../src/cli/command/flag.ts'
import { failures, isFailureName } from '../../src/http/failures.ts'
import { refusals, rules } from '../../src/http/rejections.ts'
import { families } from '../../src/telemetry/families.ts'
import { accessFields } from './access-fields.ts'
import { gatewayFeatures } from './gateway-features.ts'
import { kindsPage } from './kinds-page.ts'
import { code, page, table } from './markdown.ts'

// The pages of docs/reference, made from the tables and schemas that the program itself uses: `npm run docs` writes
// them, and a test holds them to it.

export const pages: Readonly<Record<string, () => string>> = {
  'commands.md': commandsPage,
  'failures.md': failuresPage,
  'metrics.md': metricsPage,
  'access-log.md': accessLogPage,
  'kinds.md': kindsPage,
  'gateway-api.md': gatewayApiPage,
}

function commandsPage(): string {
  const block = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\``
  return page(
    'Commands and flags',
    block(programHelp(entries)),
    ...entries
      .flatMap(entry => [entry, ...(isGroup(entry) ? entry.commands : [])])
      .map(entry => `## portcullis ${entry.name}\n\n${block(commandHelp(forEveryone(entry)))}`),
  )
}

/** The folder of whoever runs this is nobody else's: replaced before lines are broken, which its length would move. */
function forEveryone(entry: CommandEntry): CommandEntry {
  if (isGroup(entry)) return entry
  const flags = entry.flags.map(flag =>
    flag.name === data.name ? { ...flag, fallback: '~/.local/state/portcullis' } : flag,
  )
  return { ...entry, flags }
}

function failuresPage(): string {
  const names = Object.keys(failures).filter(isFailureName)
  return page(
    'Why a request failed',
    'Access log (`portcullis.failure`), `portcullis_failures_total{failure}` and the member `reason` of an error body have one vocabulary: the error types of [RFC 9209](https://www.rfc-editor.org/rfc/rfc9209#section-2.3) where it has one.',
    table(
      ['reason', 'status', 'whose fault', 'another attempt', 'what the client is told'],
      names.map(name => {
        const { status, side, retry, title } = failures[name]
        return [code(name), String(status), side, retry, title]
      }),
    ),
    '## Rules of the codec\n\nWhat breaks a rule of HTTP is `http_request_error`, with the rule in `portcullis.rejection`, `portcullis_rejections_total{rule}` and `reason`. A rule that a ClientPolicy moves names its field.',
    table(
      ['rule', 'status', 'what is wrong'],
      rules.map(name => [code(name), String(refusals[name].status), refusals[name].detail]),
    ),
  )
}

function metricsPage(): string {
  return page(
    'Metrics',
    '`/metrics` of the admin listener, in the text format of Prometheus, or OpenMetrics where that is asked for. Labels stay low in cardinality: a route, a cluster, a port; never a path, a client or an endpoint.',
    table(
      ['name', 'type', 'labels', 'what'],
      Object.entries(families).map(([name, { type, labels, help }]) => [
        code(name),
        type,
        labels.map(code).join(' '),
        help,
      ]),
    ),
  )
}

function accessLogPage(): string {
  return page(
    'The access log',
    'One JSON object for each request, or each connection that is passed through or refused. Names are those of the [OpenTelemetry semantic conventions for HTTP](https://opentelemetry.io/docs/specs/semconv/http/); ours begin with `portcullis.`. What is not known is left out. On a terminal there is a readable line in its place.',
    table(
      ['field', 'what'],
      Object.entries(accessFields).map(([name, what]) => [code(name), what]),
    ),
  )
}

function gatewayApiPage(): string {
  return page(
    'Gateway API: what is served',
    'By the names that the conformance suite has for features (release v1.7.0). What is core of HTTPRoute, GRPCRoute, TLSRoute, Gateway and ReferenceGrant is served. A field that is known and not served is said by `portcullis check` and in conditions, and what should have protected a route closes it.',
    table(
      ['feature', 'served', 'note'],
      Object.entries(gatewayFeatures).map(([name, note]) => [
        code(name),
        note.startsWith('no') ? 'no' : 'yes',
        note === 'yes' || note === 'no' ? '' : note.replace(/^(yes|no): /, ''),
      ]),
    ),
    'Session persistence (GEP-1619, experimental, without a feature of its own for routes) is served in rules of HTTPRoutes and GRPCRoutes and in a BackendPolicy: by cookie and by header, with session and permanent lifetimes and `absoluteTimeout`. XTelemetryPolicy (experimental) is served, with all of its fields, for collectors that take OTLP/HTTP. Of the experimental XBackend and XBackendTrafficPolicy nothing is read: a Backend and a BackendPolicy say the same.',
  )
}
