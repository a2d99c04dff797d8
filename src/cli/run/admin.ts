import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AdminAnswer } from '../../translation/service.ts'
import type { HostPort } from '../command/values.ts'

// An import would read all that the module has, and so load its WebSocket and undici: 4 MB.
const { createServer } = process.getBuiltinModule('node:http')

/** What the admin listener shows. */
export interface AdminView {
  ready(): boolean
  metrics(openMetrics: boolean): Promise<string>
  /** Version, problems and conditions, as JSON. */
  status(): unknown
  /** What services answer there, by path. */
  readonly paths: AdminPaths
}

/** Paths of services; one that ends in "/" is all that begin so. */
export class AdminPaths {
  private readonly answers = new Map<string, AdminAnswer>()

  add(path: string, handler: AdminAnswer): void {
    if (this.answers.has(path) || own.includes(path))
      throw new Error(`${path} of the admin listener is taken`)
    this.answers.set(path, handler)
  }

  /** The longest that takes the path. */
  find(path: string): AdminAnswer | undefined {
    const exact = this.answers.get(path)
    if (exact !== undefined) return exact
    const folders = [...this.answers.keys()].filter(one => one.endsWith('/') && path.startsWith(one))
    return this.answers.get(folders.toSorted((a, b) => b.length - a.length)[0] ?? '')
  }

  get names(): readonly string[] {
    return [...own, ...this.answers.keys()]
  }
}

const own = ['/healthz', '/readyz', '/metrics', '/status']

const PLAIN = 'text/plain; charset=utf-8'
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** /healthz, /readyz, /metrics and /status: for operators and probes, on the main thread, so that overload of the data plane does not reach it. */
export async function startAdmin({ host, port }: HostPort, view: AdminView): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response, view).catch(() => response.destroy())
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

async function answer(request: IncomingMessage, response: ServerResponse, view: AdminView): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const others = view.paths.find(path)
  if (others !== undefined) return others(request, response)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return send(response, 405, PLAIN, 'method not allowed\n')
  }
  switch (path) {
    case '/healthz':
      return send(response, 200, PLAIN, 'ok\n')
    case '/readyz':
      return view.ready() ? send(response, 200, PLAIN, 'ready\n') : send(response, 503, PLAIN, 'not ready\n')
    case '/metrics': {
      const open = (request.headers.accept ?? '').includes('application/openmetrics-text')
      return send(response, 200, open ? OPEN_METRICS : PROMETHEUS, await view.metrics(open))
    }
    case '/status':
      return send(response, 200, 'application/json', `${JSON.stringify(view.status(), null, 2)}\n`)
    default:
      return send(response, 404, PLAIN, `not found; there are ${view.paths.names.join(', ')}\n`)
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
