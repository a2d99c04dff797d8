import { commands } from '../../src/cli/commands.ts'
import { commandHelp, programHelp } from '../../src/cli/help.ts'
import { failures, isFailureName } from '../../src/http/failures.ts'
import { refusals, rules } from '../../src/http/rejections.ts'
import { jsonSchema } from '../../src/model/json-schema.ts'
import { kinds } from '../../src/model/kinds.ts'
import { families } from '../../src/telemetry/families.ts'
import { accessFields } from './access-fields.ts'
import { gatewayFeatures } from './gateway-features.ts'

// The pages of docs/reference, made from the tables and schemas that the program itself uses: `npm run docs` writes
// them, and a test holds them to it.

const made = 'Made from the source by `npm run docs`; change the table or schema that it comes from.'

export const pages: Readonly<Record<string, () => string>> = {
  'commands.md': commandsPage,
  'failures.md': failuresPage,
  'metrics.md': metricsPage,
  'access-log.md': accessLogPage,
  'kinds.md': kindsPage,
  'gateway-api.md': gatewayApiPage,
}

function page(title: string, ...parts: readonly string[]): string {
  return `# ${title}\n\n${made}\n\n${parts.join('\n\n')}\n`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

function commandsPage(): string {
  // Of the one who asks; documentation is for everyone.
  const everyone = (text: string): string =>
    text.replaceAll(/\[default [^\];]*\/portcullis;/g, '[default ~/.local/state/portcullis;')
  const block = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\``
  return page(
    'Commands and flags',
    block(programHelp(commands)),
    ...commands.map(command => `## portcullis ${command.name}\n\n${block(everyone(commandHelp(command)))}`),
  )
}

function failuresPage(): string {
  const names = Object.keys(failures).filter(isFailureName)
  return page(
    'Why a request failed',
    'Access log (`portcullis.failure`), `portcullis_failures_total{reason}` and the member `reason` of an error body have one vocabulary: the error types of [RFC 9209](https://www.rfc-editor.org/rfc/rfc9209#section-2.3) where it has one.',
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

/** What the pages look at of a JSON Schema. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly (string | number)[]
  readonly const?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly patternErrorMessage?: string
}

function kindsPage(): string {
  const definitions = jsonSchema()['definitions'] as unknown as Readonly<Record<string, Schema>>
  const parts = kinds.map(kind => {
    const { group, versions, scope, role, plural } = kind
    const schema = definitions[group === '' ? kind.kind : `${kind.kind}.${group}`]!
    const where = scope === 'Cluster' ? 'of the cluster' : 'in a namespace'
    const apiVersions = versions.map(version => (group === '' ? version : `${group}/${version}`))
    const about = `\`${apiVersions.join('`, `')}\`; ${plural}; ${where}; role ${role}`
    return `## ${kind.kind}\n\n${about}\n\n${table(['field', 'type', 'what'], kindRows(schema))}`
  })
  return page(
    'Kinds and their fields',
    'Everything that a file may hold. A field that is not here is an error. How our own kinds are meant, with defaults: [POLICIES.md](../POLICIES.md).',
    ...parts,
  )
}

function kindRows({ properties = {}, required = [] }: Schema): string[][] {
  const common = new Set(['apiVersion', 'kind', 'metadata', 'status'])
  return Object.entries(properties)
    .filter(([field]) => !common.has(field))
    .flatMap(([field, value]) => fieldRows(field, value, required.includes(field)))
}

/** A field and all below it, as paths: `spec.rules[].matches[]`. */
function fieldRows(path: string, schema: Schema, required: boolean): string[][] {
  const what = [required ? 'Required.' : '', schema.description ?? ''].filter(text => text !== '')
  return [[code(path), typeText(schema), what.join(' ')], ...insideRows(path, schema)]
}

function insideRows(path: string, schema: Schema): string[][] {
  const { items, properties = {}, required = [], additionalProperties } = schema
  if (items !== undefined) return insideRows(`${path}[]`, items)
  const named = Object.entries(properties).flatMap(([name, value]) =>
    fieldRows(`${path}.${name}`, value, required.includes(name)),
  )
  return typeof additionalProperties === 'object'
    ? [...named, ...insideRows(`${path}.*`, additionalProperties)]
    : named
}

function typeText(schema: Schema): string {
  const { type, items, minimum, maximum, patternErrorMessage, additionalProperties, maxItems } = schema
  if (schema.enum !== undefined) return schema.enum.map(value => code(String(value))).join(', ')
  if (schema.const !== undefined) return code(schema.const)
  if (patternErrorMessage !== undefined) return patternErrorMessage.replace(/^expected /, '')
  if (items !== undefined) {
    const inner = typeText(items)
    return `list${inner === 'object' ? '' : ` of ${inner}`}${maxItems === undefined ? '' : `, at most ${maxItems}`}`
  }
  if (typeof additionalProperties === 'object') return `map of ${typeText(additionalProperties)}`
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  if (typeof type === 'string') return type === 'string' ? 'text' : type
  return type === undefined ? 'anything' : type.join(' or ')
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
  )
}
