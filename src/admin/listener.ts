import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { problem } from '../http/problem.ts'
import { log } from '../telemetry/log.ts'
import type { AdminAnswer } from '../translation/service.ts'
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
}

const PLAIN = 'text/plain; charset=utf-8'
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/**
 * Answers on the main thread, so that overload of the data plane does not reach it. Health and metrics are answered
 * here; what the API is made of (Fastify, schemas, a validator) is loaded when somebody asks for anything else, so that
 * a gateway nobody looks at has neither its time nor its memory.
 */
export async function startAdmin(host: string, port: number, view: AdminView): Promise<Server> {
  const api = lazyApi(view)
  const server = createServer((request, response) => {
    answer(request, response, view, api).catch((error: unknown) => failed(response, error))
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

function lazyApi({ seen, paths }: AdminView): () => Promise<AdminAnswer> {
  let loaded: Promise<AdminAnswer> | null = null
  return () => (loaded ??= import('./api.ts').then(({ makeApi }) => makeApi(seen, paths)))
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { seen, paths, metrics }: AdminView,
  api: () => Promise<AdminAnswer>,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const others = paths.find(path)
  if (others !== undefined) return others(request, response)
  switch (path) {
    case '/healthz':
    case '/readyz':
    case '/metrics':
      break
    default:
      return (await api())(request, response)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return send(response, 405, PLAIN, 'method not allowed\n')
  }
  switch (path) {
    case '/healthz':
      return send(response, 200, PLAIN, 'ok\n')
    case '/readyz':
      return seen.ready() ? send(response, 200, PLAIN, 'ready\n') : send(response, 503, PLAIN, 'not ready\n')
    case '/metrics': {
      const open = (request.headers.accept ?? '').includes('application/openmetrics-text')
      return send(response, 200, open ? OPEN_METRICS : PROMETHEUS, await metrics(open))
    }
  }
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

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
