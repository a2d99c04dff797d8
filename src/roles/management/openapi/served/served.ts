import { memoized } from '../../../../snapshot/memo.ts'
import { AnswerWriter, type Answers } from './answers.ts'
import { isObject, objectIn, pointed, type Json } from './json.ts'
import { prune } from './pruned.ts'
import { Requirements } from './requirements.ts'
import type { Alternative } from './security.ts'

/** What a gateway adds to the document of an API. */
export interface Added extends Answers {
  /** Ids of the operations that are left in; null: all. */
  readonly operations: readonly string[] | null
  /** Of the one server: where clients reach the API. */
  readonly server: string
  /** Empty: the gateway asks for nothing. */
  readonly security: readonly Alternative[]
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

/** Of one document; more than one API may have it, and what is added changes. */
const KEPT = 16
const known = new WeakMap<object, Map<string, string>>()

/** The document of an API as its clients are to have it, as JSON text. Of the version that it had. */
export function servedDocument(document: object, added: Added): string {
  const texts = memoized(known, document, () => new Map<string, string>())
  const key = JSON.stringify(added)
  const before = texts.get(key)
  if (before !== undefined) return before
  if (texts.size === KEPT) texts.clear()
  const text = JSON.stringify(write(document, added))
  texts.set(key, text)
  return text
}

function write(declared: object, added: Added): Json {
  // By text: what an alias of YAML has put in two places is two parts from here on.
  const document = JSON.parse(JSON.stringify(declared)) as Json
  document['servers'] = [{ url: added.server }]
  const operations = keep(document, added.operations)
  if (added.operations !== null) delete document['webhooks']
  const requirements = new Requirements(document, added.security)
  if (added.operations !== null) prune(document)
  const answers = new AnswerWriter(document, added)
  for (const operation of operations) {
    delete operation['servers']
    if (added.farewell !== 'none') operation['deprecated'] = true
    requirements.write(operation)
    answers.write(operation)
  }
  dropEmpty(document)
  return document
}

/** Takes out all other operations, and gives those that are left. */
function keep(document: Json, wanted: readonly string[] | null): Json[] {
  const paths = objectIn(document, 'paths')
  const ids = wanted && new Set<unknown>(wanted)
  // What they lead to may be a path that is taken out.
  const items = Object.entries(paths).map(([path, item]) => [path, resolved(document, item)] as const)
  return items.flatMap(([path, item]) => {
    if (!isObject(item) || path.startsWith('x-')) return []
    paths[path] = item
    delete item['servers']
    const left = methods.flatMap(method => {
      const operation = item[method]
      if (!isObject(operation)) return []
      const id = operation['operationId'] ?? `${method.toUpperCase()} ${path}`
      if (ids === null || ids.has(id)) return [operation]
      delete item[method]
      return []
    })
    if (left.length === 0) delete paths[path]
    return left
  })
}

/** A copy of its own of a path item that is elsewhere in the document. */
function resolved(document: Json, item: unknown): unknown {
  if (!isObject(item) || typeof item['$ref'] !== 'string') return item
  const { $ref, ...own } = item
  const found = resolved(document, pointed(document, $ref as string))
  return { ...structuredClone(found as Json), ...own }
}

function dropEmpty(document: Json): void {
  const components = objectIn(document, 'components')
  for (const [kind, all] of Object.entries(components))
    if (isObject(all) && Object.keys(all).length === 0) delete components[kind]
  if (Object.keys(components).length === 0) delete document['components']
}
