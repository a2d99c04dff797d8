import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'

import { findPeer } from '../../../test/support/peer.ts'
import type { Managed } from '../cases.ts'
import { connects, freePort, loadCore, start } from '../process.ts'
import type { Running } from '../process.ts'
import { makeConsumers } from './consumers.ts'
import type { Consumers } from './consumers.ts'

/** What stands beside the proxies in a case with API management. */
export interface Helpers {
  readonly consumers: Consumers
  readonly jwksPort: number
  /** Null where nothing is counted in Redis. */
  readonly redisPort: number | null
}

/** What is to be ended afterwards goes to `running`. */
export async function startHelpers(managed: Managed, dir: string, running: Running[]): Promise<Helpers> {
  const consumers = makeConsumers(managed, join(dir, 'consumers'))
  const jwks = await serve(consumers.jwksText)
  running.push(jwks)
  if (managed.plan !== 'Exact') return { consumers, jwksPort: jwks.port, redisPort: null }
  const redisPort = await freePort()
  running.push(await startRedis(redisPort, dir))
  return { consumers, jwksPort: jwks.port, redisPort }
}

/** Why a case cannot be measured on this machine; null where it can. */
export function missingFor(managed: Managed | null): string | null {
  if (managed?.plan !== 'Exact' || findPeer('redis-server') !== null) return null
  return 'redis-server is not installed'
}

/** The file of keys of the issuer; asked for once by each gateway. */
async function serve(text: string): Promise<Running & { readonly port: number }> {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'application/json').end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  const stop = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return { pid: process.pid, port: address.port, stop }
}

/** Nothing of it is kept on disk. */
function startRedis(port: number, dir: string): Promise<Running> {
  const program = findPeer('redis-server') ?? 'redis-server'
  const kept = ['--save', '', '--appendonly', 'no', '--dir', dir]
  return start({
    name: 'redis-server',
    core: loadCore,
    command: [program, '--port', String(port), '--bind', '127.0.0.1', ...kept],
    log: join(dir, 'redis.log'),
    probe: () => connects(port),
  })
}
