import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { FailureName } from '../http/failures.ts'
import { tlsFailure, type TlsDialer } from './tls/dialer.ts'

/** A connection, plain or TLS, still to be made: `ready` is the event that tells that it is. */
export function dial(
  options: TcpNetConnectOpts,
  address: string,
  dialer: TlsDialer | null,
): { readonly socket: Socket; readonly ready: 'connect' | 'secureConnect' } {
  return dialer === null
    ? { socket: connect(options), ready: 'connect' }
    : { socket: dialer.connect(options, address), ready: 'secureConnect' }
}

/** What an error of a connection is called, or null where it depends on what was under way. */
export function dialFailure(
  error: NodeJS.ErrnoException,
  secure: boolean,
  connecting: boolean,
): FailureName | null {
  const failure = secure ? tlsFailure(error) : null
  if (failure !== null) return failure
  return connecting ? (connectFailures[error.code ?? ''] ?? 'connection_refused') : null
}

const connectFailures: Readonly<Record<string, FailureName>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_refused',
  ETIMEDOUT: 'connection_timeout',
  EHOSTUNREACH: 'destination_ip_unroutable',
  ENETUNREACH: 'destination_ip_unroutable',
  EADDRNOTAVAIL: 'destination_ip_unroutable',
  // What this process or machine has run out of says nothing of the endpoint.
  EMFILE: 'proxy_overloaded',
  ENFILE: 'proxy_overloaded',
  ENOBUFS: 'proxy_overloaded',
  ENOMEM: 'proxy_overloaded',
}
