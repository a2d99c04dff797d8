import { once } from 'node:events'
import { Agent, request as requestHttp, type RequestOptions } from 'node:http'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { Agent as SecureAgent, request as requestHttps } from 'node:https'
import { isReset } from './resets.ts'

/** Where the gateway is, for clients of `a.example`. */
export interface LoadTarget {
  readonly plain: number
  readonly secure: number
  /** PEM of who vouches for the gateway. */
  readonly ca: string
}

/** Asks once, and throws where the answer is not whole. */
type Asking = () => Promise<void>

/** Answers of the upstreams of a load have this body, whatever it is sent to `/echo`. */
export const ANSWER = 'answer '.repeat(100)
/** A call of `/echo` sends each of these when it has the one before back. */
const PIECES = ['one', 'two', 'three'] as const

/**
 * Clients that ask without a pause: over HTTP/1.1 and HTTP/2, plain and TLS, on connections that they keep and on
 * one for each request, and calls that stream both ways. Nobody asks twice: whatever goes wrong is a failure.
 */
export class MixedLoad {
  /** Answers by kind of client. */
  readonly answers: Record<string, number> = {}
  readonly failures: string[] = []
  /** Connections that the system reset before anybody had accepted them. */
  resets = 0
  private going = true
  private readonly clients: Promise<void>[]
  private readonly endings: (() => void)[] = []

  constructor(target: LoadTarget) {
    this.clients = Object.entries(this.kinds(target)).map(([kind, ask]) => this.client(kind, ask))
  }

  /** Resolves when every kind has had so many answers more, or something has failed. */
  async more(count: number): Promise<void> {
    const wanted = Object.entries(this.answers).map(([kind, had]) => [kind, had + count] as const)
    while (this.failures.length === 0 && wanted.some(([kind, least]) => this.answers[kind]! < least))
      await new Promise(resolve => setImmediate(resolve))
  }

  async stop(): Promise<void> {
    this.going = false
    await Promise.all(this.clients)
    for (const end of this.endings) end()
  }

  private kinds({ plain, secure, ca }: LoadTarget): Record<string, Asking> {
    const tls = { ca, servername: 'a.example' }
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const secureAgent = new SecureAgent({ keepAlive: true, maxSockets: 1 })
    this.endings.push(
      () => agent.destroy(),
      () => secureAgent.destroy(),
    )
    const origin = `http://127.0.0.1:${plain}`
    const secureOrigin = `https://127.0.0.1:${secure}`
    const [h2, h2c, calls] = [
      this.session(secureOrigin, tls),
      this.session(origin, {}),
      this.session(secureOrigin, tls),
    ]
    return {
      'HTTP/1.1, kept': () => http1(requestHttp, { port: plain, agent }),
      'HTTP/1.1, new': () => http1(requestHttp, { port: plain, agent: false }),
      'HTTP/1.1 in TLS, kept': () => http1(requestHttps, { port: secure, agent: secureAgent, ...tls }),
      'HTTP/1.1 in TLS, new': () => http1(requestHttps, { port: secure, agent: false, ...tls }),
      'HTTP/2, kept': async () => http2(await h2c()),
      'HTTP/2 in TLS, kept': async () => http2(await h2()),
      'HTTP/2 in TLS, new': () => alone(secureOrigin, tls),
      'calls over HTTP/2 in TLS': async () => call(await calls()),
    }
  }

  private async client(kind: string, ask: Asking): Promise<void> {
    this.answers[kind] = 0
    while (this.going)
      try {
        await ask()
        this.answers[kind]!++
      } catch (error) {
        if (isUnsent(error)) continue
        if (isReset(error) && kind.endsWith('new')) {
          this.resets++
          continue
        }
        this.failures.push(`${kind}: ${String(error)}`)
        return
      }
  }

  /** Gives a session that takes requests: another one when the last was told to go (GOAWAY). */
  private session(origin: string, options: object): () => Promise<ClientHttp2Session> {
    let session: ClientHttp2Session | null = null
    this.endings.push(() => session?.destroy())
    return async () => {
      if (session === null || session.closed || session.destroyed) session = await opened(origin, options)
      return session
    }
  }
}

/**
 * nghttp2 itself refuses a request that it has not sent yet when GOAWAY comes. Nobody has seen it, and to ask again
 * is what RFC 9113 §8.7 says.
 */
function isUnsent(error: unknown): boolean {
  return error instanceof Error && error.message.includes('NGHTTP2_REFUSED_STREAM')
}

async function opened(origin: string, options: object): Promise<ClientHttp2Session> {
  const session = connect(origin, options)
  session.on('error', () => {})
  await once(session, 'connect')
  return session
}

function http1(request: typeof requestHttp, options: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', path: '/x', headers: { host: 'a.example' }, ...options })
    asked.on('error', reject)
    asked.on('response', response => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200 && body === ANSWER) resolve()
        else reject(new Error(`status ${String(response.statusCode)}, ${body.length} bytes`))
      })
    })
    asked.end()
  })
}

async function http2(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ':path': '/x', ':authority': 'a.example' })
  let status: number | undefined
  stream.on('response', headers => (status = headers[':status']))
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  if (status !== 200 || body !== ANSWER) throw new Error(`status ${String(status)}, ${body.length} bytes`)
}

async function alone(origin: string, options: object): Promise<void> {
  const session = await opened(origin, options)
  try {
    await http2(session)
  } finally {
    session.destroy()
  }
}

/** As a bidirectional call of gRPC: pieces there and back in turn, then trailers. */
async function call(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ':path': '/echo', ':method': 'POST', ':authority': 'a.example' })
  let trailers: IncomingHttpHeaders = {}
  stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received))
  let next = 0
  stream.write(PIECES[next])
  let body = ''
  for await (const chunk of stream) {
    body += String(chunk)
    if (body !== PIECES.slice(0, next + 1).join('')) continue
    next++
    if (next < PIECES.length) stream.write(PIECES[next])
    else stream.end()
  }
  if (body !== PIECES.join('') || trailers['x-status'] !== '0')
    throw new Error(`a call came back as ${JSON.stringify(body)}, status ${String(trailers['x-status'])}`)
}
