import type { TSchema } from 'typebox'
import type { DescService } from '@bufbuild/protobuf'
import { isOwn } from '../../http/owned-fields.ts'
import { isField } from '../engine/fields.ts'
import type { RetrySettings } from '../transport/transport.ts'
import type { HttpClient } from './http-client.ts'
import type { Slow } from '../streams/bounded-queue.ts'
import type { SocketLimits } from '../streams/frame-socket.ts'
import type { Operations, RestClient } from './contract.ts'
import { resilienceOf, type DeclaredResilience, type Resilience } from './resilience.ts'

/** Where a backend is, and what holds for each call of it. */
export interface BackendSettings extends Resilience {
  /** `http://users`, or `https://erp.example.com/api`: paths are below it. */
  readonly url: string
  /** How long a call may take, with all that is repeated. 10,000 where it is left out, Infinity for none; the request's deadline holds beside it. */
  readonly timeoutMs?: number
  /** The field by which it is told how many milliseconds are left. */
  readonly deadlineHeader?: string
  /** Fields of the client's request that it gets too, such as `authorization`. Without it no credential passes. */
  readonly relay?: readonly string[]
  /** Fields of each request. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is repeated: safe methods, and what has an idempotency key. Left out: nothing. */
  readonly retry?: RetryDeclaration
  /** How long an answer may be: 4 MiB where it is left out. */
  readonly limitBytes?: number
}

export interface RetryDeclaration {
  /** At most so many beyond the first. */
  readonly attempts: number
  /** The share of requests that may be retries, 0 to 1: 0.2 where it is left out. */
  readonly budget?: number
  /** Statuses that are worth it, beside failures of the network: 502, 503 and 504 where it is left out. */
  readonly statuses?: readonly number[]
}

/** What a backend is typed by: it has no value. */
export interface Contract {
  /** What a route calls it by. */
  readonly client: unknown
  /** `GET /users/{id}` and so on. */
  readonly calls: string
  /** Of its OpenAPI document; never where it has none. */
  readonly paths: unknown
}

/** A backend as a composition declares it. */
export interface Backend<C extends Contract = Contract> {
  readonly protocol: 'rest' | 'http' | 'grpc' | 'websocket'
  readonly url: URL
  readonly timeoutMs: number
  readonly deadlineHeader: string | null
  readonly relay: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly retry: RetrySettings | null
  readonly limitBytes: number
  /** Of `grpc` alone. */
  readonly grpc?: GrpcDeclaration
  /** Of `websocket` alone. */
  readonly socket?: SocketDeclaration
  /** As it is declared; `timeoutMs` is there where that is said, and not by default. */
  readonly resilience: DeclaredResilience
  /** For types alone. */
  readonly contract?: C
}

/** What a backend of gRPC has beside what others have. */
export interface GrpcDeclaration {
  readonly service: DescService
  /** Whether long messages of requests are compressed. */
  readonly gzip: boolean
  /** The names of methods, as they are called, that may be repeated. */
  readonly idempotent: ReadonlySet<string>
}

/** What a backend of WebSockets has beside what others have. */
export interface SocketDeclaration {
  readonly receives: TSchema | undefined
  readonly sends: TSchema | undefined
  readonly limits: SocketLimits
  readonly slow: Slow<never>
}

export type Backends = Readonly<Record<string, Backend>>

/** The clients of these backends: what a route calls `c`. */
export type Clients<B extends Backends> = {
  readonly [N in keyof B]: B[N] extends Backend<infer C> ? C['client'] : never
}

/** What a call of one of these backends is called: `users GET /users/{id}`. */
export type CallNames<B extends Backends> = {
  [N in keyof B & string]: B[N] extends Backend<infer C> ? `${N} ${C['calls']}` : never
}[keyof B & string]

export interface RestContract<Paths> extends Contract {
  readonly client: RestClient<Paths>
  readonly calls: Operations<Paths>
  readonly paths: Paths
}

export interface HttpContract extends Contract {
  readonly client: HttpClient
  readonly calls: `${string} /${string}`
  readonly paths: never
}

/**
 * A backend whose calls are typed by its contract: the `paths` that `portcullis composition gen` (or openapi-typescript)
 * makes of its OpenAPI document. An answer that is no success fails the call.
 *
 * @example
 * import type { paths as Users } from './.portcullis/users.d.ts'
 * const users = rest<Users>({ url: 'http://users', timeoutMs: 800, retry: { attempts: 2, budget: 0.1 } })
 */
export function rest<Paths>(settings: BackendSettings): Backend<RestContract<Paths>> {
  return declared('rest', settings)
}

/**
 * A backend that has no contract: an answer has status, fields and body, whatever the status is.
 *
 * @example
 * const legacy = http({ url: 'http://legacy:8080' })
 * const answer = await c.legacy.get('/report', { query: { year: 2026 } })
 */
export function http(settings: BackendSettings): Backend<HttpContract> {
  return declared('http', settings)
}

/** W3C Trace Context: what a backend does is part of what the client asked for. */
export const ALWAYS_RELAYED = ['traceparent', 'tracestate']

export function declared(
  protocol: 'rest' | 'http' | 'websocket',
  settings: BackendSettings,
  scheme: 'http' | 'ws' = 'http',
): Backend<never> {
  const url = new URL(settings.url)
  if (
    ![`${scheme}:`, `${scheme}s:`].includes(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  )
    throw new TypeError(
      `the url ${JSON.stringify(settings.url)} of a backend: expected ${scheme}:// or ${scheme}s:// without query and user`,
    )
  const { retry } = settings
  return {
    protocol,
    url,
    timeoutMs: settings.timeoutMs ?? 10_000,
    deadlineHeader: settings.deadlineHeader === undefined ? null : deadlineField(settings.deadlineHeader),
    relay: [...ALWAYS_RELAYED, ...(settings.relay ?? []).map(name => name.toLowerCase())],
    headers: lowerCased(settings.headers ?? {}),
    retry:
      retry === undefined
        ? null
        : {
            attempts: retry.attempts,
            budget: retry.budget ?? 0.2,
            statuses: retry.statuses ?? [502, 503, 504],
          },
    limitBytes: settings.limitBytes ?? 4 * 1024 * 1024,
    resilience: resilienceOf(settings),
  }
}

/** The name of that field in lower case, or a TypeError where it is one that the gateway or the connection writes. */
export function deadlineField(name: string): string {
  if (isOwn(name) || !isField(name, ''))
    throw new TypeError(
      `deadlineHeader of a backend: ${JSON.stringify(name)}, expected a field that neither the gateway nor the connection writes`,
    )
  return name.toLowerCase()
}

export const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
