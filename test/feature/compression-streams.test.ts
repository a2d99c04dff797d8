import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { decoded, decoder, encodings } from '../support/encodings.ts'
import { RawClient } from '../support/raw.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { settled } from '../support/settled.ts'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer, type WireResponse } from '../support/wire-server.ts'
import { between, patient, portFor, startBetween, wires } from '../support/wires.ts'

const all = { compression: {}, ...patient }

for (const wire of wires)
  suite(`a client of ${wire}`, () => {
    for (const encoding of encodings)
      test(`has each event before the next is sent (${encoding}), and is heard of when it leaves`, async () => {
        const asked = new Seen<WireResponse>()
        await using server = await WireServer.start('h1', (_, response) => asked.push(response))
        await using running = await startBetween('h1', server.port, { client: all })
        await using client = wireClient(wire, portFor(wire, running))
        const call = client.ask({ path: '/events', headers: { 'accept-encoding': encoding } })
        const response = await asked.first()
        const gone = once(response, 'close')
        // The head goes on before there is any event.
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        ;(response as unknown as { flushHeaders(): void }).flushHeaders()
        const { headers } = await call.head
        assert.deepEqual([headers['content-encoding'], headers['content-length']], [encoding, undefined])
        let text = ''
        const seen = new Seen<string>()
        const reader = decoder(encoding)
        reader.on('data', (piece: Buffer) => seen.push((text += piece.toString())))
        call
          .response()
          .on('data', (piece: Buffer) => reader.write(piece))
          .on('error', () => {})
        for (let n = 0; n < 20; n++) {
          response.write(`data: event ${n}\n\n`)
          await seen.first(now => now.endsWith(`data: event ${n}\n\n`))
        }
        call.abort()
        await gone
        const line = await running.line(({ 'url.path': path }) => path === '/events')
        assert.equal(line['portcullis.failure'], 'client_gone')
      })

    test('has trailers behind what was compressed', async () => {
      await using server = await WireServer.start('h1', (request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', trailer: 'X-Sum' })
        response.write('a'.repeat(request.url === '/long' ? 100_000 : 2000))
        response.addTrailers({ 'X-Sum': '7' })
        response.end()
      })
      await using running = await startBetween('h1', server.port, { client: all })
      await using client = wireClient(wire, portFor(wire, running))
      for (const path of ['/short', '/long']) {
        const answer = await client.send({ path, headers: { 'accept-encoding': 'gzip' } })
        assert.equal(answer.headers['content-encoding'], 'gzip')
        assert.equal(decoded(answer.body, 'gzip').length, path === '/long' ? 100_000 : 2000)
        assert.equal(answer.trailers['x-sum'], '7')
      }
    })

    test('sees that an answer is broken off', async () => {
      for (const length of ['Transfer-Encoding: chunked', 'Content-Length: 500000']) {
        await using upstream = await RawUpstream.start(conversation => {
          if (conversation.requests.length === 0) return
          const data = randomBytes(50_000).toString('latin1')
          const framed = length.startsWith('T') ? `${data.length.toString(16)}\r\n${data}\r\n` : data
          conversation.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${length}\r\n\r\n${framed}`)
        })
        await using running = await startBetween('h1', upstream.port, { client: all })
        await using client = wireClient(wire, portFor(wire, running))
        const call = client.ask({ path: '/cut', headers: { 'accept-encoding': 'gzip' } })
        assert.equal((await call.head).headers['content-encoding'], 'gzip')
        for (const { socket } of upstream.conversations) socket.destroy()
        await assert.rejects(call.whole())
        const line = await running.line(({ 'url.path': path }) => path === '/cut')
        assert.equal(line['portcullis.failure'], 'http_response_incomplete')
      }
    })

    test('is told of a failure in place of an answer of which nothing has left', async () => {
      await using upstream = await RawUpstream.start(conversation => {
        if (conversation.requests.length === 0) return
        conversation.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\nsome')
        conversation.socket.end()
      })
      await using running = await startBetween('h1', upstream.port, { client: all })
      await using client = wireClient(wire, portFor(wire, running))
      const answer = await client.send({
        method: 'POST',
        path: '/cut',
        body: 'x',
        headers: { 'accept-encoding': 'gzip' },
      })
      assert.deepEqual([answer.status, answer.headers['content-type']], [502, 'application/problem+json'])
    })
  })

const total = 50 * 1024 * 1024
/** Socket buffers of two connections, or windows, and little between them. */
const most = 24 * 1024 * 1024
/** Do not become fewer, so that the slow side is the client's: together they are more than any window. */
const pieces = Array.from({ length: 16 }, () => randomBytes(64 * 1024))

/** Writes `total` bytes, each piece when the one before has been taken. */
class Pump {
  accepted = 0
  readonly hash = createHash('sha256')
  private readonly sink: WireResponse

  constructor(sink: WireResponse) {
    this.sink = sink
    this.more()
  }

  private more(): void {
    if (this.accepted === total) return void this.sink.end()
    const piece = pieces[(this.accepted / 65_536) % pieces.length]!
    this.hash.update(piece)
    this.accepted += piece.length
    this.sink.write(piece, error => {
      if (error == null) this.more()
    })
  }
}

for (const wire of wires)
  for (const encoding of wire === 'h1' ? encodings : (['zstd'] as const))
    test(`50 MB in ${encoding} wait for a slow client of ${wire}, not in memory, and are whole in the end`, async () => {
      const pumps = new Seen<Pump>()
      await using server = await WireServer.start('h1', (_, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' })
        pumps.push(new Pump(response))
      })
      await using running = await startBetween('h1', server.port, { client: all })
      await using client = wireClient(wire, portFor(wire, running))
      const call = client.ask({ headers: { 'accept-encoding': encoding } })
      await call.head
      const pump = await pumps.first()
      const stopped = await settledPump(pump)
      assert.ok(stopped < most, `${stopped} bytes were taken for a client that reads nothing`)
      const reader = decoder(encoding)
      const hash = createHash('sha256')
      reader.on('data', (data: Buffer) => hash.update(data))
      call.response().pipe(reader)
      await once(reader, 'end')
      assert.equal(hash.digest('hex'), pump.hash.digest('hex'))
    })

/** zlib works on other threads, so that a turn without movement says nothing: until nothing has moved for some tenths of a second. */
async function settledPump(pump: Pump): Promise<number> {
  let last = -1
  for (let same = 0; same < 4;) {
    await new Promise(resolve => setTimeout(resolve, 50))
    same = pump.accepted === last ? same + 1 : 0
    last = await settled(() => pump.accepted)
  }
  return last
}

test('a client that leaves gives the memory of its encoder back, and its backend is told', async () => {
  const asked = new Seen<WireResponse>()
  await using server = await WireServer.start('h1', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    asked.push(response)
    const write = (): void => {
      if (!response.destroyed) response.write(pieces[0], write)
    }
    write()
  })
  await using running = await startBetween('h1', server.port, { client: all })
  // More than the memory for encoders, one after another.
  for (let i = 0; i < 700; i++) {
    const client = await RawClient.to(portFor('h1', running))
    client.write('GET / HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n\r\n')
    const text = await client.until(/\r\n\r\n/)
    assert.match(text, /Content-Encoding: gzip/, `client ${i}`)
    await client[Symbol.asyncDispose]()
    const response = await asked.first(one => one === asked.all[i])
    if (!response.destroyed) await once(response, 'close')
  }
  assert.doesNotMatch(running.metrics(), /portcullis_compression_refused_total [1-9]/)
})

test('a request timeout ends an answer under way', async () => {
  await using server = await WireServer.start('h1', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.write('a'.repeat(100_000))
  })
  await using running = await startBetween('h1', server.port, {
    client: all,
    rule: { timeouts: { request: '300ms' } },
  })
  await using client = wireClient('h1', portFor('h1', running))
  await assert.rejects(client.send({ path: '/late', headers: { 'accept-encoding': 'gzip' } }))
  const line = await running.line(({ 'url.path': path }) => path === '/late')
  assert.equal(line['portcullis.failure'], 'http_response_timeout')
})

test('a reload leaves what is under way alone', async () => {
  const asked = new Seen<WireResponse>()
  await using server = await WireServer.start('h1', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.write('a'.repeat(50_000))
    asked.push(response)
  })
  await using running = await startBetween('h1', server.port, { client: all })
  await using client = wireClient('h1', portFor('h1', running))
  const call = client.ask({ headers: { 'accept-encoding': 'br' } })
  const { headers } = await call.head
  await running.reload(between('h1', server.port))
  const response = await asked.first()
  response.end('b'.repeat(50_000))
  assert.equal(headers['content-encoding'], 'br')
  const { body } = await call.whole()
  assert.equal(decoded(body, 'br').toString(), 'a'.repeat(50_000) + 'b'.repeat(50_000))
})

test('an answer that is late before anything of it has left is asked for again, and nothing of it is in the next', async () => {
  const whole = 'b'.repeat(5000)
  await using upstream = await RawUpstream.start(conversation => {
    if (conversation.requests.length === 0) return
    conversation.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n')
    if (conversation.index > 0) return conversation.write(whole)
    conversation.write('a'.repeat(2000))
  })
  await using running = await startBetween('h1', upstream.port, {
    client: all,
    rule: { retry: { attempts: 2 }, timeouts: { backendRequest: '200ms' } },
  })
  await using client = wireClient('h1', portFor('h1', running))
  const answer = await client.send({ headers: { 'accept-encoding': 'gzip' } })
  assert.equal(upstream.conversations.length, 2)
  assert.equal(answer.headers['vary'], 'Accept-Encoding')
  assert.equal(decoded(answer.body, answer.headers['content-encoding']).toString(), whole)
})

test('a tunnel, and messages of gRPC, pass as they are', async () => {
  const message = Buffer.concat([Buffer.from([0, 0, 0, 19, 136]), Buffer.alloc(5000, 'm')])
  await using grpc = await WireServer.start('h2c', (_, response) => {
    response.writeHead(200, { 'content-type': 'application/grpc+json' })
    response.end(message)
  })
  await using calls = await startBetween('h2c', grpc.port, {
    client: { compression: { contentTypes: ['*/*'] }, ...patient },
  })
  await using caller = wireClient('h2c', portFor('h2c', calls))
  const call = await caller.send({ headers: { 'accept-encoding': 'gzip', te: 'trailers' } })
  assert.deepEqual([call.headers['content-encoding'], call.headers['vary']], [undefined, undefined])
  assert.deepEqual(call.body, message)

  await using upstream = await RawUpstream.start(conversation => {
    if (conversation.text.endsWith('ping')) conversation.write('pong')
    else if (conversation.text.endsWith('\r\n\r\n'))
      conversation.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: own\r\nContent-Type: text/plain\r\n\r\n',
      )
  })
  await using running = await startBetween('h1', upstream.port, { client: all })
  await using client = await RawClient.to(portFor('h1', running))
  client.write(
    'GET / HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\n',
  )
  const head = await client.until(/\r\n\r\n/)
  assert.match(head, /^HTTP\/1\.1 101 /)
  assert.doesNotMatch(head, /Content-Encoding|Vary/i)
  client.write('ping')
  await client.until(/pong$/)
})
