import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Port } from '../snapshot/snapshot.ts'
import { bindEach, bound } from './udp/bind.ts'

/** Why nobody can listen on this port now, as the system's code (EADDRINUSE, EACCES); null where it is free. */
export async function whyTaken(port: Port): Promise<string | null> {
  try {
    // TCP and UDP have numbers of their own.
    await (port.protocol === 'udp' ? tryUdp(port) : tryTcp(port))
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

async function tryTcp({ address, port, target = port }: Port): Promise<void> {
  const server = createServer()
  server.listen({ port: target, ...(address === '' ? {} : { host: address }), exclusive: true })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

async function tryUdp({ address, port, target = port }: Port): Promise<void> {
  await bindEach(address, async local => void (await bound(local, target, false)).close())
}
