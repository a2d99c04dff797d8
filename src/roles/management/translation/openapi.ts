import { ConfigMap } from '../../../model/kinds/config-map.ts'
import { formatPath } from '../../../model/problem.ts'
import type { Resources } from '../../../model/resources.ts'
import { readText } from '../../../model/yaml.ts'
import { missing } from '../../../translation/missing.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { API } from '../kinds/api.ts'
import { documentOf, type OpenApiDocument } from '../openapi/document.ts'

/** The OpenAPI document of an API. */
export interface FoundDocument extends OpenApiDocument {
  readonly document: object
  /** Where it stands in the API, or is named. */
  readonly path: readonly string[]
}

/** One that is declared. Null where it has none; a flaw where it cannot be had, or is none that can be read. */
export function openApiOf(api: API, resources: Resources): FoundDocument | Flaw | null {
  const { openapi } = api.body.spec
  if (openapi === undefined) return null
  const { document, configMapRef } = openapi
  if (configMapRef !== undefined) return inConfigMap(api, configMapRef, resources)
  const path = ['spec', 'openapi', 'document']
  // The kind's rules have found no fault in it.
  return document === undefined ? null : { document, path, ...documentOf(document) }
}

type Ref = NonNullable<NonNullable<API['body']['spec']['openapi']>['configMapRef']>

const keys = ['openapi.yaml', 'openapi.json', 'openapi.yml']

function inConfigMap(api: API, { name, key }: Ref, resources: Resources): FoundDocument | Flaw {
  const path = ['spec', 'openapi', 'configMapRef']
  const { namespace } = api.metadata
  const map = resources.get(ConfigMap, namespace, name)
  if (map === undefined)
    return { reason: 'InvalidConfigMapRef', path, ...missing(resources, ConfigMap, namespace, name) }
  const what = `ConfigMap ${namespace}/${name}`
  const found = textOf(map, key === undefined ? keys : [key])
  if (found === null) {
    const has = [...Object.keys(map.body.data ?? {}), ...Object.keys(map.body.binaryData ?? {})]
    const known = has.length === 0 ? 'which has nothing' : `which has ${has.slice(0, 8).join(', ')}`
    const wanted = key ?? keys.slice(0, 2).join(' or ')
    return { reason: 'InvalidConfigMapRef', path, message: `there is no ${wanted} in ${what}, ${known}` }
  }
  const read = readIn(map, found)
  return 'message' in read
    ? { reason: 'InvalidDocument', path, message: `${found.key} of ${what}: ${read.message}` }
    : { path, ...read }
}

interface Found {
  readonly key: string
  readonly text: string
}

function textOf({ body }: ConfigMap, wanted: readonly string[]): Found | null {
  for (const key of wanted) {
    const text = body.data?.[key]
    if (text !== undefined) return { key, text }
    const bytes = body.binaryData?.[key]
    if (bytes !== undefined) return { key, text: Buffer.from(bytes, 'base64').toString() }
  }
  return null
}

type Read = (OpenApiDocument & { readonly document: object }) | { readonly message: string }

/** By key: what does not change is read once. */
const readings = new WeakMap<ConfigMap, Map<string, Read>>()

function readIn(map: ConfigMap, found: Found): Read {
  let known = readings.get(map)
  if (known === undefined) readings.set(map, (known = new Map<string, Read>()))
  let result = known.get(found.key)
  if (result === undefined) known.set(found.key, (result = readDocument(found)))
  return result
}

const SHOWN = 4

/** Lines and columns are those of the document. */
function readDocument({ key, text }: Found): Read {
  const { declarations, problems } = readText(text, key)
  const [problem] = problems
  if (problem !== undefined) return { message: `${placed(problem.position)}${problem.message}` }
  const [declaration, ...more] = declarations
  if (declaration === undefined) return { message: 'is empty, expected an OpenAPI document' }
  if (more.length > 0) return { message: 'has several documents, expected one' }
  const document = declaration.value as object
  const { operations, faults } = documentOf(document)
  if (faults.length === 0) return { document, operations, faults }
  const told = faults
    .slice(0, SHOWN)
    .map(({ path, message }) => `${placed(declaration.at(path))}${formatPath(path)}: ${message}`)
  const rest = faults.length > SHOWN ? `; and ${faults.length - SHOWN} more` : ''
  return { message: told.join('; ') + rest }
}

function placed(position: { readonly line: number; readonly column: number } | null): string {
  return position === null ? '' : `line ${position.line}, column ${position.column}: `
}
