import type { Backend, Backends } from './backend.ts'
import type { CallSite } from './call-site.ts'
import { grpcClient } from './grpc-calls.ts'
import { HttpCalls } from './http-calls.ts'
import { SocketCalls } from './socket-calls.ts'

type MakeClient = (name: string, backend: Backend, site: CallSite) => unknown

/** What speaks each protocol. */
const clients: Readonly<Record<Backend['protocol'], MakeClient>> = {
  rest: (name, backend, site) => new HttpCalls(name, backend, site),
  http: (name, backend, site) => new HttpCalls(name, backend, site),
  grpc: grpcClient,
  websocket: (name, backend, site) => new SocketCalls(name, backend, site),
}

/** What a route calls as `c`, for one request. */
export function clientsOf(backends: Backends, site: CallSite): Readonly<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  for (const [name, backend] of Object.entries(backends))
    all[name] = clients[backend.protocol](name, backend, site)
  return all
}
