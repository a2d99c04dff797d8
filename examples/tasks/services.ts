import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startService } from '../grpc/service.ts'
import { startRoom } from '../websocket/room.ts'
import { login } from './login.ts'

/** Their ports as docs/tasks has them. */
export const writtenPorts = {
  shop: 9000,
  next: 9001,
  api: 9002,
  login: 9003,
  grpc: 9090,
  room: 9091,
} as const

export type Ports = Readonly<Record<keyof typeof writtenPorts, number>>

export interface Services {
  readonly ports: Ports
  close(): void
}

/** Starts on 127.0.0.1 what the pages of docs/tasks have behind the gateway; 0 lets the system choose a port. */
export async function startServices(wanted: Ports): Promise<Services> {
  const named = await Promise.all(
    (['shop', 'next', 'api', 'login'] as const).map(async name => {
      const server = createServer(name === 'login' ? login : answers(name)).listen(wanted[name], '127.0.0.1')
      await once(server, 'listening')
      return { server, port: (server.address() as AddressInfo).port }
    }),
  )
  const grpc = await startService(wanted.grpc)
  const room = await startRoom(wanted.room)
  const [shop, next, api, decides] = named.map(({ port }) => port) as [number, number, number, number]
  const close = (): void => {
    for (const { server } of named) {
      server.close()
      server.closeAllConnections()
    }
    grpc.server.forceShutdown()
    room.close()
  }
  return { ports: { shop, next, api, login: decides, grpc: grpc.port, room: room.port }, close }
}

/** Says who it is and what it was asked. /headers answers what it received, /catalog a hundred items as JSON, /slow takes 5 s, /unsteady fails twice of three times. */
function answers(name: string): RequestListener {
  let unsteady = 0
  return (request, response) => {
    const { method = '', url = '' } = request
    response.setHeader('X-Served-By', name).setHeader('Content-Type', 'text/plain')
    if (url.endsWith('/headers')) {
      const lines = Object.entries(request.headers).map(([field, value]) => `${field}: ${String(value)}\n`)
      response.end(lines.join(''))
    } else if (url.endsWith('/catalog')) {
      response.setHeader('Content-Type', 'application/json').setHeader('ETag', '"spring"')
      response.end(catalog)
    } else if (url.endsWith('/slow')) {
      const timer = setTimeout(() => response.end('late\n'), 5000)
      response.on('close', () => clearTimeout(timer))
    } else if (url.endsWith('/unsteady') && ++unsteady % 3 !== 0)
      response.writeHead(503).end(`${name}: not now\n`)
    else response.end(`${name}: ${method} ${url}\n`)
  }
}

const catalog = JSON.stringify(
  Array.from({ length: 100 }, (_, i) => ({
    id: 1000 + i,
    name: `Item number ${i}`,
    price: i * 1.5,
    inStock: i % 3 > 0,
  })),
)
