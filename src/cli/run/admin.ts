import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { HostPort } from '../command/values.ts'

// An import would read all that the module has, and so load its WebSocket and undici: 4 MB.
const { createServer } = process.getBuiltinModule('node:http')

/** What the admin listener shows. */
export interface AdminView {
  ready(): boolean
  metrics(openMetrics: boolean): Promise<string>
  /** Version, problems and conditions, as JSON. */
  status(): unknown
}

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
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return send(response, 405, PLAIN, 'method not allowed\n')
  }
  switch ((request.url ?? '').split('?')[0]) {
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
      return send(response, 404, PLAIN, 'not found; there are /healthz, /readyz, /metrics and /status\n')
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
