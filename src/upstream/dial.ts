import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { FailureName } from '../http/failures.ts'
import type { TlsDialer } from './tls/dialer.ts'
import { tlsFailure, tlsReason } from './tls/failure.ts'

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

/** What an error of a connection that is being made is called; one that is made has errors of TLS alone, else null. */
export function dialFailure(error: NodeJS.ErrnoException, connecting: true): FailureName
export function dialFailure(error: NodeJS.ErrnoException, connecting: boolean): FailureName | null
export function dialFailure(error: NodeJS.ErrnoException, connecting: boolean): FailureName | null {
  const failure = tlsFailure(error)
  if (failure !== null || !connecting) return failure
  return connectFailures[error.code ?? ''] ?? 'connection_refused'
}

/** What else is known of it, for the log: the reason of a failure of TLS, or the system's code. */
export function dialReason(error: NodeJS.ErrnoException): string {
  return tlsFailure(error) === null ? (error.code ?? 'unknown') : tlsReason(error)
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
