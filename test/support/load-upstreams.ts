import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { ANSWER } from './mixed-load.ts'
import { TestUpstream } from './upstream.ts'

/** What a mixed load asks: an HTTP/1.1 server. */
export function answering(): Promise<TestUpstream> {
  return TestUpstream.start((request, response) => {
    request.resume()
    response.end(ANSWER)
  })
}

/** What the calls of a mixed load go to: an HTTP/2 server with prior knowledge that gives back what it gets, and trailers. */
export class EchoingCalls implements AsyncDisposable {
  private readonly server: Http2Server
  private readonly sessions = new Set<ServerHttp2Session>()

  private constructor() {
    this.server = createServer()
    this.server.on('session', session => {
      this.sessions.add(session)
      session.on('close', () => this.sessions.delete(session))
      session.on('error', () => {})
    })
    this.server.on('stream', stream => {
      stream.on('error', () => {})
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-status': '0' }))
      stream.pipe(stream)
    })
  }

  static async start(): Promise<EchoingCalls> {
    const calls = new EchoingCalls()
    calls.server.listen(0, '127.0.0.1')
    await once(calls.server, 'listening')
    return calls
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}
