import type { FieldPath } from '../../model/resource.ts'
import { proposal } from '../../model/nearest.ts'
import { type Faults, kindOf, mapOf } from './faults.ts'
import { resolve } from './references.ts'

export interface Operation {
  /** In upper case. */
  readonly method: string
  /** As the document has it: `/pets/{id}`. */
  readonly path: string
  /** Its operationId, or null. */
  readonly id: string | null
  /** Where the document says which credentials it needs, in place of what holds for all; null where it does not. */
  readonly security: unknown
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const
const OTHER_FIELDS = ['$ref', 'summary', 'description', 'servers', 'parameters']

/** What the paths of a document say, in its order. What is wrong with them is told. */
export function operationsOf(document: Readonly<Record<string, unknown>>, faults: Faults): Operation[] {
  const paths = mapOf(document['paths'])
  if (paths === null) {
    faults.error(
      ['paths'],
      `is ${kindOf(document['paths'])}, expected an object of paths like "/pets", each with its methods`,
    )
    return []
  }
  const shapes = new Map<string, string>()
  const operations = Object.entries(paths).flatMap(([path, item]) => {
    if (path.startsWith('x-')) return []
    checkPath(path, shapes, faults)
    return itemOperations(document, path, item, faults)
  })
  checkNames(operations, faults)
  if (operations.length === 0 && faults.problems.length === 0)
    faults.error(['paths'], 'has no operation, expected at least one, such as "/pets" with "get"')
  return operations
}

function checkPath(path: string, shapes: Map<string, string>, faults: Faults): void {
  const at = ['paths', path]
  if (!path.startsWith('/')) return faults.error(at, 'is no path, expected one that begins with "/"')
  if (/[?#]/.test(path))
    return faults.error(at, 'has a query, expected a path alone; a query is told by parameters')
  if (!/^([^{}]|\{[^{}/]+\})*$/.test(path))
    return faults.error(at, 'has a brace without its other one, expected parameters like "{id}"')
  const shape = path.replaceAll(/\{[^}]*\}/g, '{}')
  const other = shapes.get(shape)
  // OpenAPI 3.1 §4.8.8: "Templated paths with the same hierarchy but different templated names MUST NOT exist".
  if (other !== undefined)
    faults.error(at, `is the same path as "${other}", expected all of its methods under one`)
  else shapes.set(shape, path)
}

function itemOperations(
  document: Readonly<Record<string, unknown>>,
  path: string,
  written: unknown,
  faults: Faults,
): Operation[] {
  const at = ['paths', path]
  const item = mapOf(written)
  if (item === null) {
    faults.error(at, `is ${kindOf(written)}, expected an object of methods`)
    return []
  }
  const referred = referredItem(document, item, at, faults)
  const operations = methodsOf(path, item, at, faults)
  // What stands beside a reference counts beside it.
  const own = new Set(operations.map(({ method }) => method))
  return [...operations, ...referred(path).filter(({ method }) => !own.has(method))]
}

type Referred = (path: string) => Operation[]

function referredItem(
  document: unknown,
  item: Readonly<Record<string, unknown>>,
  at: FieldPath,
  faults: Faults,
): Referred {
  const reference = item['$ref']
  if (typeof reference !== 'string') return () => []
  if (!reference.startsWith('#')) {
    faults.error(
      [...at, '$ref'],
      `is in another file ("${reference}"), and with it the methods of this path, expected one document: npx @redocly/cli bundle`,
    )
    return () => []
  }
  const target = mapOf(resolve(document, reference))
  // That it leads nowhere is told of every reference alike.
  return path => (target === null ? [] : methodsOf(path, target, null, faults))
}

/** `at` is null where the methods have been looked at in their own place. */
function methodsOf(
  path: string,
  item: Readonly<Record<string, unknown>>,
  at: FieldPath | null,
  faults: Faults,
): Operation[] {
  return Object.entries(item).flatMap(([key, value]) => {
    if (key.startsWith('x-') || OTHER_FIELDS.includes(key)) return []
    const method = METHODS.find(known => known === key)
    if (method === undefined) {
      if (at !== null)
        faults.error([...at, key], `is no method${proposal(key, METHODS)}, expected ${METHODS.join(', ')}`)
      return []
    }
    const operation = mapOf(value)
    if (operation === null) {
      if (at !== null) faults.error([...at, key], `is ${kindOf(value)}, expected an object with responses`)
      return []
    }
    return [operationOf(path, method, operation, at, faults)]
  })
}

function operationOf(
  path: string,
  method: string,
  operation: Readonly<Record<string, unknown>>,
  at: FieldPath | null,
  faults: Faults,
): Operation {
  const id = operation['operationId']
  if (id !== undefined && (typeof id !== 'string' || id === '') && at !== null)
    faults.error([...at, method, 'operationId'], `is ${kindOf(id)}, expected a name`)
  return {
    method: method.toUpperCase(),
    path,
    id: typeof id === 'string' ? id : null,
    security: operation['security'] ?? null,
  }
}

function checkNames(operations: readonly Operation[], faults: Faults): void {
  const seen = new Map<string, Operation>()
  for (const operation of operations) {
    if (operation.id === null) continue
    const at = placeOf(operation)
    const other = seen.get(operation.id)
    if (other === undefined) seen.set(operation.id, operation)
    else
      faults.error(
        at,
        `"${operation.id}" is the name of two operations, the other is in line ${faults.line(placeOf(other))}, expected one of its own for each`,
      )
  }
}

function placeOf({ path, method }: Operation): FieldPath {
  return ['paths', path, method.toLowerCase(), 'operationId']
}
