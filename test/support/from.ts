import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Addresses of this machine by which clients of a test are told apart; Linux answers on all of 127.0.0.0/8. */
export const attacker = '127.0.0.66'
export const neighbour = '127.0.0.2'

/** A plain connection from that address, which never fails the test by itself; `closed` tells of its end. */
export async function connectFrom(localAddress: string, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true, allowHalfOpen: true })
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  return socket
}
