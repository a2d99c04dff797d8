import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { messages, status } from '../support/messages.ts'
import { RawClient } from '../support/raw.ts'
import { digestOf, pattern } from './upstream.ts'

const random = (below: number): number => Math.floor(Math.random() * below)

/** What clients do; each throws where it does not get what it must. */
export class Traffic {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 32 })
  private readonly port: number

  constructor(port: number) {
    this.port = port
  }

  readonly kinds: Readonly<Record<string, () => Promise<void>>> = {
    get: () => this.bytes(random(20_000), false),
    large: () => this.bytes(500_000 + random(3_000_000), false),
    slowReader: () => this.bytes(300_000 + random(1_000_000), true),
    post: () => this.post(random(100_000), false),
    chunked: () => this.post(random(1_000_000), true),
    slow: () => this.slow(),
    dropped: () => this.dropped(),
    notFound: () => this.notFound(),
    pipelined: () => this.pipelined(),
    abortedRequest: () => this.abortedRequest(),
    abortedResponse: () => this.abortedResponse(),
    upgrade: () => this.upgrade(),
    malformed: () => this.malformed(),
    tinyChunks: () => this.tinyChunks(),
  }

  private async ask(
    path: string,
    method = 'GET',
    body: Buffer[] = [],
    host = 'soak',
  ): Promise<IncomingMessage> {
    const { agent, port } = this
    const call = request({ agent, port, host: '127.0.0.1', path, method, headers: { Host: host } })
    const answer = once(call, 'response') as Promise<[IncomingMessage]>
    for (const piece of body) if (!call.write(piece)) await Promise.race([once(call, 'drain'), answer])
    call.end()
    return (await answer)[0]
  }

  private async bytes(bytes: number, slowly: boolean): Promise<void> {
    const response = await this.ask(`/bytes/${bytes}`)
    assert.equal(response.statusCode, 200)
    assert.equal(await digest(response, slowly), digestOf(bytes))
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
    const response = await this.ask('/drop')
    assert.equal(response.statusCode, 502)
    assert.match(await text(response), /connection_terminated/)
  }

  private async notFound(): Promise<void> {
    const response = await this.ask('/', 'GET', [], 'nobody')
    assert.equal(response.statusCode, 404)
    await text(response)
  }

  private async pipelined(): Promise<void> {
    await using client = await RawClient.to(this.port)
    const hosts = Array.from({ length: 40 }, () => (random(2) === 0 ? 'soak' : 'nobody'))
    client.write(hosts.map(host => `GET /bytes/10 HTTP/1.1\r\nHost: ${host}\r\n\r\n`).join(''))
    const received = await client.until(all => messages(all).length === hosts.length)
    assert.deepEqual(
      messages(received).map(status),
      hosts.map(host => (host === 'soak' ? 200 : 404)),
    )
  }

  private async abortedRequest(): Promise<void> {
    await using client = await RawClient.to(this.port)
    client.write('POST /digest HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000\r\n\r\nabc')
    if (random(2) === 0) await setTimeout(random(20))
    if (random(2) === 0) client.socket.resetAndDestroy()
  }

  private async abortedResponse(): Promise<void> {
    await using client = await RawClient.to(this.port)
    client.write('GET /bytes/3000001 HTTP/1.1\r\nHost: soak\r\n\r\n')
    await client.until(/^HTTP\/1\.1 200/)
    if (random(2) === 0) client.socket.resetAndDestroy()
  }

  private async upgrade(): Promise<void> {
    await using client = await RawClient.to(this.port)
    client.write('GET / HTTP/1.1\r\nHost: soak\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
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
      'POST / HTTP/1.1\r\nHost: soak\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ]
    const answer = await RawClient.exchange(this.port, bad[random(bad.length)]!)
    assert.match(answer, /^HTTP\/1\.1 400 /)
  }

  private async tinyChunks(): Promise<void> {
    await using client = await RawClient.to(this.port)
    client.write('POST /digest HTTP/1.1\r\nHost: soak\r\nTransfer-Encoding: chunked\r\n\r\n')
    client.write(`${'1\r\na\r\n'.repeat(20_000)}0\r\n\r\n`)
    const received = await client.until(all => messages(all).length === 1)
    const expected = createHash('sha256').update('a'.repeat(20_000)).digest('hex')
    assert.equal(messages(received)[0]!.body, expected)
  }
}

async function digest(response: IncomingMessage, slowly: boolean): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of response) {
    hash.update(piece as Buffer)
    if (slowly) await setTimeout(random(10))
    else await setImmediate()
  }
  if (!response.complete) throw new Error('the response is not complete')
  return hash.digest('hex')
}

async function text(response: IncomingMessage): Promise<string> {
  let all = ''
  for await (const piece of response) all += (piece as Buffer).toString('latin1')
  return all
}
