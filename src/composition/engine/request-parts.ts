import type { TObject, TSchema } from 'typebox'
import { objectBytes } from '../calls/holding.ts'
import type { RequestScope } from '../calls/scope.ts'
import { Problem } from '../routes/answer.ts'
import type { In } from '../routes/route.ts'
import { Checked, type Fault, type Reading } from '../schemas/checked.ts'
import type { Course } from './course.ts'
import type { GatewayRequest } from './messages.ts'
import { wholeBody } from './request-body.ts'

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

export interface Parts {
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const made = new WeakMap<In, RequestParts>()

/** What a route takes of a request, checked. */
export class RequestParts {
  private readonly schemas: In
  private readonly params: Checked | null
  private readonly query: Checked | null
  private readonly headers: Checked | null
  private readonly body: Checked | null

  private constructor(schemas: In) {
    this.schemas = schemas
    const checked = (name: string, schema: TSchema | undefined) =>
      schema === undefined ? null : new Checked(name, schema)
    this.params = checked('path', schemas.params)
    this.query = checked('query', schemas.query)
    this.headers = checked('headers', schemas.headers)
    this.body = checked('body', schemas.body)
  }

  /** The same for all engines: of the tests of a gateway each has its own. */
  static of(schemas: In): RequestParts {
    let parts = made.get(schemas)
    if (parts === undefined) made.set(schemas, (parts = new RequestParts(schemas)))
    return parts
  }

  /** Throws a Problem 400 that says what is wrong where, 413 or 415; or what the request ended with meanwhile. */
  read(course: Course, limitBytes: number): Parts | Promise<Parts> {
    if (this.body === null) return this.made(course, undefined)
    return jsonOf(course.scope, course.request, limitBytes).then(json => this.made(course, json))
  }

  private made({ request, target }: Course, json: unknown): Parts {
    const { params, search } = target
    const faults: Fault[] = []
    const part = (reading: Reading) => {
      faults.push(...reading.faults)
      return reading.value
    }
    const { schemas } = this
    const path =
      this.params === null ? params : { ...params, ...(part(this.params.convert(params)) as object) }
    const query = this.query === null ? {} : part(this.query.convert(queryOf(schemas.query!, search)))
    if (this.headers !== null) part(this.headers.convert(namedOf(schemas.headers!, request.headers)))
    const body = this.body === null ? undefined : part(this.body.take(json))
    if (faults.length > 0)
      throw new Problem(400, 'The request is not what the API takes', {
        detail: faults.map(({ at, message }) => `${at} ${message}`).join('; '),
        members: { errors: faults },
      })
    return { params: path, query: query as Parts['query'], headers: request.headers, body }
  }
}

/** Of what the schema names alone; all values of a list, of another the one there is, or all, which do not fit. */
function queryOf(schema: TObject, search: string): Record<string, unknown> {
  const pairs = new URLSearchParams(search)
  const query: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(schema.properties)) {
    const values = pairs.getAll(name)
    if (values.length === 0) continue
    query[name] = 'items' in member || values.length > 1 ? values : values[0]
  }
  return query
}

function namedOf(schema: TObject, headers: Readonly<Record<string, string>>): Record<string, unknown> {
  const named: Record<string, unknown> = {}
  for (const name of Object.keys(schema.properties))
    if (headers[name] !== undefined) named[name] = headers[name]
  return named
}

async function jsonOf(
  scope: RequestScope,
  { headers, body }: GatewayRequest,
  limitBytes: number,
): Promise<unknown> {
  if (body === null) return undefined
  if (!JSON_TYPE.test(headers['content-type'] ?? ''))
    throw new Problem(415, 'The body of the request must be JSON', {
      headers: { accept: 'application/json' },
    })
  const content = await wholeBody(body, limitBytes, scope)
  scope.holding.add(objectBytes(content))
  // Who has lost its place by that is told now, and makes nothing of it any more.
  await Promise.resolve()
  scope.throwIfCancelled()
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch (cause) {
    const problem = new Problem(400, 'The body of the request is no JSON')
    problem.cause = cause
    throw problem
  }
}
