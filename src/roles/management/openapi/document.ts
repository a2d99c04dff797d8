import type { FieldPath } from '../../../model/resource.ts'
import { fieldOf } from '../../../model/words.ts'
import { shapeOf, templateOf } from './template.ts'

/** What a client can do by one method at one path of a document. */
export interface Operation {
  /** Its operationId; without one, method and path: `GET /pets/{id}`. */
  readonly id: string
  readonly method: string
  /** As it is written, below the base path of the API. */
  readonly template: string
}

/** What is wrong with a document, and where in it. */
interface Fault {
  readonly path: FieldPath
  readonly message: string
}

/** What is read of an OpenAPI document of version 3.0 or 3.1. Its operations count only where it has no faults. */
export interface OpenApiDocument {
  readonly operations: readonly Operation[]
  readonly faults: readonly Fault[]
}

/** More than the largest that are published (GitHub's has 1,100); beyond, a change would be felt in every worker. */
const MOST_OPERATIONS = 5000
const LONGEST = 1024
const LONGEST_ID = 256

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const

/** A document is frozen and stays the same object until it changes. */
const read = new WeakMap<object, OpenApiDocument>()

/** Reads a document; never throws. `servers` are not looked at: where an API is served, its routes say. */
export function documentOf(document: object): OpenApiDocument {
  let known = read.get(document)
  if (known === undefined) read.set(document, (known = new Reader(document).read()))
  return known
}

class Reader {
  private readonly document: object
  private readonly operations: Operation[] = []
  private readonly faults: Fault[] = []
  /** Where each was first. */
  private readonly ids = new Map<string, string>()
  private readonly shapes = new Map<string, string>()

  constructor(document: object) {
    this.document = document
  }

  read(): OpenApiDocument {
    this.version(fieldOf(this.document, 'openapi'))
    const paths = fieldOf(this.document, 'paths')
    if (isObject(paths)) for (const [path, item] of Object.entries(paths)) this.path(path, item)
    else if (paths !== undefined) this.fault(['paths'], 'is no object, expected paths like "/pets/{id}"')
    if (this.operations.length > MOST_OPERATIONS)
      this.fault(['paths'], `has ${this.operations.length} operations, expected at most ${MOST_OPERATIONS}`)
    if (this.operations.length === 0 && this.faults.length === 0)
      this.fault(['paths'], 'has no operation, expected at least one')
    return Object.freeze({ operations: this.operations, faults: this.faults })
  }

  private version(version: unknown): void {
    const expected = 'expected "3.0.x" or "3.1.x"'
    if (typeof version === 'number')
      return this.fault(['openapi'], `is a number, ${expected} (put it in quotes)`)
    if (typeof version === 'string' && /^3\.[01]\.\d+(-.+)?$/.test(version)) return
    if (fieldOf(this.document, 'swagger') !== undefined)
      return this.fault(['swagger'], 'Swagger 2.0 is not read, expected OpenAPI 3.0 or 3.1: convert it first')
    const found =
      typeof version === 'string' ? `${JSON.stringify(version.slice(0, 20))} is not read` : 'is required'
    this.fault(['openapi'], `${found}, ${expected}`)
  }

  private path(path: string, written: unknown): void {
    if (path.startsWith('x-')) return
    const at = ['paths', path]
    if (!path.startsWith('/'))
      return this.fault(at, 'does not begin with "/", expected a path like "/pets/{id}"')
    if (path.length > LONGEST)
      return this.fault(at, `has ${path.length} characters, expected at most ${LONGEST}`)
    const template = templateOf(path)
    if (typeof template === 'string') return this.fault(at, template)
    const shape = shapeOf(template)
    const twin = this.shapes.get(shape)
    // OpenAPI 3.1.1 §4.8.8.1: "Templated paths with the same hierarchy but different templated names MUST NOT exist".
    if (twin !== undefined) return this.fault(at, `takes the same requests as ${twin}, expected one of them`)
    this.shapes.set(shape, path)
    const item = this.resolved(written, at, 0)
    if (item === null) return
    if (!isObject(item)) return this.fault(at, 'is no object, expected methods like get and post')
    for (const method of methods) {
      const operation = fieldOf(item, method)
      if (operation !== undefined) this.operation(method, path, operation)
    }
  }

  private operation(method: string, template: string, operation: unknown): void {
    const at = ['paths', template, method]
    if (!isObject(operation)) return this.fault(at, 'is no object, expected an operation')
    const upper = method.toUpperCase()
    const written = fieldOf(operation, 'operationId')
    const id = written ?? `${upper} ${template}`
    const idAt = written === undefined ? at : [...at, 'operationId']
    if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID || /[\p{Cc}\p{Cs}]/u.test(id))
      return this.fault(idAt, `is no id, expected text of 1 to ${LONGEST_ID} characters`)
    const first = this.ids.get(id)
    if (first !== undefined)
      return this.fault(idAt, `${JSON.stringify(id)} is the id of ${first} already, expected another`)
    this.ids.set(id, `${upper} ${template}`)
    this.operations.push({ id, method: upper, template })
  }

  /** What a `$ref` of a path item leads to within the document; null, with a fault, where that is nothing. */
  private resolved(item: unknown, at: FieldPath, depth: number): unknown {
    const ref = fieldOf(item, '$ref')
    if (ref === undefined) return item
    const fault = (message: string): null => {
      this.fault([...at, '$ref'], message)
      return null
    }
    if (typeof ref !== 'string') return fault('is no text, expected one like "#/components/pathItems/pets"')
    if (!ref.startsWith('#/'))
      return fault('leads to another document, which is not read, expected all of it in one')
    if (depth > 8) return fault('leads around in a circle')
    const found = ref.slice(2).split('/').map(unescaped).reduce<unknown>(fieldOf, this.document)
    return found === undefined
      ? fault('leads to nothing in this document')
      : this.resolved(found, at, depth + 1)
  }

  private fault(path: FieldPath, message: string): void {
    this.faults.push({ path, message })
  }
}

/** A token of a JSON Pointer in a URI fragment (RFC 6901 §6). */
export function unescaped(token: string): string {
  return decoded(token).replaceAll('~1', '/').replaceAll('~0', '~')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
