import { isNode, type Document } from 'yaml'
import { formatYaml } from '../files/format.ts'
import type { MappedTarget } from '../proxy/mapping.ts'
import { backend, head, objectYaml, rule, style } from '../proxy/resources.ts'
import type { ApiDocument } from './document.ts'
import { documentNode, documentText, isJson, isLarge } from './document-yaml.ts'
import { plans } from './plans.ts'
import type { KeyPlace } from './security.ts'

const GATEWAY_API = 'gateway.networking.k8s.io/v1'
const OURS = 'portcullis.dev/v1alpha1'

/** What an import was told, beside the document. */
export interface Wanted {
  /** Of all that is made. */
  readonly name: string
  readonly target: MappedTarget
  /** What clients have in front of the document's paths: begins with "/", "" for nothing. */
  readonly basePath: string
  /** "" is any. */
  readonly host: string
  /** "" where one is to be made. */
  readonly gateway: string
}

export const PORT = 8080

/** What is made of a document, by the names of files. */
export type Files = Readonly<Record<string, string>>

/** The objects that publish an API, as YAML that `run` serves; a large document has a file of its own. */
export function filesOf(document: ApiDocument, text: string, wanted: Wanted): Files {
  const { name, gateway } = wanted
  const objects = [
    ...(gateway === '' ? [gatewayYaml(name)] : []),
    routeYaml(wanted),
    objectText(backend(name, wanted.target), '# What is behind it.'),
    productYaml(name, document),
    ...plans(name).map(({ object, about, notes }) => objectText(object, about, notes)),
    ...policyYaml(name, document),
    apiYaml(document, text, wanted),
  ]
  const files = { [`${name}.yaml`]: asFormatted(objects.join('---\n')) }
  return isLarge(text) ? { ...files, [`${name}-openapi.yaml`]: configMapYaml(name, text) } : files
}

/** As `fmt` would have it: what is in the document may stand there in any style. */
function asFormatted(yaml: string): string {
  const formatted = formatYaml(yaml)
  return typeof formatted === 'string' ? formatted : yaml
}

function gatewayYaml(name: string): string {
  const spec = { gatewayClassName: 'portcullis', listeners: [{ name: 'http', protocol: 'HTTP', port: PORT }] }
  return objectText({ ...head(GATEWAY_API, 'Gateway', name), spec }, '# Where clients come in.')
}

function routeYaml({ name, gateway, host, basePath, target }: Wanted): string {
  const object = {
    ...head(GATEWAY_API, 'HTTPRoute', name),
    spec: {
      parentRefs: [{ name: gateway === '' ? name : gateway }],
      ...(host === '' ? {} : { hostnames: [host] }),
      rules: [rule({ path: basePath === '' ? '/' : basePath, target }, name)],
    },
  }
  return objectText(object, '# Which requests are for the API, and where they go.')
}

function productYaml(name: string, document: ApiDocument): string {
  const object = {
    ...head(OURS, 'Product', name),
    spec: {
      title: shortened(document.title),
      apis: [{ name }],
      plans: plans(name).map(plan => ({ name: plan.name })),
    },
  }
  return objectText(object, [ABOUT_PRODUCT, ...securityNotes(document)].join('\n'))
}

const ABOUT_PRODUCT = `# What applications subscribe to. The API is protected from here on: a request needs a key of an application that has a
# subscription. "operations" beside the name of an API opens these alone, by their operationId.`

/** What the document says of credentials, and is otherwise here. */
function securityNotes({ otherSchemes, open }: ApiDocument): string[] {
  return [
    ...(otherSchemes.length === 0
      ? []
      : [
          `# The document has ${otherSchemes.join(', ')}; for tokens and passwords in place of keys, see AuthenticationPolicy.`,
        ]),
    ...(open.length === 0
      ? []
      : [
          `# The document leaves ${counted(open.length)} open to everybody (${named(open)}); here a key is needed for that too.`,
        ]),
  ]
}

/** Clients go on to put their keys where the document says it, unless that is where they are looked for anyway. */
function policyYaml(name: string, { keyPlaces }: ApiDocument): string[] {
  const places = keyPlaces.map(placeOf)
  if (places.every(isStandard)) return []
  const object = {
    ...head(OURS, 'AuthenticationPolicy', name),
    spec: {
      targetRefs: [{ group: 'portcullis.dev', kind: 'API', name }],
      credentials: [{ apiKey: { in: places } }],
    },
  }
  return [objectText(object, ABOUT_POLICY)]
}

const ABOUT_POLICY = `# Where clients put their key, as the document has it. The backend does not get it, unless "forwardCredentials: true"
# says so.`

const ABOUT_API = '# What is published: operations of the document, at the paths that the route takes.'

function apiYaml(document: ApiDocument, text: string, { name, basePath }: Wanted): string {
  const version = /^v?(\d{1,3})(?:\.|$)/i.exec(document.version)?.[1]
  const large = isLarge(text)
  const object = {
    ...head(OURS, 'API', name),
    spec: {
      title: shortened(document.title),
      ...(version === undefined ? {} : { version: `v${version}` }),
      routeRefs: [{ name }],
      ...(basePath === '' ? {} : { basePath }),
      openapi: large ? { configMapRef: { name: `${name}-openapi` } } : { document: null },
    },
  }
  const yaml = objectYaml(object)
  comment(yaml, ABOUT_API)
  if (!large) yaml.setIn(['spec', 'openapi', 'document'], documentNode(text))
  const openapi = yaml.getIn(['spec', 'openapi'], true)
  if (!large && isNode(openapi) && 'flow' in openapi) openapi.flow = false
  return yaml.toString(style)
}

function configMapYaml(name: string, text: string): string {
  const key = isJson(text) ? 'openapi.json' : 'openapi.yaml'
  const object = { ...head('v1', 'ConfigMap', `${name}-openapi`), data: { [key]: documentText(text) } }
  const yaml = objectYaml(object)
  const data = yaml.get('data', true)
  if (isNode(data) && 'flow' in data) data.flow = false
  return yaml.toString(style)
}

/** `notes` are behind items of lists, by their path. */
function objectText(
  object: object,
  about: string,
  notes: readonly (readonly [path: readonly (string | number)[], note: string])[] = [],
): string {
  const yaml: Document = objectYaml(object)
  comment(yaml, about)
  for (const [path, note] of notes) {
    const node = yaml.getIn(path, true)
    if (isNode(node)) node.comment = ` ${note}`
  }
  return yaml.toString(style)
}

/** Before the object itself: before the document there would be an empty line behind it. */
function comment(yaml: Document, text: string): void {
  if (isNode(yaml.contents)) yaml.contents.commentBefore = text.replaceAll(/^#/gm, '')
}

function placeOf(place: KeyPlace): KeyPlace {
  // Some documents have tokens of Authorization as "API keys"; the word before them is not said.
  return place['header']?.toLowerCase() === 'authorization' ? { scheme: 'Bearer' } : place
}

function isStandard(place: KeyPlace): boolean {
  return place['header']?.toLowerCase() === 'x-api-key' || place['scheme'] === 'Bearer'
}

function shortened(title: string): string {
  const line = title.replaceAll(/\s+/g, ' ').trim()
  return line.length <= 128 ? line : `${line.slice(0, 127)}…`
}

function counted(count: number): string {
  return count === 1 ? 'an operation' : `${count} operations`
}

function named(operations: ApiDocument['open']): string {
  const shown = operations.slice(0, 3).map(({ method, path }) => `${method} ${path}`)
  return [...shown, ...(operations.length > 3 ? ['…'] : [])].join(', ')
}
