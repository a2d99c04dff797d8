import { once } from 'node:events'
import { createServer, Server as Http1Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { Http2Server, ServerHttp2Session } from 'node:http2'

import { websocketAccept } from '../../src/http/h2/websocket.ts'
import { ask } from './ask.ts'
import type { Asked } from './ask.ts'
import { listBody } from './backend.ts'
import { pathOf, requestFilters, responseFilters } from './cases.ts'
import type { Case } from './cases.ts'
import { cipherSuite } from './certificate.ts'

const everyPeer = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-request-id',
  'via',
]

/** Sees, while proxies start, that what they do is equal. */
export interface Judge {
  open(port: number): Promise<void>
  /** Asks a proxy that does this case; says what is missing. */
  missing(
    port: number,
    given: Case,
    shown: readonly [name: string, value: string] | undefined,
  ): Promise<readonly string[]>
  close(): Promise<void>
}

/**
 * Stands in for the backend while the proxies start, to see that all of them do
 * the same work; then it makes room for the real one on the same port.
 */
export class StandIn implements Judge {
  private readonly given: Case
  private readonly seen: IncomingHttpHeaders[] = []
  private readonly server: Http1Server | Http2Server

  constructor(given: Case) {
    this.given = given
    this.server = given.upstream === 'h2c' ? this.http2() : this.http1()
  }

  async open(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1')
    await once(this.server, 'listening')
  }

  /** Sends one request through a proxy that does this case; returns what is missing on either side of it. */
  async missing(
    port: number,
    given: Case,
    shown: readonly [name: string, value: string] | undefined,
  ): Promise<readonly string[]> {
    const path = pathOf(given, given.routes - 1)
    if (shown !== undefined) {
      const refused = await ask(given, port, { path })
      if (refused?.status !== 401) return [`answered ${refused?.status ?? 'nothing'} to who shows nothing`]
    }
    this.seen.length = 0
    const { headers, body } = question(given)
    const asked = shown === undefined ? headers : { ...headers, [shown[0]]: shown[1] }
    const answer = await this.answerOf(port, { path, body, headers: asked })
    const request = this.seen.pop()
    const expected = given.load === 'websocket' ? 101 : 200
    if (answer?.status !== expected || request === undefined)
      return [`answered ${answer?.status ?? 'nothing'}`]
    const secured = given.tls ? `TLSv1.3 ${cipherSuite}` : ''
    const unequal = answer.secured === secured ? [] : [`"${answer.secured}" in place of "${secured}"`]
    return [...unequal, ...lacks(given, request, answer.headers)]
  }

  /** Traefik listens before it knows its routes, and answers 404 meanwhile. */
  private async answerOf(port: number, asked: Asked): ReturnType<typeof ask> {
    for (let tries = 0; ; tries++) {
      const answer = await ask(this.given, port, asked)
      if (answer?.status !== 404 || tries === 50) return answer
      await delay(100)
    }
  }

  async close(): Promise<void> {
    if (!this.server.listening) return
    const closed = once(this.server, 'close')
    this.server.close()
    for (const session of this.sessions) session.destroy()
    if (this.server instanceof Http1Server) this.server.closeAllConnections()
    await closed
  }

  private readonly sessions = new Set<ServerHttp2Session>()

  private http1(): Http1Server {
    const server = createServer((request, response) => {
      this.seen.push(request.headers)
      response.setHeader('X-Backend', 'stand-in').setHeader('Content-Type', 'application/json')
      request.resume().on('end', () => response.end(listBody))
    })
    return server.on('upgrade', ({ headers }, socket) => {
      this.seen.push(headers)
      const accept = websocketAccept(headers['sec-websocket-key'] ?? '')
      const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`
      socket.end(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`)
    })
  }

  private http2(): Http2Server {
    const server = createHttp2Server((request, response) => {
      this.seen.push(request.headers)
      response.setHeader('X-Backend', 'stand-in')
      request.resume().on('end', () => response.end('ok'))
    })
    return server.on('session', session => {
      this.sessions.add(session)
      session.on('close', () => this.sessions.delete(session))
    })
  }
}

/** What the case's clients would ask, with the field that filters remove. */
function question({ load, compressed, cached }: Case): { body: string; headers: Record<string, string> } {
  const accepted = compressed ? { 'Accept-Encoding': 'gzip' } : {}
  const headers = { Host: 'bench.example', 'X-Bench-Secret': '1', ...accepted }
  if (load === 'grpc')
    return { body: 'body', headers: { ...headers, 'content-type': 'application/grpc', te: 'trailers' } }
  // What has a body is not asked of a cache.
  if (load !== 'websocket') return { body: cached ? '' : 'body', headers }
  return {
    body: '',
    headers: {
      ...headers,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

function lacks(given: Case, request: Headers, response: Headers): string[] {
  const absent = (headers: Headers, names: readonly string[], where: string) =>
    names.filter(name => headers[name.toLowerCase()] === undefined).map(name => `no ${name} in the ${where}`)
  const present = (headers: Headers, name: string, where: string) =>
    headers[name.toLowerCase()] === undefined ? [] : [`${name} is still in the ${where}`]
  const always = absent(request, everyPeer, 'request')
  if (given.managed !== null)
    return [
      ...always,
      ...absent(request, ['X-Portcullis-Principal'], 'request'),
      ...['X-API-Key', 'Authorization'].flatMap(name => present(request, name, 'request')),
      ...(given.managed.plan === null ? [] : absent(response, ['RateLimit'], 'response')),
    ]
  if (given.cached) return [...always, ...absent(response, ['Cache-Status'], 'response')]
  if (given.compressed) return [...always, ...absent(response, ['Content-Encoding', 'Vary'], 'response')]
  if (!given.headerFilters) return always
  return [
    ...always,
    ...absent(request, [...Object.keys(requestFilters.set), ...Object.keys(requestFilters.add)], 'request'),
    ...absent(
      response,
      [...Object.keys(responseFilters.set), ...Object.keys(responseFilters.add)],
      'response',
    ),
    ...present(request, requestFilters.remove, 'request'),
    ...present(response, responseFilters.remove, 'response'),
  ]
}
