import type { Backend } from './backend.ts'
import type { CallSite } from './call-site.ts'
import { grpcClient } from './grpc-calls.ts'
import { HttpCalls } from './http-calls.ts'

type MakeClient = (name: string, backend: Backend, site: CallSite) => unknown

/** What speaks each protocol. */
const clients: Readonly<Record<Backend['protocol'], MakeClient>> = {
  rest: (name, backend, site) => new HttpCalls(name, backend, site),
  http: (name, backend, site) => new HttpCalls(name, backend, site),
  grpc: grpcClient,
}

/** What a route calls as `c.NAME`, for one request. */
export const clientOf = (name: string, backend: Backend, site: CallSite): unknown =>
  clients[backend.protocol](name, backend, site)
