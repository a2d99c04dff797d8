import type { IncomingMessage, RequestOptions } from 'node:http'
import { text } from 'node:stream/consumers'
import { CommandFailure, type Given } from './flag.ts'
import { adminUrl, data, token } from './flags.ts'
import { socketFile } from './socket-file.ts'

/** Parameters of a question; several values are the parameter several times, and undefined is none. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

export interface ServerEvent {
  readonly event: string
  readonly data: unknown
}

/** What else a question has: its parameters, its body as JSON, and fields of its own. */
export interface Asked {
  readonly query?: Query
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer<T> {
  readonly body: T
  /** Names the version of what it is about; "" where it has none. */
  readonly etag: string
}

/** Asks a running gateway. What goes wrong is a CommandFailure that says what the gateway says of it. */
export interface AdminClient {
  get<T>(path: string, query?: Query): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  /** By any method; fails with Refused where the answer is not of the 2xx. An answer without a body is null. */
  ask<T>(method: string, path: string, asked?: Asked): Promise<Answer<T>>
  /** An answer of many lines, as they come. */
  lines(path: string): AsyncGenerator<string>
  /** Server-sent events, as they come; ends with `signal`, fails when the gateway ends it. */
  events(path: string, query?: Query, signal?: AbortSignal): AsyncGenerator<ServerEvent>
}

/** The gateway has answered that it will not; `detail` is why. */
export class Refused extends CommandFailure {
  readonly status: number
  readonly detail: string

  constructor(status: number, statusText: string, detail: string) {
    super(`the gateway answers ${status} ${statusText}: ${detail}`)
    this.status = status
    this.detail = detail
  }
}

/** Nobody is there to ask. */
export class NoGateway extends CommandFailure {}

/** Of a command with the flags `data`, `adminUrl` and `token`: by the socket of --data, or by --admin URL. */
export function adminClient(given: Given): AdminClient {
  const url = given.get(adminUrl)
  if (url === null) return new Client(socketTarget(given.get(data)))
  return new Client(urlTarget(url, given.get(token)))
}

interface Target {
  readonly scheme: 'http' | 'https'
  readonly options: RequestOptions
  /** Before each path. */
  readonly base: string
  /** What to say where nobody answers. */
  readonly missing: string
}

function socketTarget(dataDir: string): Target {
  const socketPath = socketFile(dataDir)
  return {
    scheme: 'http',
    options: { socketPath, headers: { host: 'localhost' } },
    base: '',
    missing: `no gateway of this user runs with --data ${dataDir}: start one with it, or name the admin listener of another by --admin URL`,
  }
}

function urlTarget(url: URL, secret: string): Target {
  const { protocol, hostname, port, pathname, host } = url
  return {
    scheme: protocol === 'https:' ? 'https' : 'http',
    options: {
      host: hostname.replace(/^\[|\]$/g, ''),
      port,
      headers: { host, ...(secret !== '' && { authorization: `Bearer ${secret}` }) },
    },
    base: pathname.replace(/\/+$/, ''),
    missing: `nobody answers at ${url.origin}`,
  }
}

class Client implements AdminClient {
  private readonly target: Target

  constructor(target: Target) {
    this.target = target
  }

  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await this.ask<T>('GET', path, { query })).body
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.ask<T>('POST', path, { body })).body
  }

  async ask<T>(
    method: string,
    path: string,
    { query = {}, body, headers = {} }: Asked = {},
  ): Promise<Answer<T>> {
    const response = await this.send(method, withQuery(path, query), { body, headers })
    const answer = await text(response)
    const { statusCode = 0 } = response
    if (statusCode < 200 || statusCode > 299) throw failureOf(response, answer)
    const { etag = '' } = response.headers
    return { etag, body: (answer === '' ? null : jsonOf(answer, path)) as T }
  }

  async *lines(path: string): AsyncGenerator<string> {
    const response = await this.send('GET', path, {})
    if (response.statusCode !== 200) throw failureOf(response, await text(response))
    try {
      const { createInterface } = await import('node:readline')
      yield* createInterface({ input: response, crlfDelay: Infinity })
    } catch (error) {
      throw error instanceof CommandFailure ? error : ended(error)
    }
    if (!response.complete) throw ended(null)
  }

  async *events(path: string, query: Query = {}, signal?: AbortSignal): AsyncGenerator<ServerEvent> {
    const response = await this.send('GET', withQuery(path, query), {}, signal)
    if (response.statusCode !== 200) throw failureOf(response, await text(response))
    try {
      response.setEncoding('utf8')
      let rest = ''
      for await (const chunk of response) {
        const frames = (rest + String(chunk)).split('\n\n')
        rest = frames.pop() ?? ''
        for (const frame of frames) yield* eventIn(frame)
      }
    } catch (error) {
      if (signal?.aborted === true) return
      throw error instanceof CommandFailure ? error : ended(error)
    }
    throw ended(null)
  }

  private async send(
    method: string,
    path: string,
    { body, headers: own }: Asked,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const { scheme, options, base, missing } = this.target
    const { request } = scheme === 'https' ? await import('node:https') : await import('node:http')
    const content = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { ...(options.headers as Record<string, string>), ...content, ...own }
    return new Promise((resolve, reject) => {
      request({ ...options, method, path: base + path, headers, ...(signal && { signal }) }, resolve)
        .on('error', (error: NodeJS.ErrnoException) => reject(unanswered(error, missing)))
        .end(body === undefined ? null : JSON.stringify(body))
    })
  }
}

function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of [value ?? []].flat()) parameters.append(name, String(one))
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`
}

/** None of a comment, or of a line that only says when to come again. */
function* eventIn(frame: string): Generator<ServerEvent> {
  const lines = frame.split('\n')
  const field = (name: string) =>
    lines.flatMap(line => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []))
  const [event = 'message'] = field('event')
  const content = field('data')
  if (content.length > 0) yield { event, data: JSON.parse(content.join('\n')) as unknown }
}

function jsonOf(answer: string, path: string): unknown {
  try {
    return JSON.parse(answer)
  } catch (error) {
    throw new CommandFailure(`the answer to ${path} is no JSON: is this an admin listener?`, { cause: error })
  }
}

function failureOf({ statusCode = 0, statusMessage = '' }: IncomingMessage, answer: string): Refused {
  return new Refused(statusCode, statusMessage, detailOf(answer))
}

function detailOf(answer: string): string {
  try {
    const { detail } = JSON.parse(answer) as { detail?: unknown }
    if (typeof detail === 'string') return detail
  } catch {
    // It is none of ours.
  }
  return answer.trim().slice(0, 200)
}

function unanswered(error: NodeJS.ErrnoException, missing: string): Error {
  if (error.name === 'AbortError') return error
  const code = error.code ?? error.message
  if (code === 'EACCES')
    return new CommandFailure(`the gateway is another user's: ${error.message}`, { cause: error })
  return new NoGateway(`${missing} (${code})`, { cause: error })
}

function ended(error: unknown): CommandFailure {
  return new CommandFailure('the gateway has ended the stream', { cause: error })
}
