import type { Problem } from '../../model/resource.ts'
import { readText } from '../../model/yaml.ts'
import { Faults, kindOf, mapOf } from './faults.ts'
import { operationsOf, type Operation } from './operations.ts'
import { checkReferences } from './references.ts'
import { keyPlaces, otherSchemes, openOperations, type KeyPlace } from './security.ts'
import { serverPath } from './servers.ts'

/** What an OpenAPI document says of the things that a gateway has to know. */
export interface ApiDocument {
  /** Of OpenAPI: `3.1.0`. */
  readonly openapi: string
  readonly title: string
  /** Of the API, as its authors count; "" where there is none. */
  readonly version: string
  /** Where its first server has the paths: `/api/v3`, or "" for the root. */
  readonly serverPath: string
  readonly operations: readonly Operation[]
  /** Where clients of this document put their API key. */
  readonly keyPlaces: readonly KeyPlace[]
  /** Names of its other security schemes, each with its type. */
  readonly otherSchemes: readonly string[]
  /** Those that the document leaves open to everybody, although others need credentials. */
  readonly open: readonly Operation[]
}

type Declaration = ReturnType<typeof readText>['declarations'][number]

export interface DocumentReading {
  /** Null where something is wrong. */
  readonly document: ApiDocument | null
  /** In the order of the file. */
  readonly problems: readonly Problem[]
}

/** Reads OpenAPI 3.0 or 3.1 as YAML or JSON; `file` is what messages call it, `whole` what is judged of it. */
export function readDocument(
  text: string,
  file: string,
  whole = ({ value }: Declaration): unknown => value,
): DocumentReading {
  const { declarations, problems } = readText(text, file)
  if (problems.length > 0) return { document: null, problems }
  const [declaration, ...more] = declarations
  if (declaration === undefined) return failed(file, 'is empty, expected an OpenAPI document')
  if (more.length > 0)
    return failed(file, `has ${more.length + 1} documents, expected one`, more[0]!.at([])?.line)
  const faults = new Faults(declaration)
  const document = judge(whole(declaration), faults)
  const told = inOrder(faults.problems)
  return { document: told.some(({ severity }) => severity === 'error') ? null : document, problems: told }
}

function judge(value: unknown, faults: Faults): ApiDocument | null {
  const root = mapOf(value)
  if (root === null || !isOpenApi(root, faults)) return null
  const info = mapOf(root['info'])
  const { title, version } = info ?? {}
  if (info === null)
    faults.error(['info'], `is ${kindOf(root['info'])}, expected an object with title and version`)
  else if (typeof title !== 'string' || title === '')
    faults.error(['info', 'title'], `is ${kindOf(title)}, expected the name of the API`)
  const operations = operationsOf(root, faults)
  checkReferences(root, faults)
  return {
    openapi: String(root['openapi']),
    title: String(title),
    version: typeof version === 'string' || typeof version === 'number' ? String(version) : '',
    serverPath: serverPath(root['servers'], faults),
    operations,
    keyPlaces: keyPlaces(root),
    otherSchemes: otherSchemes(root),
    open: openOperations(root, operations),
  }
}

function isOpenApi(root: Readonly<Record<string, unknown>>, faults: Faults): boolean {
  const { openapi, swagger } = root
  if (typeof openapi === 'string' && /^3\.[01]\.\d+(-.+)?$/.test(openapi)) return true
  if (openapi !== undefined)
    faults.error(
      ['openapi'],
      `is ${typeof openapi === 'string' ? `"${openapi}"` : `${kindOf(openapi)}, and a version is text`}, expected "3.0.x" or "3.1.x"`,
    )
  else if (swagger !== undefined)
    faults.error(
      ['swagger'],
      'is of Swagger 2, expected OpenAPI 3.0 or 3.1; converted is such a document by: npx swagger2openapi FILE',
    )
  else if ('apiVersion' in root && 'kind' in root)
    faults.error(
      ['kind'],
      'is an object for the gateway, which portcullis run serves, expected an OpenAPI document',
    )
  else faults.error([], 'is no OpenAPI document, expected one that begins with: openapi: 3.1.0')
  return false
}

function failed(file: string, message: string, line = 1): DocumentReading {
  const position = { file, line, column: 1 }
  return { document: null, problems: [{ severity: 'error', position, resource: null, path: [], message }] }
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const place = ({ position }: Problem): number => (position?.line ?? 0) * 10_000 + (position?.column ?? 0)
  return problems.toSorted((a, b) => place(a) - place(b))
}
