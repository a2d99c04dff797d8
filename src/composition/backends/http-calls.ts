import type { Call } from '../calls/call.ts'
import type { BackendAnswer, BackendRequest } from '../transport/transport.ts'
import { lowerCased, type Backend } from './backend.ts'
import { answerOf, resultOf } from './answers.ts'
import type { CallSite } from './call-site.ts'
import type { Method } from './contract.ts'
import type { EventsOptions } from './event-types.ts'
import { Subscribed } from './events.ts'
import type { HttpOptions, QueryValue } from './http-client.ts'
import { bodyOf, queryOf, templateOf } from './request-text.ts'
import { trackedCall } from './tracked-call.ts'

type Options = HttpOptions & { readonly header?: Readonly<Record<string, QueryValue>> }

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

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

  private call(method: Method, path: string, options: Options = {}): Call<unknown> {
    const name = `${this.name} ${method.toUpperCase()} ${path}`
    const timeoutMs = Math.min(this.backend.timeoutMs, options.timeoutMs ?? Infinity)
    return trackedCall(this.site, name, timeoutMs, async ({ signal, deadlineMs, record }) => {
      const answer = await this.site.transport.send(
        this.requestFor(name, method, path, options, signal, deadlineMs),
      )
      record.status = answer.status
      record.attempts = answer.attempt ?? 1
      return await this.read(name, answer)
    })
  }

  private async read(name: string, answer: BackendAnswer): Promise<unknown> {
    const content = await answer.body.bytes(this.backend.limitBytes)
    return this.backend.protocol === 'rest'
      ? resultOf(name, answer, content)
      : answerOf(name, answer, content)
  }

  private requestFor(
    name: string,
    method: Method,
    path: string,
    options: Options,
    signal: AbortSignal,
    deadlineMs: number,
  ): BackendRequest {
    const { backend } = this
    const headers = this.headersFor(options, deadlineMs)
    const body = bodyOf(options.body, headers)
    const base = backend.url.pathname.replace(/\/$/, '')
    return {
      backend: this.name,
      url: backend.url,
      call: name,
      method: method.toUpperCase(),
      target: `${base}${templateOf(path).expand(name, options.path)}${queryOf(options.query)}`,
      headers,
      body,
      signal,
      deadlineMs,
      retry: backend.retry,
      repeatable: SAFE.has(method.toUpperCase()) || headers['idempotency-key'] !== undefined,
    }
  }

  /** The composition's word comes last, but for the deadline, of which only the engine knows. */
  private headersFor(options: Options, deadlineMs: number): Record<string, string> {
    const { backend, site } = this
    const headers: Record<string, string> = { accept: 'application/json', ...backend.headers }
    for (const field of backend.relay) {
      const value = site.headers[field]
      if (value !== undefined) headers[field] = value
    }
    if (options.header !== undefined)
      for (const [field, value] of Object.entries(options.header))
        if (value != null) headers[field.toLowerCase()] = String(value)
    if (options.headers !== undefined) Object.assign(headers, lowerCased(options.headers))
    if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey
    if (backend.deadlineHeader !== null)
      headers[backend.deadlineHeader] = String(Math.max(1, Math.floor(deadlineMs - site.request.clock.now())))
    return headers
  }
}
