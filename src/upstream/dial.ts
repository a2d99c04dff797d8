import { connect, isIPv6, Socket, type TcpNetConnectOpts } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { FailureName } from '../http/failures.ts'
import { isOwn, ProhibitedAddress } from './own-listeners.ts'
import { UnusableTls, type TlsDialer } from './tls/dialer.ts'
import { tlsFailure, tlsReason } from './tls/failure.ts'

/**
 * A connection, plain or TLS, still to be made: `ready` is the event that tells that it is. `preface` is what leaves
 * first, in front of TLS.
 */
export function dial(
  options: TcpNetConnectOpts,
  address: string,
  dialer: TlsDialer | null,
  preface: Buffer | null = null,
): { readonly socket: Socket; readonly ready: 'connect' | 'secureConnect' } {
  if (isOwn(address, options.port)) {
    const error = new ProhibitedAddress('the admin listener of this gateway')
    return { socket: new Socket().destroy(error), ready: 'connect' }
  }
  if (dialer !== null) return { socket: dialer.connect(options, address, preface), ready: 'secureConnect' }
  const socket = connect(options)
  if (preface !== null) socket.write(preface)
  return { socket, ready: 'connect' }
}

/** As the system tells of it; `address` is the one that was connected to. */
type DialError = NodeJS.ErrnoException & { readonly address?: string }

/** What an error of a connection that is being made is called; one that is made has errors of TLS alone, else null. */
export function dialFailure(error: DialError, connecting: true): FailureName
export function dialFailure(error: DialError, connecting: boolean): FailureName | null
export function dialFailure(error: DialError, connecting: boolean): FailureName | null {
  if (error instanceof UnusableTls) return 'proxy_configuration_error'
  if (error instanceof ProhibitedAddress) return 'destination_ip_prohibited'
  const failure = tlsFailure(error)
  if (failure !== null || !connecting) return failure
  if (error.code === 'EADDRNOTAVAIL' && isIPv6(error.address ?? '') && !hasIPv6())
    return 'destination_ip_unroutable'
  return connectFailures[error.code ?? ''] ?? 'connection_refused'
}

/** What else is known of it, for the log: the reason of a failure of TLS, or the system's code. */
export function dialReason(error: DialError): string {
  if (error instanceof UnusableTls || error instanceof ProhibitedAddress) return error.message
  return tlsFailure(error) === null ? (error.code ?? 'unknown') : tlsReason(error)
}

const connectFailures: Readonly<Record<string, FailureName>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_refused',
  ETIMEDOUT: 'connection_timeout',
  EHOSTUNREACH: 'destination_ip_unroutable',
  ENETUNREACH: 'destination_ip_unroutable',
  // What this process or machine has run out of says nothing of the endpoint.
  EADDRNOTAVAIL: 'proxy_ports_exhausted',
  EAGAIN: 'proxy_ports_exhausted',
  EMFILE: 'proxy_overloaded',
  ENFILE: 'proxy_overloaded',
  ENOBUFS: 'proxy_overloaded',
  ENOMEM: 'proxy_overloaded',
}

/** Where there is no IPv6, the system says of its addresses what it says when ports are used up. */
function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some(all => all?.some(({ family }) => family === 'IPv6'))
}
