import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { login } from './login.ts'

/** Their ports as docs/tasks has them. */
export const writtenPorts = {
  shop: 9000,
  next: 9001,
  api: 9002,
  login: 9003,
  grpc: 9090,
  room: 9091,
  issuer: 9400,
} as const

export type Ports = Readonly<Record<keyof typeof writtenPorts, number>>

interface Service {
  readonly port: number
  close(): void
}

export interface Services {
  /** Those that were started. */
  readonly ports: Partial<Ports>
  close(): void
}

/** What each is made by; what needs a library has it loaded where it is wanted. */
const makers: Readonly<Record<keyof Ports, (port: number) => Promise<Service>>> = {
  shop: port => ofHttp(port, answers('shop')),
  next: port => ofHttp(port, answers('next')),
  api: port => ofHttp(port, answers('api')),
  login: port => ofHttp(port, login),
  grpc: async port => {
    const { startService } = await import('../grpc/service.ts')
    const service = await startService(port)
    return { port: service.port, close: () => service.server.forceShutdown() }
  },
  room: async port => (await import('../websocket/room.ts')).startRoom(port),
  issuer: async port => {
    const { startIdentityProvider } = await import('../jwt/identity-provider.ts')
    const { server } = await startIdentityProvider(port, 'urn:shop')
    return ofServer(server)
  },
}

/** Starts on 127.0.0.1 what the pages of docs/tasks have behind the gateway, or some of it; 0 lets the system choose a port. */
export async function startServices(wanted: Partial<Ports>): Promise<Services> {
  const names = Object.keys(wanted) as (keyof Ports)[]
  const started = await Promise.all(names.map(name => makers[name](wanted[name]!)))
  const ports = Object.fromEntries(names.map((name, i) => [name, started[i]!.port])) as Partial<Ports>
  return { ports, close: () => started.forEach(service => service.close()) }
}

async function ofHttp(port: number, answer: RequestListener): Promise<Service> {
  const server = createServer(answer).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return ofServer(server)
}

function ofServer(server: Server): Service {
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { port: (server.address() as AddressInfo).port, close }
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
