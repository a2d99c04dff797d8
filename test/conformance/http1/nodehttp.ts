import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

export interface Seen {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly fields: readonly string[]
  body: string
  trailers: readonly string[]
  complete: boolean
}

/** Turns of the event loop after which a parser that says nothing has nothing to say. */
const TURNS = 200

/** Node's own HTTP server, which is llhttp, fed over an in-process connection: the judge of what a message is. */
export class NodeHttp {
  readonly #server: Server
  /** Connections judged so far. */
  cases = 0
  #seen: Seen[] = []
  #error = ''

  constructor() {
    this.#server = createServer(
      { maxHeaderSize: 65_536, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 },
      (request, response) => {
        this.#take(request)
        // Answered only at the end: an early answer makes node:http throw the body away.
        request.on('end', () => response.end())
      },
    )
    this.#server.maxHeadersCount = 0
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#error = error.code ?? error.message
      socket.destroy()
    })
    this.#server.on('checkExpectation', (request, response) => {
      this.#take(request)
      response.end()
    })
  }

  /** What it makes of these bytes; waits until it has seen `expected` whole messages, or cannot any more. */
  async read(pieces: readonly Buffer[], expected: number): Promise<{ seen: readonly Seen[]; error: string }> {
    this.cases++
    this.#seen = []
    this.#error = ''
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    connection.on('error', () => {})
    this.#server.emit('connection', connection)
    for (const piece of pieces) connection.push(piece)
    for (let i = 0; i < TURNS && !this.#settled(expected); i++) await turn()
    connection.destroy()
    return { seen: this.#seen, error: this.#error }
  }

  close(): void {
    this.#server.close()
  }

  #settled(expected: number): boolean {
    return (
      this.#error !== '' || (this.#seen.length >= expected && this.#seen.every(({ complete }) => complete))
    )
  }

  #take(request: IncomingMessage): void {
    const seen: Seen = {
      method: request.method ?? '',
      target: request.url ?? '',
      version: request.httpVersion,
      fields: request.rawHeaders,
      body: '',
      trailers: [],
      complete: false,
    }
    this.#seen.push(seen)
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => (seen.body += chunk.toString('latin1')))
    request.on('end', () => {
      seen.complete = request.complete
      seen.trailers = request.rawTrailers
    })
  }
}
