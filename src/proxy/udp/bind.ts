import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { localAddresses } from './local-addresses.ts'

/** A socket of this address and port. Rejects where it is somebody else's, or the machine does not have the address. */
export async function bound(address: string, port: number, reusePort: boolean): Promise<Socket> {
  const six = isIPv6(address)
  const socket = createSocket({ type: six ? 'udp6' : 'udp4', reusePort, ipv6Only: six })
  socket.bind({ address, port, exclusive: true })
  try {
    await once(socket, 'listening')
  } catch (error) {
    socket.close()
    throw error
  }
  return socket
}

/** Calls `bind` for each address to bind to for one that a Gateway has. Rejects as it does, and where there is none. */
export async function bindEach(address: string, bind: (local: string) => Promise<void>): Promise<void> {
  const all = localAddresses(address)
  let count = 0
  for (const local of all)
    try {
      await bind(local)
      count++
    } catch (error) {
      // One that the machine is still to get, or has just lost, is looked for again; the others serve meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL' || all.length === 1) throw error
    }
  if (count === 0) throw Object.assign(new Error('no address'), { code: 'EADDRNOTAVAIL' })
}
