import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import { WebSocketServer } from 'ws'
import { websocketAccept } from '../../src/http/h2/websocket.ts'
import type { KeyPair } from '../support/certificates.ts'

/** A byte of a long body, by its place. */
export const pattern = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7 + (i >> 8)) & 255))

interface Asked extends Readable {
  readonly url?: string | undefined
}

interface Answer extends Writable {
  setHeader(name: string, value: number): unknown
}

/**
 * `/bytes/<n>` answers with so many bytes of the pattern, `/slow` late, `/drop` not at all, `/digest` with that of
 * the body; `/ws` is a WebSocket that says what it hears, every other Upgrade has its bytes back.
 */
export async function startHttp1(): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.url === '/drop') request.socket.destroy()
    else answer(request, response)
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    if (request.url === '/ws')
      sockets.handleUpgrade(request, socket, head, one => {
        one.on('error', () => {})
        one.on('message', (data: Buffer) => one.send(data))
        one.on('close', code => one.close(code))
      })
    else {
      const { upgrade = '', 'sec-websocket-key': key = '' } = request.headers
      const accept = key === '' ? '' : `Sec-WebSocket-Accept: ${websocketAccept(key)}\r\n`
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${upgrade}\r\n${accept}\r\n`,
      )
      socket.pipe(socket)
    }
  })
  return listening(server)
}

/** The same by HTTP/2, with prior knowledge or with a certificate; extended CONNECT has its bytes back. */
export async function startHttp2(pair: KeyPair | null): Promise<Server> {
  const settings = { enableConnectProtocol: true }
  const server =
    pair === null
      ? createHttp2Server({ settings }, answer)
      : createSecureServer({ settings, cert: pair.chain, key: pair.key }, answer)
  server.on('connect', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    response.writeHead(200)
    request.stream.pipe(request.stream)
  })
  server.on('sessionError', () => {})
  return listening(server)
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function answer(request: Asked, response: Answer): void {
  request.on('error', () => {})
  response.on('error', () => {})
  const [, what = '', bytes = '0'] = (request.url ?? '').split('/')
  if (what === 'bytes') return pour(response, Number(bytes))
  if (what === 'slow') return void setTimeout(() => response.end('slow'), 50 + Math.random() * 200)
  const hash = createHash('sha256')
  request.on('data', (data: Buffer) => hash.update(data))
  request.on('end', () => response.end(hash.digest('hex')))
}

function pour(response: Answer, bytes: number): void {
  // Half of them without a length.
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
