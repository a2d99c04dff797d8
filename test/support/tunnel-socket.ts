import type { ClientHttp2Session, Http2Stream, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'

type Callback = (error?: Error | null) => void
type Field = readonly [name: string, value: string]

/**
 * The end of an HTTP/2 stream for programs that can only shake hands by HTTP/1.1: heads written and read here are
 * HTTP/1.1 with Upgrade, those on the wire an extended CONNECT (RFC 8441), and what follows passes as it is.
 */
abstract class TunnelSocket extends Duplex {
  protected stream: Http2Stream | null = null
  private head = ''
  private passing = false

  constructor() {
    super({ allowHalfOpen: true })
  }

  /** Takes a complete head to the wire. */
  protected abstract shake(start: string, fields: readonly Field[]): void

  /** Reads the stream, once both heads have passed or are about to. */
  protected attach(stream: Http2Stream): void {
    this.stream = stream
    stream.on('data', (chunk: Buffer) => this.push(chunk) || stream.pause())
    stream.on('end', () => this.push(null))
    stream.on('error', error => this.destroy(error))
    stream.on('close', () => this.destroy())
  }

  override _read(): void {
    this.stream?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Callback): void {
    if (this.passing) return void this.stream?.write(chunk, done)
    this.head += chunk.toString('latin1')
    const end = this.head.indexOf('\r\n\r\n')
    if (end === -1) return done()
    const rest = Buffer.from(this.head.slice(end + 4), 'latin1')
    const [start = '', ...lines] = this.head.slice(0, end).split('\r\n')
    this.passing = true
    this.shake(
      start,
      lines.map(line => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    )
    if (rest.length === 0) done()
    else this.stream?.write(rest, done)
  }

  override _final(done: Callback): void {
    if (this.stream === null || this.stream.writableEnded) done()
    else this.stream.end(done)
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.stream?.close()
    done(error)
  }

  // What `ws` and node:http call on sockets.
  setNoDelay(): void {}
  setKeepAlive(): void {}
  setTimeout(): void {}
  ref(): void {}
  unref(): void {}
}

/** Fields that only one of the versions has. */
const ofHttp1 = new Set([
  'host',
  'connection',
  'upgrade',
  'content-length',
  'transfer-encoding',
  'keep-alive',
])

/** A client's, on a session. The accepting answer is completed so that a client of HTTP/1 finds it right. */
export class ClientTunnelSocket extends TunnelSocket {
  private readonly session: ClientHttp2Session
  private readonly accept: (key: string) => string

  constructor(session: ClientHttp2Session, accept: (key: string) => string) {
    super()
    this.session = session
    this.accept = accept
  }

  protected shake(start: string, fields: readonly Field[]): void {
    const [, path = ''] = start.split(' ')
    const named = new Map(fields)
    const stream = this.session.request({
      ':method': 'CONNECT',
      ':protocol': named.get('upgrade') ?? '',
      ':path': path,
      ':authority': named.get('host') ?? '',
      ...Object.fromEntries(fields.filter(([name]) => !ofHttp1.has(name) && name !== 'sec-websocket-key')),
    })
    stream.on('response', headers => {
      const accepted = headers[':status'] === 200
      const first = accepted
        ? [
            'HTTP/1.1 101 Switching Protocols',
            'Connection: upgrade',
            `Upgrade: ${named.get('upgrade') ?? ''}`,
          ]
        : [`HTTP/1.1 ${headers[':status'] ?? 0} Refused`, 'Connection: close']
      if (accepted) first.push(`Sec-WebSocket-Accept: ${this.accept(named.get('sec-websocket-key') ?? '')}`)
      this.push(`${[...first, ...linesOf(headers)].join('\r\n')}\r\n\r\n`)
    })
    this.attach(stream)
  }
}

/** A server's, for a stream that asks for a tunnel. */
export class ServerTunnelSocket extends TunnelSocket {
  private readonly asked: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream) {
    super()
    this.asked = stream
    this.attach(stream)
  }

  protected shake(start: string, fields: readonly Field[]): void {
    const status = Number(start.split(' ')[1])
    const kept = fields.filter(([name]) => !ofHttp1.has(name) && name !== 'sec-websocket-accept')
    this.asked.respond({ ':status': status === 101 ? 200 : status, ...Object.fromEntries(kept) })
  }
}

function linesOf(headers: IncomingHttpHeaders): string[] {
  return Object.entries(headers)
    .filter(([name]) => !name.startsWith(':'))
    .flatMap(([name, value]) => [value ?? []].flat().map(each => `${name}: ${each}`))
}
