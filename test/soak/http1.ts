import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { setTimeout } from 'node:timers/promises'
import { messages, status } from '../support/messages.ts'
import { RawClient } from '../support/raw.ts'
import { anyOf, digest, hosts, random, text, type Target, type Traffic } from './traffic.ts'
import { digestOf, pattern } from './upstream.ts'

/** HTTP/1.1 by node:http, and bytes that no library would send where the connection is plain. */
export class Http1Traffic implements Traffic {
  readonly kinds: Traffic['kinds']
  private readonly target: Target
  private readonly kept: Agent
  private readonly fresh: Agent

  constructor(target: Target) {
    this.target = target
    const { ca } = target
    this.kept =
      ca === null
        ? new Agent({ keepAlive: true, maxSockets: 32 })
        : new SecureAgent({ keepAlive: true, maxSockets: 32, ca })
    this.fresh = ca === null ? new Agent() : new SecureAgent({ ca, maxCachedSessions: 0 })
    this.kinds =
      ca === null ? { ...this.polite, ...this.raw } : { ...this.polite, handshake: () => this.handshake() }
  }

  close(): void {
    this.kept.destroy()
    this.fresh.destroy()
  }

  private get polite(): Traffic['kinds'] {
    return {
      get: () => this.bytes(random(20_000), false),
      large: () => this.bytes(500_000 + random(3_000_000), false),
      slowReader: () => this.bytes(300_000 + random(1_000_000), true),
      post: () => this.post(random(100_000), false),
      chunked: () => this.post(random(1_000_000), true),
      slow: () => this.slow(),
      dropped: () => this.dropped(),
      notFound: () => this.notFound(),
    }
  }

  private get raw(): Traffic['kinds'] {
    return {
      pipelined: () => this.pipelined(),
      abortedRequest: () => this.abortedRequest(),
      abortedResponse: () => this.abortedResponse(),
      upgrade: () => this.upgrade(),
      malformed: () => this.malformed(),
      tinyChunks: () => this.tinyChunks(),
    }
  }

  private async ask(
    path: string,
    method = 'GET',
    body: readonly Buffer[] = [],
    { host = anyOf(hosts), agent = this.kept }: { host?: string; agent?: Agent } = {},
  ): Promise<IncomingMessage> {
    const options = {
      agent,
      port: this.target.port,
      host: '127.0.0.1',
      path,
      method,
      headers: { Host: host },
    }
    const call = this.target.ca === null ? request(options) : secureRequest({ ...options, servername: host })
    const answer = once(call, 'response') as Promise<[IncomingMessage]>
    for (const piece of body) if (!call.write(piece)) await Promise.race([once(call, 'drain'), answer])
    call.end()
    return (await answer)[0]
  }

  private async bytes(bytes: number, slowly: boolean): Promise<void> {
    const response = await this.ask(`/bytes/${bytes}`)
    assert.equal(response.statusCode, 200)
    assert.equal(await digest(response, slowly), digestOf(bytes))
    assert.ok(response.complete, 'the response is not complete')
  }

  private async post(bytes: number, chunked: boolean): Promise<void> {
    const pieces: Buffer[] = []
    for (let left = bytes; left > 0; left -= pattern.length) pieces.push(pattern.subarray(0, left))
    const response = await this.ask('/digest', 'POST', chunked ? pieces : [Buffer.concat(pieces)])
    assert.equal(response.statusCode, 200)
    assert.equal(await text(response), digestOf(bytes))
  }

  private async slow(): Promise<void> {
    assert.equal(await text(await this.ask('/slow')), 'slow')
  }

  private async dropped(): Promise<void> {
    const response = await this.ask('/drop', 'GET', [], { host: 'h1.soak.test' })
    assert.equal(response.statusCode, 502)
    assert.match(await text(response), /connection_terminated/)
  }

  private async notFound(): Promise<void> {
    const response = await this.ask('/', 'GET', [], { host: 'nobody.soak.test' })
    assert.equal(response.statusCode, 404)
    await text(response)
  }

  private async handshake(): Promise<void> {
    const response = await this.ask('/bytes/100', 'GET', [], { agent: this.fresh })
    assert.equal(await digest(response, false), digestOf(100))
  }

  private async pipelined(): Promise<void> {
    await using client = await RawClient.to(this.target.port)
    const names = Array.from({ length: 40 }, () => (random(2) === 0 ? anyOf(hosts) : 'nobody.soak.test'))
    client.write(names.map(host => `GET /bytes/10 HTTP/1.1\r\nHost: ${host}\r\n\r\n`).join(''))
    const received = await client.until(all => messages(all).length === names.length)
    assert.deepEqual(
      messages(received).map(status),
      names.map(host => (host === 'nobody.soak.test' ? 404 : 200)),
    )
  }

  private async abortedRequest(): Promise<void> {
    await using client = await RawClient.to(this.target.port)
    client.write(`POST /digest HTTP/1.1\r\nHost: ${anyOf(hosts)}\r\nContent-Length: 100000\r\n\r\nabc`)
    if (random(2) === 0) await setTimeout(random(20))
    if (random(2) === 0) client.socket.resetAndDestroy()
  }

  private async abortedResponse(): Promise<void> {
    await using client = await RawClient.to(this.target.port)
    client.write(`GET /bytes/3000001 HTTP/1.1\r\nHost: ${anyOf(hosts)}\r\n\r\n`)
    await client.until(/^HTTP\/1\.1 200/)
    if (random(2) === 0) client.socket.resetAndDestroy()
  }

  private async upgrade(): Promise<void> {
    await using client = await RawClient.to(this.target.port)
    client.write('GET / HTTP/1.1\r\nHost: h1.soak.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
    await client.until(/^HTTP\/1\.1 101[^]*\r\n\r\n$/)
    const from = client.text.length
    const said = 'x'.repeat(1 + random(200_000))
    client.write(said)
    await client.until(all => all.length === from + said.length)
    if (random(3) === 0) return
    client.socket.end()
    await client.closed()
  }

  private async malformed(): Promise<void> {
    const bad = [
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'GET  / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01',
      'POST / HTTP/1.1\r\nHost: h1.soak.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ]
    assert.match(await RawClient.exchange(this.target.port, anyOf(bad)), /^HTTP\/1\.1 400 /)
  }

  private async tinyChunks(): Promise<void> {
    await using client = await RawClient.to(this.target.port)
    client.write(`POST /digest HTTP/1.1\r\nHost: ${anyOf(hosts)}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    client.write(`${'1\r\na\r\n'.repeat(20_000)}0\r\n\r\n`)
    const received = await client.until(all => messages(all).length === 1)
    const expected = createHash('sha256').update('a'.repeat(20_000)).digest('hex')
    assert.equal(messages(received)[0]!.body, expected)
  }
}
