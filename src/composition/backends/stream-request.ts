import type { Cancellation } from '../../shared/cancellation.ts'
import type { CallRecord } from '../calls/call-record.ts'
import { basePathOf } from '../transport/base-path.ts'
import type { BackendRequest } from '../transport/transport.ts'
import { lowerCased, type Backend } from './backend.ts'
import type { CallSite } from './call-site.ts'
import type { HttpOptions } from './http-client.ts'
import { bodyOf, fieldsFor, queryOf, templateOf } from './request-text.ts'

export interface StreamRequest {
  readonly call: string
  readonly method: string
  readonly path: string
  readonly options: HttpOptions
  /** What the stream needs said, which the composition may say otherwise. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: Cancellation
  readonly record: CallRecord
}

/** A request whose answer goes on: it has no deadline, and is never repeated by who carries it. */
export function streamRequest(
  name: string,
  backend: Backend,
  site: CallSite,
  { call, method, path, options, headers: usual, signal, record }: StreamRequest,
): BackendRequest {
  const headers = fieldsFor(backend, site, usual)
  Object.assign(headers, lowerCased(options.headers ?? {}))
  return {
    backend: name,
    url: backend.url,
    call,
    method,
    target: `${basePathOf(backend.url)}${templateOf(path).expand(call, options.path)}${queryOf(options.query)}`,
    headers,
    body: bodyOf(options.body, headers),
    signal,
    deadlineMs: Infinity,
    retry: null,
    repeatable: false,
    streams: true,
    client: site.client,
    holding: site.request.holding,
    record,
  }
}
