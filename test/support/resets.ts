import { readFileSync } from 'node:fs'

/**
 * How many connections the system may reset where workers end listening sockets on purpose: who comes in the moment in
 * which a worker closes its socket is lost, unless the system is told to give them to another worker.
 */
export function mostResets(closedSockets: number): number {
  return readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'latin1').trim() === '0' ? closedSockets : 0
}

/** By whatever name node:http tells it, "socket hang up" among them. */
export function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
}
