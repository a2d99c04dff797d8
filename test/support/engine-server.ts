import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createServer2,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Engine } from '../../src/composition/engine/engine.ts'
import type { Gateway } from '../../src/composition/routes/gateway.ts'
import { systemClock } from '../../src/upstream/clock.ts'
import { H2Transport } from './h2-transport.ts'

/** A composition that is served by Node's own servers, of HTTP/1.1 and HTTP/2, for tests with clients of protocols. */
export class EngineServer implements AsyncDisposable {
  readonly http1: string
  readonly http2: string
  /** What the composition did wrong. */
  readonly mistakes: readonly unknown[]
  private readonly servers: readonly (Server | Http2Server)[]
  private readonly transport: H2Transport

  private constructor(
    servers: readonly [Server, Http2Server],
    transport: H2Transport,
    mistakes: readonly unknown[],
  ) {
    this.servers = servers
    this.mistakes = mistakes
    this.transport = transport
    const [http1, http2] = servers.map(one => `http://127.0.0.1:${(one.address() as AddressInfo).port}`)
    this.http1 = http1!
    this.http2 = http2!
  }

  static async start(gateway: Gateway): Promise<EngineServer> {
    const transport = new H2Transport()
    const mistakes: unknown[] = []
    const engine = new Engine(gateway, {
      transport,
      clock: systemClock,
      observer: { mistaken: error => mistakes.push(error) },
    })
    const servers = [createServer(), createServer2()] as const
    for (const server of servers) {
      server.on('request', (request: Asked, response: Answering) => void answered(engine, request, response))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    return new EngineServer(servers, transport, mistakes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
    }
    await this.transport[Symbol.asyncDispose]()
  }
}

type Asked = IncomingMessage | Http2ServerRequest
type Answering = ServerResponse | Http2ServerResponse

async function answered(engine: Engine, request: Asked, response: Answering): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !name.startsWith(':'))
      headers[name] = Array.isArray(value) ? value.join(', ') : value
  const answer = await engine.answer({
    method: request.method!,
    target: request.url!,
    headers,
    body: request as AsyncIterable<Uint8Array>,
    signal: gone.signal,
  })
  // What both servers have is written once.
  const out = response as ServerResponse
  out.writeHead(answer.status, answer.headers)
  const { body } = answer
  try {
    if (typeof body === 'string' || body instanceof Uint8Array) return void out.end(body)
    out.flushHeaders()
    for await (const chunk of body) {
      const room = out.write(chunk)
      if (!room && !response.destroyed)
        await new Promise(resolve => response.once('drain', resolve).once('close', resolve))
      if (response.destroyed) return
    }
    if ('trailers' in body) out.addTrailers(body.trailers as Record<string, string>)
    out.end()
  } catch {
    response.destroy()
  }
}
