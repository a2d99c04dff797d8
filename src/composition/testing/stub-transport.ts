import type { Cancellation } from '../../shared/cancellation.ts'
import type { Clock } from '../../upstream/clock.ts'
import { resultOf } from '../backends/answers.ts'
import { CallFailure } from '../calls/failure.ts'
import { PathTemplate } from '../routes/template.ts'
import type { BackendAnswer, BackendRequest, OpenedTunnel, Transport } from '../transport/transport.ts'
import { basePathOf } from '../transport/base-path.ts'
import { gathered } from '../transport/gathered.ts'
import { StubBody } from './stub-body.ts'
import { WholeBody } from '../transport/whole-body.ts'

/** What a stub is given of a request. */
export interface StubRequest {
  readonly method: string
  /** Path and query as they would have gone on the wire. */
  readonly target: string
  /** What stands in the places of the path's names, decoded. */
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Of JSON, what it says; undefined where there is none. */
  readonly body: unknown
}

/** An answer of a stub with a status or fields of its own. */
export class Reply {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>>) {
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** `t.users.stub('GET /users/{id}', reply(404, { detail: 'no such user' }))` */
export const reply = (
  status: number,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply => new Reply(status, body, headers)

export interface Stub {
  /** `users GET /users/{id}` */
  readonly call: string
  readonly afterMs: number
  /** How many requests it is for; then the one before it counts again. */
  left: number
  readonly answer: (request: StubRequest) => unknown
  /** In place of `answer`, of a protocol that has no paths: found by the call's name. */
  readonly serve?: (request: BackendRequest) => Promise<BackendAnswer>
  /** In place of `answer`, of a WebSocket. */
  readonly open?: (request: BackendRequest) => Promise<OpenedTunnel>
}

interface Found {
  readonly stub: Stub
  readonly path: Record<string, string>
}

/** Carries requests to the stubs of a test, in process. */
export class StubTransport implements Transport {
  /** Calls that nobody has stubbed: a soft call must not hide that a test forgot one. */
  readonly missing = new Set<string>()
  /** How stubs break their contracts. */
  readonly broken: Error[] = []
  readonly clock: Clock
  private readonly stubs: Stub[] = []

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** The last one counts. */
  add(stub: Stub): void {
    this.stubs.unshift(stub)
  }

  /** What is thrown fails the test, whatever the composition makes of it. */
  hold(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.broken.push(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  async send(request: BackendRequest): Promise<BackendAnswer> {
    const found = await this.taken(request)
    const { answer, serve } = found.stub
    if (serve !== undefined) return await serve(request)
    return answerOf(request, await answer(await stubRequest(request, found.path)))
  }

  async open(request: BackendRequest): Promise<OpenedTunnel> {
    const { stub, path } = await this.taken(request)
    if (stub.open !== undefined) return await stub.open(request)
    const given = answerOf(request, await stub.answer(await stubRequest(request, path)))
    resultOf(request.call, given, await given.body.bytes(Infinity))
    throw new CallFailure('http_upgrade_failed', request.call, `it answered ${given.status}`)
  }

  private async taken(request: BackendRequest): Promise<Found> {
    const found = this.find(request)
    if (found === null) {
      this.missing.add(request.call)
      throw new TypeError(this.missingText)
    }
    found.stub.left--
    await this.pause(found.stub.afterMs, request.signal)
    return found
  }

  get missingText(): string {
    const known = [...new Set(this.stubs.map(({ call }) => call))].join(', ')
    return `no stub for ${[...this.missing].join(', ')}; there are: ${known === '' ? 'none' : known}`
  }

  /** By the call's own name, else by the path that it makes: `GET /report/2026` is `GET /report/{year}`. */
  private find(request: BackendRequest): Found | null {
    for (const stub of this.stubs) {
      if (stub.left === 0) continue
      if (stub.call === request.call && stub.serve !== undefined) return { stub, path: {} }
      const [backend, method, template = '/'] = stub.call.split(' ')
      if (backend !== request.backend || method !== request.method) continue
      const path = new PathTemplate(template).match(pathBelow(request))
      if (path !== null) return { stub, path }
    }
    return null
  }

  /** Fails with the signal's reason when that is aborted. */
  pause(ms: number, signal: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        stop?.()
        reject(signal.reason as CallFailure)
      }
      if (signal.aborted) return abort()
      const stop = ms === 0 ? null : ms === Infinity ? () => undefined : this.clock.after(ms, resolve)
      signal.addEventListener('abort', abort, { once: true })
      if (stop === null) resolve()
    })
  }
}

function pathBelow({ url, target }: BackendRequest): string {
  return target.slice(basePathOf(url).length).split('?', 1)[0]!
}

async function stubRequest(
  { method, target, headers, body }: BackendRequest,
  path: Record<string, string>,
): Promise<StubRequest> {
  const json = body === null ? undefined : Buffer.from(await gathered(body)).toString('utf8')
  const isJson = headers['content-type']?.startsWith('application/json') === true
  return {
    method,
    target,
    path,
    query: new URLSearchParams(target.split('?')[1] ?? ''),
    headers,
    body: json === undefined || !isJson ? json : (JSON.parse(json) as unknown),
  }
}

function answerOf({ call, signal }: BackendRequest, given: unknown): BackendAnswer {
  const { status, body, headers } = given instanceof Reply ? given : reply(200, given)
  if (isStream(body)) return { status, headers, body: new StubBody(call, body, signal) }
  const isText = typeof body === 'string' && headers['content-type'] !== undefined
  const content =
    body === undefined
      ? new Uint8Array()
      : body instanceof Uint8Array
        ? body
        : Buffer.from(isText ? body : JSON.stringify(body))
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: new WholeBody(call, content),
  }
}

const isStream = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body
