import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** Ports of the three example services; 0 lets the system choose. */
export interface UpstreamPorts {
  readonly items: number
  readonly echo: number
  readonly troubled: number
}

export interface Upstreams {
  readonly ports: UpstreamPorts
  close(): Promise<void>
}

/** Starts the services on 127.0.0.1. When one port is taken, the others are closed again and it throws. */
export async function startUpstreams(ports: UpstreamPorts): Promise<Upstreams> {
  const servers = [
    createServer(itemsApi()),
    createServer(echoRequest),
    createServer(troubledService()),
  ] as const
  const close = async () => {
    await Promise.all(servers.map(server => stop(server)))
  }
  try {
    const items = await listen(servers[0], ports.items)
    const echo = await listen(servers[1], ports.echo)
    const troubled = await listen(servers[2], ports.troubled)
    return { ports: { items, echo, troubled }, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A small JSON API that keeps its items in memory. */
function itemsApi(): RequestListener {
  const all = ['apple', 'bread', 'cheese'].map((name, i) => ({ id: i + 1, name }))
  return (request, response) => {
    const [collection, id] = (request.url ?? '').split('?', 1)[0]?.split('/').slice(1) ?? []
    if (collection !== 'items' && collection !== 'split') return json(response, 404, { error: 'not found' })
    if (request.method === 'POST') return void add(all, request, response).catch(() => response.destroy())
    if (!id) return json(response, 200, all)
    const item = all.find(known => String(known.id) === id)
    json(response, item ? 200 : 404, item ?? { error: `no item ${id}` })
  }
}

async function add(all: { id: number; name: string }[], request: IncomingMessage, response: ServerResponse) {
  const name = (await text(request)).slice(0, 100)
  const item = { id: (all.at(-1)?.id ?? 0) + 1, name }
  all.push(item)
  // An example may run for days: it forgets the oldest.
  if (all.length > 100) all.shift()
  json(response, 201, item)
}

/** Answers with the request as it arrived. */
const echoRequest: RequestListener = (request, response) => {
  const answer = async () => {
    const body = await text(request)
    json(response, 200, { method: request.method, url: request.url, headers: request.headers, body })
  }
  answer().catch(() => response.destroy())
}

/** /unsteady fails twice, then works, and again; /slow takes five seconds. */
function troubledService(): RequestListener {
  let asked = 0
  return (request, response) => {
    if (request.url?.startsWith('/slow')) {
      const timer = setTimeout(() => json(response, 200, { waited: '5 s' }), 5000)
      response.on('close', () => clearTimeout(timer))
      return
    }
    asked += 1
    if (asked % 3 === 0) json(response, 200, { ok: true, attempts: asked })
    else json(response, 503, { ok: false, attempts: asked })
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
