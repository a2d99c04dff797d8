import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { fieldOf } from '../model/words.ts'
import type { Access } from './access.ts'
import { Lines } from './lines.ts'

/** What an API server answered in place of what was asked for (meta/v1 Status). */
export class ApiError extends Error {
  /** Of HTTP, or of the event of a watch. */
  readonly code: number
  /** How long the server asks to be left alone; 0 where it does not say. */
  readonly retryAfterMs: number

  constructor(code: number, message: string, retryAfterMs = 0) {
    super(message)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

export type Query = Readonly<Record<string, string | number | boolean>>

export interface StreamOptions {
  readonly signal: AbortSignal
  /** How long nothing may come. */
  readonly silenceMs: number
  /** Called once the server has agreed. */
  readonly begun?: () => void
  /** Called with each line; what it throws ends the stream. */
  readonly line: (line: string) => void
}

/** Of what says why something is refused, this much is read. */
const REFUSAL_BYTES = 64 * 1024
/** Of a page: 500 objects of the size that etcd takes at most would be more, and are nobody's. */
const ANSWER_BYTES = 256 * 1024 * 1024
/** Lists of a server that is busy begin late. */
const ANSWER_SILENCE_MS = 60_000
const MERGE_PATCH = 'application/merge-patch+json'

/** Requests of JSON to one API server. Rejections are ApiErrors, and what Node says of connections. */
export class ApiClient {
  readonly access: Access
  private readonly request: typeof plainRequest

  constructor(access: Access) {
    this.access = access
    this.request = access.server.protocol === 'http:' ? plainRequest : tlsRequest
  }

  async get(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    return json(await this.open('GET', path, query, { signal }))
  }

  /** Creates what the body says, in the collection of this path. */
  async create(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return json(await this.open('POST', path, {}, { signal, body, type: 'application/json' }))
  }

  async replace(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return json(await this.open('PUT', path, {}, { signal, body, type: 'application/json' }))
  }

  /** RFC 7396: lists are replaced whole. */
  async mergePatch(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return json(await this.open('PATCH', path, {}, { signal, body, type: MERGE_PATCH }))
  }

  /** `options`: meta/v1 DeleteOptions. */
  async delete(path: string, options: unknown, signal: AbortSignal): Promise<unknown> {
    return json(await this.open('DELETE', path, {}, { signal, body: options, type: 'application/json' }))
  }

  /** Lines of an answer without an end, such as a watch; resolves when the server ends it. */
  async stream(path: string, query: Query, { signal, silenceMs, begun, line }: StreamOptions): Promise<void> {
    const response = await this.open('GET', path, query, { signal, silenceMs })
    begun?.()
    const lines = new Lines(line)
    for await (const chunk of response) lines.take(chunk as Buffer)
  }

  private async open(method: string, path: string, query: Query, what: Asked): Promise<IncomingMessage> {
    const { signal, silenceMs = ANSWER_SILENCE_MS, body, type } = what
    const { server } = this.access
    const given = await this.access.options()
    const payload = body === undefined ? null : Buffer.from(JSON.stringify(body))
    const base = server.pathname.replace(/\/$/, '')
    const options: RequestOptions = {
      ...given,
      method,
      signal,
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port || (server.protocol === 'http:' ? 80 : 443),
      path: `${base}${path}${queryText(query)}`,
      headers: {
        ...(given.headers as Record<string, string>),
        accept: 'application/json',
        'user-agent': 'portcullis',
        ...(payload && { 'content-type': type, 'content-length': payload.length }),
      },
    }
    const response = await this.answer(options, payload, silenceMs)
    const { statusCode = 0 } = response
    if (statusCode >= 200 && statusCode < 300) return response
    throw await refusal(response, `${method} ${path}`)
  }

  private answer(options: RequestOptions, payload: Buffer | null, ms: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = this.request(options, resolve)
      request.on('error', reject)
      request.setTimeout(ms, () => request.destroy(new Error(`nothing came for ${ms / 1000} s`)))
      request.end(payload ?? undefined)
    })
  }
}

interface Asked {
  readonly signal: AbortSignal
  readonly silenceMs?: number
  readonly body?: unknown
  readonly type?: string
}

function queryText(query: Query): string {
  const entries = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`
}

async function json(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > ANSWER_BYTES) throw new Error(`the answer has more than ${ANSWER_BYTES} bytes`)
  }
  const text = Buffer.concat(chunks).toString()
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Error('the answer is no JSON')
  }
}

async function refusal(response: IncomingMessage, what: string): Promise<ApiError> {
  const { statusCode = 0, headers } = response
  let text = ''
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1')
    if (text.length > REFUSAL_BYTES) break
  }
  const seconds = Number(headers['retry-after'])
  const retryAfterMs = seconds > 0 ? seconds * 1000 : 0
  return new ApiError(statusCode, `${what}: ${statusCode} ${messageOf(text)}`, retryAfterMs)
}

function messageOf(text: string): string {
  try {
    const message = fieldOf(JSON.parse(text), 'message')
    if (typeof message === 'string') return message.slice(0, 1000)
  } catch {
    // Something in between has answered.
  }
  return text.slice(0, 200)
}
