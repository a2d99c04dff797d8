import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { anyOf, digest, hosts, random, text, type Target, type Traffic } from './traffic.ts'
import { digestOf, pattern } from './upstream.ts'

/** Requests on one connection, on average, before another is made. */
const KEPT = 200

/** HTTP/2 by node:http2, with prior knowledge or by ALPN; one connection for each host at a time, and now and then a new one. */
export class Http2Traffic implements Traffic {
  private readonly target: Target
  private readonly sessions = new Map<string, Promise<ClientHttp2Session>>()

  readonly kinds = {
    get: () => this.bytes(random(20_000), false),
    large: () => this.bytes(500_000 + random(3_000_000), false),
    slowReader: () => this.bytes(300_000 + random(1_000_000), true),
    post: () => this.post(random(1_000_000)),
    many: () => this.many(),
    dropped: () => this.dropped(),
    notFound: () => this.notFound(),
    abortedRequest: () => this.abortedRequest(),
    abortedResponse: () => this.abortedResponse(),
    tunnel: () => this.tunnel(),
  }

  constructor(target: Target) {
    this.target = target
  }

  close(): void {
    for (const host of this.sessions.keys()) this.retire(host)
  }

  /** Begins a request on the connection for its host. */
  private async begin(
    host: string,
    fields: Readonly<Record<string, string>>,
    endStream: boolean,
  ): Promise<ClientHttp2Stream> {
    if (random(KEPT) === 0) this.retire(host)
    for (;;) {
      let opened = this.sessions.get(host)
      if (opened === undefined) this.sessions.set(host, (opened = this.open(host)))
      const session = await opened
      // Somebody else may have closed it in the meantime.
      if (!session.closed && !session.destroyed)
        return session.request({ ':authority': host, ...fields }, { endStream })
      if (this.sessions.get(host) === opened) this.sessions.delete(host)
    }
  }

  /** Its streams go on to their end. */
  private retire(host: string): void {
    void this.sessions.get(host)?.then(session => session.close())
    this.sessions.delete(host)
  }

  private async open(host: string): Promise<ClientHttp2Session> {
    const { port, ca } = this.target
    const session =
      ca === null
        ? connect(`http://127.0.0.1:${port}`)
        : connect(`https://127.0.0.1:${port}`, { ca, servername: host })
    session.on('error', () => {})
    // Extended CONNECT may be used only once the settings are there (RFC 8441 §3).
    await once(session, 'remoteSettings')
    return session
  }

  private async ask(
    path: string,
    host: string = anyOf(hosts),
    more: Readonly<Record<string, string>> = {},
    body: Buffer | null = null,
  ): Promise<{ stream: ClientHttp2Stream; status: number }> {
    const named =
      more[':protocol'] === undefined ? {} : { ':scheme': this.target.ca === null ? 'http' : 'https' }
    const endStream = body === null && more[':protocol'] === undefined
    const stream = await this.begin(host, { ':path': path, ...named, ...more }, endStream)
    if (body !== null) stream.end(body)
    // A reset with CANCEL is no error to node:http2.
    const gone = once(stream, 'close').then(() => {
      throw new Error(`no answer, reset with ${stream.rstCode}`)
    })
    const [fields] = (await Promise.race([once(stream, 'response'), gone])) as [Record<string, unknown>]
    return { stream, status: Number(fields[':status']) }
  }

  private async bytes(bytes: number, slowly: boolean): Promise<void> {
    const { stream, status } = await this.ask(`/bytes/${bytes}`)
    assert.equal(status, 200)
    assert.equal(await digest(stream, slowly), digestOf(bytes))
  }

  private async post(bytes: number): Promise<void> {
    const body = Buffer.alloc(bytes)
    for (let at = 0; at < bytes; at += pattern.length) pattern.copy(body, at)
    const { stream, status } = await this.ask('/digest', undefined, { ':method': 'POST' }, body)
    assert.equal(status, 200)
    assert.equal(await text(stream), digestOf(bytes))
  }

  private async many(): Promise<void> {
    await Promise.all(Array.from({ length: 50 }, () => this.bytes(random(2_000), false)))
  }

  private async dropped(): Promise<void> {
    const { stream, status } = await this.ask('/drop', 'h1.soak.test')
    assert.equal(status, 502)
    assert.match(await text(stream), /connection_terminated/)
  }

  private async notFound(): Promise<void> {
    const { stream, status } = await this.ask('/', 'nobody.soak.test')
    assert.equal(status, 404)
    await text(stream)
  }

  private async abortedRequest(): Promise<void> {
    const stream = await this.begin('h2c.soak.test', { ':path': '/digest', ':method': 'POST' }, false)
    stream.on('error', () => {})
    stream.write(pattern)
    stream.close(constants.NGHTTP2_CANCEL)
    await once(stream, 'close')
  }

  private async abortedResponse(): Promise<void> {
    const { stream, status } = await this.ask('/bytes/3000001')
    assert.equal(status, 200)
    stream.on('error', () => {})
    stream.close(constants.NGHTTP2_CANCEL)
    await once(stream, 'close')
  }

  /** RFC 8441: what is said comes back, and each side ends. */
  private async tunnel(): Promise<void> {
    const host = anyOf(['h1.soak.test', 'h2c.soak.test', 'h2.soak.test'])
    const { stream, status } = await this.ask('/tunnel', host, {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    })
    assert.equal(status, 200)
    const said = 'x'.repeat(1 + random(200_000))
    stream.end(said)
    assert.equal((await text(stream)).length, said.length)
  }
}
