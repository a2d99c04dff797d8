import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** A byte of a long body, by its place. */
export const pattern = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7 + (i >> 8)) & 255))

/** `/bytes/<n>` answers with so many bytes of the pattern, `/slow` late, `/drop` not at all, `/digest` with that of the body; Upgrade echoes. */
export async function startUpstream(): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    answer(request, response)
  })
  server.on('upgrade', (_, socket: Duplex) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [, what = '', bytes = '0'] = (request.url ?? '').split('/')
  if (what === 'bytes') return pour(response, Number(bytes))
  if (what === 'slow') return void setTimeout(() => response.end('slow'), 50 + Math.random() * 200)
  if (what === 'drop') return void request.socket.destroy()
  const hash = createHash('sha256')
  request.on('data', (data: Buffer) => hash.update(data))
  request.on('end', () => response.end(hash.digest('hex')))
}

function pour(response: ServerResponse, bytes: number): void {
  // Half of them chunked.
  if (bytes % 2 === 0) response.setHeader('Content-Length', bytes)
  let left = bytes
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const length = Math.min(left, pattern.length)
      left -= length
      if (!response.write(length === pattern.length ? pattern : pattern.subarray(0, length)))
        return void response.once('drain', more)
    }
    response.end()
  }
  more()
}

/** The digest of so many bytes of the pattern. */
export function digestOf(bytes: number): string {
  const hash = createHash('sha256')
  for (let left = bytes; left > 0; left -= pattern.length) hash.update(pattern.subarray(0, left))
  return hash.digest('hex')
}
