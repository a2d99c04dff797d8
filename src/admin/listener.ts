import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { problem } from '../http/problem.ts'
import { log } from '../telemetry/log.ts'
import type { AdminAnswer } from '../api/answer.ts'
import { bySocket, noteAccess, type Accounts, type Judge } from '../api/access.ts'
import type { ApiPart } from '../api/api.ts'
import { byTcp } from './access/by-tcp.ts'
import type { AdminToken } from './access/token.ts'
import { Connections } from './connections.ts'
import { answerGuarded } from '../api/guarded.ts'
import { MetricsPage } from './metrics-page.ts'
import type { AdminPaths } from './paths.ts'
import type { Seen } from './seen.ts'

// An import would read all that the module has, and so load its WebSocket and undici: 4 MB.
const { createServer } = process.getBuiltinModule('node:http')

/** What the admin listener shows. */
export interface AdminView {
  readonly seen: Seen
  metrics(openMetrics: boolean): Promise<string>
  /** What services answer there, by path. */
  readonly paths: AdminPaths
  /** Absent: what is not open to everybody on the machine is open to nobody, but by the socket. */
  readonly token?: AdminToken
  /** What roles add to the API. */
  readonly parts?: readonly ApiPart[]
  /** Null as long as nobody keeps any. */
  accounts?(): Accounts | null
}

const PLAIN = 'text/plain; charset=utf-8'
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** Whoever sends slowly, or reads nothing of what it has asked for, does not keep its place. */
const strict = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  requireHostHeader: true,
  insecureHTTPParser: false,
}
/** Connections that have an answer under way. */
const answering = new WeakSet<Duplex>()
/** Streams of events are written to every 15 s. */
const SILENCE_MS = 60_000

/**
 * Answers on the main thread, so that overload of the data plane does not reach it. Health and metrics are answered
 * here; what the API is made of (Fastify, schemas, a validator) is loaded when somebody asks for anything else, so that
 * a gateway nobody looks at has neither its time nor its memory.
 */
export class AdminListener {
  private readonly view: AdminView
  private readonly metrics: MetricsPage
  private readonly servers: Server[] = []
  /** Where it listens by TCP. */
  readonly bound: AddressInfo[] = []
  private api: Promise<AdminAnswer> | null = null

  constructor(view: AdminView) {
    this.view = view
    this.metrics = new MetricsPage(openMetrics => view.metrics(openMetrics))
  }

  /** Rejects as `listen` does. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    let judge: Judge | null = null
    const server = this.serve(request => judge!(request))
    server.listen(port, host)
    await once(server, 'listening')
    const bound = server.address() as AddressInfo
    this.bound.push(bound)
    judge = byTcp({ bound, token: this.view.token ?? null, accounts: () => this.view.accounts?.() ?? null })
    return bound
  }

  /** On a Unix socket of this name, which must not be there. */
  async listenOnSocket(path: string): Promise<void> {
    const server = this.serve(bySocket)
    server.listen(path)
    await once(server, 'listening')
  }

  /** Nothing new is taken, and what is under way is ended. */
  close(): void {
    for (const server of this.servers) {
      server.close()
      server.closeAllConnections()
    }
  }

  private serve(judge: Judge): Server {
    const connections = new Connections()
    const server = createServer(strict, (request, response) => {
      answering.add(request.socket)
      response.once('close', () => answering.delete(request.socket))
      if (!connections.begin(request, response)) return
      this.answer(request, response, judge).catch((error: unknown) => failed(response, error))
    })
    // Those beyond a number are left out, and one of them may be what a proxy has added; the size of all bounds it.
    server.maxHeadersCount = 0
    server.setTimeout(SILENCE_MS)
    server.on('connection', socket => connections.add(socket))
    server.on('clientError', refuseHead)
    // Of a socket that listens: without a listener of its own it would end the process, and with it all that it serves.
    server.on('error', error => log.warn('admin.failed', { error }))
    this.servers.push(server)
    return server
  }

  private async answer(request: IncomingMessage, response: ServerResponse, judge: Judge): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const isOpen = await answerOpen(path, request, response, this.view.seen, this.metrics)
    if (isOpen) return
    noteAccess(request, judge(request))
    const others = this.view.paths.find(path)
    if (others !== undefined)
      return this.view.paths.isOpen(others)
        ? others(request, response)
        : answerGuarded(request, response, others)
    this.api ??= this.load()
    return (await this.api)(request, response)
  }

  private load(): Promise<AdminAnswer> {
    const { seen, paths, parts = [] } = this.view
    const loaded = import('./api.ts').then(({ makeApi }) => makeApi(seen, paths, parts))
    // What could not be loaded, for want of open files, can be the next time.
    loaded.catch(() => (this.api = null))
    return loaded
  }
}

/** What everybody is answered; false where it is none of that. */
async function answerOpen(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen,
  metrics: MetricsPage,
): Promise<boolean> {
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') return false
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    send(response, 405, PLAIN, 'method not allowed\n')
  } else if (path === '/metrics') {
    const open = (request.headers.accept ?? '').includes('application/openmetrics-text')
    send(response, 200, open ? OPEN_METRICS : PROMETHEUS, await metrics.read(open))
  } else if (path === '/healthz') send(response, 200, PLAIN, 'ok\n')
  else if (seen.ready()) send(response, 200, PLAIN, 'ready\n')
  else send(response, 503, PLAIN, 'not ready\n')
  return true
}

function failed(response: ServerResponse, error: unknown): void {
  log.error('admin.error', { error })
  if (response.headersSent) return void response.destroy()
  const { status, fields, body } = problem(500, {
    title: 'Internal Server Error',
    detail: 'the log has the reason',
  })
  response.writeHead(status, [...fields]).end(body)
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

/** What is wrong with a head, as Node's parser names it. */
const faultyHeads: Readonly<Record<string, readonly [status: number, title: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}

/** Of what is no request: as Node answers it, but as a problem. Where an answer is under way there is no place for it. */
function refuseHead(error: Error & { readonly code?: string }, socket: Duplex): void {
  const [status, title] = faultyHeads[error.code ?? ''] ?? [400, 'Bad Request']
  if (!socket.writable || answering.has(socket)) return void socket.destroy()
  const { body } = problem(status, { title })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
