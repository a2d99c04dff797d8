import type { Call } from '../calls/call.ts'
import { PathTemplate } from '../routes/template.ts'
import type { BackendAnswer, BackendRequest } from '../transport/transport.ts'
import { lowerCased, type Backend } from './backend.ts'
import { answerOf, resultOf } from './answers.ts'
import type { CallSite } from './call-site.ts'
import type { Method } from './contract.ts'
import { EventStream, type EventsOptions } from './events.ts'
import type { HttpOptions, QueryValue } from './http-client.ts'
import { trackedCall } from './tracked-call.ts'

type Options = HttpOptions & { readonly header?: Readonly<Record<string, QueryValue>> }

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

const templates = new Map<string, PathTemplate>()
/** Paths of a composition are written in its code, those without braces of http() perhaps not. */
const MOST_TEMPLATES = 2_000

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

  events(path: string, options?: EventsOptions): EventStream<unknown> {
    return new EventStream(this.name, path, this.backend, this.site, options)
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

export function templateOf(path: string): PathTemplate {
  let template = templates.get(path)
  if (template === undefined) {
    template = new PathTemplate(path)
    if (templates.size < MOST_TEMPLATES) templates.set(path, template)
  }
  return template
}

/** Names in the order given; of a list one for each (OpenAPI's `form`, exploded); what is null or undefined is left out. */
export function queryOf(query: Readonly<Record<string, QueryValue>> | undefined): string {
  if (query === undefined) return ''
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat()) if (one != null) pairs.append(name, String(one))
  return pairs.size === 0 ? '' : `?${pairs.toString()}`
}

export function bodyOf(body: unknown, headers: Record<string, string>): Uint8Array | null {
  if (body === undefined) return null
  if (body instanceof Uint8Array) return body
  if (typeof body === 'string' && headers['content-type'] !== undefined) return Buffer.from(body)
  headers['content-type'] ??= 'application/json'
  return Buffer.from(JSON.stringify(body))
}
