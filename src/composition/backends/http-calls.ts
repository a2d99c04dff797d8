import type { Call } from '../calls/call.ts'
import { basePathOf } from '../transport/base-path.ts'
import type { BackendAnswer } from '../transport/transport.ts'
import { lowerCased, type Backend } from './backend.ts'
import { answerOf, jsonResultOf, resultOf } from './answers.ts'
import type { CallSite } from './call-site.ts'
import type { Method } from './contract.ts'
import type { EventsOptions } from './event-types.ts'
import { Subscribed } from './events.ts'
import type { HttpOptions, QueryValue } from './http-client.ts'
import { bodyOf, fieldsFor, knownCall, queryOf } from './request-text.ts'
import { trackedCall, trackedResult, type RunningCall } from './tracked-call.ts'

type Options = HttpOptions & { readonly header?: Readonly<Record<string, QueryValue>> }

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** A call of which all is made but what backend and engine add: of a route that is declared. */
export interface PreparedCall {
  /** `users GET /users/{params.id}` */
  readonly name: string
  /** In upper case. */
  readonly method: string
  /** Path and query, below the backend's own path. */
  readonly target: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>> | null
  /** JSON. */
  readonly body: Uint8Array | null
  /** Less than the backend's; Infinity where it is that. */
  readonly timeoutMs: number
}

/** An answer with all of its body. */
interface Whole {
  readonly answer: BackendAnswer
  readonly content: Uint8Array
}

/** What a route calls as `c.NAME` of a backend of HTTP, for one request. */
export class HttpCalls {
  private readonly name: string
  private readonly backend: Backend
  private readonly site: CallSite

  constructor(name: string, backend: Backend, site: CallSite) {
    this.name = name
    this.backend = backend
    this.site = site
  }

  get(path: string, options?: Options): Call<unknown> {
    return this.call('get', path, options)
  }

  put(path: string, options?: Options): Call<unknown> {
    return this.call('put', path, options)
  }

  post(path: string, options?: Options): Call<unknown> {
    return this.call('post', path, options)
  }

  patch(path: string, options?: Options): Call<unknown> {
    return this.call('patch', path, options)
  }

  delete(path: string, options?: Options): Call<unknown> {
    return this.call('delete', path, options)
  }

  events(path: string, options?: EventsOptions): Subscribed<unknown> {
    return new Subscribed(this.name, path, this.backend, this.site, options)
  }

  /** Brings what the JSON of the answer says; fails with an answer that is no success, or no JSON. */
  prepared(call: PreparedCall): Call<unknown> {
    return trackedCall(this.site, call.name, this.timeoutOf(call), running => this.jsonOf(call, running))
  }

  /** The same, for who awaits it and nothing else. */
  brought(call: PreparedCall): Promise<unknown> {
    return trackedResult(this.site, call.name, this.timeoutOf(call), running => this.jsonOf(call, running))
  }

  private timeoutOf({ timeoutMs }: PreparedCall): number {
    return Math.min(this.backend.timeoutMs, timeoutMs)
  }

  private jsonOf(
    { name, method, target, headers: given, body }: PreparedCall,
    running: RunningCall,
  ): Promise<unknown> {
    const headers = this.headersFor(given, running.deadlineMs)
    if (body !== null) headers['content-type'] ??= 'application/json'
    return this.whole(running, method, target, headers, body).then(({ answer, content }) => {
      this.site.request.throwIfCancelled()
      return jsonResultOf(name, answer, content)
    })
  }

  private call(method: Method, path: string, options: Options = {}): Call<unknown> {
    const { backend } = this
    const { name, method: onWire, template } = knownCall(this.name, method, path)
    const timeoutMs = Math.min(backend.timeoutMs, options.timeoutMs ?? Infinity)
    return trackedCall(this.site, name, timeoutMs, running => {
      const headers = this.headersFor(fieldsOf(options), running.deadlineMs)
      const body = bodyOf(options.body, headers)
      const target = `${template.expand(name, options.path)}${queryOf(options.query)}`
      return this.whole(running, onWire, target, headers, body).then(({ answer, content }) => {
        this.site.request.throwIfCancelled()
        return backend.protocol === 'rest' ? resultOf(name, answer, content) : answerOf(name, answer, content)
      })
    })
  }

  /** Whose request has lost its place by what has come is told before this resolves, and makes nothing of it any more. */
  private whole(
    running: RunningCall,
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | null,
  ): Promise<Whole> {
    return new Promise((resolve, reject) => {
      this.send(running, method, target, headers, body).then(answer => {
        running.record.status = answer.status
        answer.body.bytes(this.backend.limitBytes).then(content => {
          this.site.request.keeps(content)
          resolve({ answer, content })
        }, reject)
      }, reject)
    })
  }

  private send(
    { name, signal, deadlineMs, record }: RunningCall,
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | null,
  ): Promise<BackendAnswer> {
    const { backend } = this
    return this.site.transport.send({
      backend: this.name,
      url: backend.url,
      call: name,
      method,
      target: `${basePathOf(backend.url)}${target}`,
      headers,
      body,
      signal,
      deadlineMs,
      retry: backend.retry,
      repeatable: SAFE.has(method) || headers['idempotency-key'] !== undefined,
      client: this.site.client,
      holding: this.site.request.holding,
      record,
    })
  }

  /** The composition's word comes last, but for the deadline, of which only the engine knows. */
  private headersFor(
    given: Readonly<Record<string, string>> | null,
    deadlineMs: number,
  ): Record<string, string> {
    const { backend, site } = this
    const headers = fieldsFor(backend, site, { accept: 'application/json' })
    if (given !== null) Object.assign(headers, given)
    // Who does it behind a cache must not find it before: it is another in each request.
    if (backend.deadlineHeader !== null && site.transport.tellsDeadlines !== true)
      headers[backend.deadlineHeader] = String(Math.max(1, Math.floor(deadlineMs - site.request.clock.now())))
    return headers
  }
}

/** Lists are joined by commas, as OpenAPI's style `simple` has them. */
type Simple = string | number | boolean | readonly string[]

/** What a call says itself, by names in lower case. */
function fieldsOf(options: Options): Readonly<Record<string, string>> | null {
  const { header, headers, idempotencyKey } = options
  if (header === undefined && headers === undefined && idempotencyKey === undefined) return null
  const fields: Record<string, string> = {}
  if (header !== undefined)
    for (const [field, value] of Object.entries(header))
      if (value != null) fields[field.toLowerCase()] = String(value as Simple)
  if (headers !== undefined) Object.assign(fields, lowerCased(headers))
  if (idempotencyKey !== undefined) fields['idempotency-key'] = idempotencyKey
  return fields
}
