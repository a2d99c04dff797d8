import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { suite, test } from 'node:test'
import { CallFailure } from '../../../composition/calls/failure.ts'
import { Authority } from '../../../../test/support/certificates.ts'
import { settled } from '../../../../test/support/settled.ts'
import { RawServer } from '../../../../test/support/raw.ts'
import { SecureUpstream } from '../../../../test/support/secure-upstream.ts'
import { TestUpstream } from '../../../../test/support/upstream.ts'
import { callOf, fails, ThreadWithin } from '../../../../test/support/within.ts'

const MIB = 1024 * 1024

suite('a backend of HTTP/1', () => {
  test('method, target, fields and body go out, status, fields and body come back', async () => {
    await using up = await TestUpstream.start((request, response) => {
      response.writeHead(207, {
        'X-Got': [request.method, request.url, request.headers['x-a'], request.headers.host].join(' '),
        'Set-Cookie': ['a=1', 'b=2'],
      })
      request.pipe(response)
    })
    await using thread = await ThreadWithin.of([up.port])
    const call = callOf({
      method: 'POST',
      target: '/x?y=1',
      headers: { 'x-a': 'b' },
      body: Buffer.from('hello'),
    })
    const answer = await thread.transport.send(call)
    assert.equal(answer.status, 207)
    const { attempts, cache, sent } = call.record!
    assert.deepEqual([attempts, cache, sent], [1, null, { method: 'POST', target: '/x?y=1' }])
    assert.equal(answer.headers['x-got'], 'POST /x?y=1 b a.example')
    assert.equal(answer.headers['set-cookie'], 'a=1\nb=2')
    assert.equal(Buffer.from(await answer.body.bytes(100)).toString(), 'hello')
    assert.match(thread.metrics(), /portcullis_upstream_requests_total\{.*cluster="a".*\} 1/)
    assert.match(thread.metrics(), /portcullis_requests_total\{.*route="composition\/default\/c\/a".*\} 1/)
  })

  // What stands around an answer is nothing of it, however it trickles.
  test('is given up where nothing of its answer comes', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'
    const ways = [chunked, 'HTTP/1.1 200 OK\r\nX: ', `${chunked}1;`, `${chunked}0\r\nX: `]
    await Promise.all(
      ways.map(async begin => {
        await using up = await RawServer.start(socket => {
          socket.on('error', () => {})
          socket.once('data', () => {
            socket.write(begin)
            const timer = begin === chunked ? undefined : setInterval(() => socket.write('a'), 50)
            socket.on('close', () => clearInterval(timer))
          })
        })
        await using thread = await ThreadWithin.of([up.port], { cluster: { silenceMs: 700 } })
        const answered = thread.transport.send(callOf()).then(answer => answer.body.bytes(100))
        await assert.rejects(answered, fails('http_response_timeout'))
      }),
    )
  })

  test('connections are used again', async () => {
    await using up = await TestUpstream.start((_, response) => void response.end('x'))
    await using thread = await ThreadWithin.of([up.port])
    for (let i = 0; i < 5; i++) await (await thread.transport.send(callOf())).body.bytes(10)
    assert.equal(up.connections, 1)
  })

  test('a body that streams is taken as fast as the backend reads it', async () => {
    let reading: Socket | undefined
    await using up = await TestUpstream.start((request, response) => {
      reading = request.socket
      request.pause()
      let bytes = 0
      request.on('data', (chunk: Buffer) => (bytes += chunk.length))
      request.on('end', () => response.end(String(bytes)))
      request.pause()
      reading.once('resume-test', () => request.resume())
    })
    await using thread = await ThreadWithin.of([up.port])
    let made = 0
    async function* much(): AsyncGenerator<Uint8Array> {
      for (; made < 32 * MIB; made += MIB) yield await Promise.resolve(Buffer.alloc(MIB))
    }
    const sent = thread.transport.send(callOf({ method: 'POST', body: much() }))
    await until(() => made > 0 && reading !== undefined)
    await settled(() => made)
    assert.ok(made < 32 * MIB, `${made} bytes were taken that nobody had read`)
    reading!.emit('resume-test')
    const answer = await sent
    assert.equal(Buffer.from(await answer.body.bytes(100)).toString(), String(32 * MIB))
  })

  test('who makes a body is let go when the backend has answered without it', async () => {
    await using up = await TestUpstream.start((_, response) => void response.writeHead(413).end())
    await using thread = await ThreadWithin.of([up.port])
    let over = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(Buffer.alloc(1000))
      } finally {
        over = true
      }
    }
    const answer = await thread.transport.send(callOf({ method: 'POST', body: endless() }))
    assert.equal(answer.status, 413)
    await answer.body.bytes(100)
    await until(() => over)
  })

  test('a body that fails to be made ends the call with what it threw, and the backend sees no whole request', async () => {
    let whole = false
    let closed = false
    let asked!: () => void
    const reached = new Promise<void>(resolve => (asked = resolve))
    await using up = await TestUpstream.start(request => {
      asked()
      request.on('end', () => (whole = true))
      request.on('close', () => (closed = true))
      request.on('error', () => undefined)
      request.resume()
    })
    await using thread = await ThreadWithin.of([up.port])
    async function* half(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      await reached
      throw new Error('no more')
    }
    await assert.rejects(thread.transport.send(callOf({ method: 'POST', body: half() })), /no more/)
    await until(() => closed)
    assert.equal(whole, false)
  })

  test('a long answer waits for its reader, and no more of it is held than has room', async () => {
    const length = 10 * MIB
    let written = 0
    await using up = await TestUpstream.start((_, response) => {
      const more = (): void => {
        while (written < length) {
          written += 64 * 1024
          if (!response.write(Buffer.alloc(64 * 1024, 7))) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    await using thread = await ThreadWithin.of([up.port])
    const answer = await thread.transport.send(callOf())
    await settled(() => written)
    assert.ok(written < length, `${written} bytes were taken that nobody had read`)
    assert.ok(thread.engine.within.bufferedBytes <= 256 * 1024, `${thread.engine.within.bufferedBytes}`)
    let read = 0
    for await (const piece of answer.body) {
      read += piece.length
      assert.ok(piece.every(byte => byte === 7))
      assert.ok(thread.engine.within.bufferedBytes <= 256 * 1024)
    }
    assert.equal(read, length)
  })

  test('an answer that is too long is refused, and its connection ended', async () => {
    let gone = false
    await using up = await TestUpstream.start((_, response) => {
      response.on('close', () => (gone = true))
      response.write('x'.repeat(1000))
    })
    await using thread = await ThreadWithin.of([up.port])
    const answer = await thread.transport.send(callOf())
    await assert.rejects(answer.body.bytes(999), fails('http_response_body_size'))
    await until(() => gone)
  })

  const breaking = [
    ['an end before an answer', (socket: Socket) => void socket.destroy(), 'connection_terminated'],
    ['what is no HTTP', (socket: Socket) => void socket.write('SSH-2.0-x\r\n'), 'http_protocol_error'],
  ] as const
  for (const [what, answer, failure] of breaking)
    test(`${what} is ${failure}`, async () => {
      await using up = await TestUpstream.start((request, response) => {
        response.on('error', () => undefined)
        answer(request.socket)
      })
      await using thread = await ThreadWithin.of([up.port])
      await assert.rejects(thread.transport.send(callOf({ method: 'POST' })), fails(failure))
    })

  test('an end in the middle of a body is http_response_incomplete, whoever reads it how', async () => {
    await using up = await TestUpstream.start((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half', () => response.destroy())
    })
    await using thread = await ThreadWithin.of([up.port])
    const whole = await thread.transport.send(callOf())
    await assert.rejects(whole.body.bytes(1000), fails('http_response_incomplete'))
    const pieces = await thread.transport.send(callOf())
    await assert.rejects(Array.fromAsync(pieces.body), fails('http_response_incomplete'))
  })

  test('nobody there is connection_refused, an unknown name dns_error, an unknown backend destination_not_found', async () => {
    await using thread = await ThreadWithin.of([await unusedPort()])
    await assert.rejects(thread.transport.send(callOf()), fails('connection_refused'))
    await assert.rejects(thread.transport.send(callOf({ backend: 'b' })), fails('destination_not_found'))
    await thread.apply([], {
      snapshot: { endpoints: { a: [{ address: 'no.invalid', port: 1, weight: 1 }] } },
    })
    await assert.rejects(thread.transport.send(callOf()), fails('dns_error'))
  })

  test('a field that cannot be one is sent to nobody, and is no fault of the backend', async () => {
    await using up = await TestUpstream.start((_, response) => void response.end())
    await using thread = await ThreadWithin.of([up.port])
    for (const headers of [{ 'x-a': 'b\r\nx-c: d' }, { 'x a': 'b' }])
      await assert.rejects(thread.transport.send(callOf({ headers })), TypeError)
    await assert.rejects(
      thread.transport.send(callOf({ target: '/ HTTP/1.1\r\nHost: b\r\n\r\n' })),
      fails('proxy_internal_error'),
    )
    assert.equal(up.connections, 0)
  })

  test('framing is the codec’s: what is said of it in fields is not sent', async () => {
    await using up = await TestUpstream.start()
    await using thread = await ThreadWithin.of([up.port])
    const headers = { 'content-length': '3', 'transfer-encoding': 'chunked', connection: 'close' }
    const body = Buffer.from('hello')
    const answer = await thread.transport.send(callOf({ method: 'POST', headers, body }))
    const seen = JSON.parse(Buffer.from(await answer.body.bytes(4096)).toString()) as {
      readonly body: string
      readonly headers: readonly (readonly [string, string])[]
    }
    assert.equal(seen.body, 'hello')
    assert.deepEqual(seen.headers, [
      ['Host', 'a.example'],
      ['Content-Length', '5'],
    ])
  })

  test('who aborts before the answer is told why, and the backend sees the connection end', async () => {
    let asked = false
    let gone = false
    await using up = await TestUpstream.start((_, response) => {
      asked = true
      response.on('close', () => (gone = true))
    })
    await using thread = await ThreadWithin.of([up.port])
    const controller = new AbortController()
    const sent = thread.transport.send(callOf({ signal: controller.signal }))
    await until(() => asked)
    controller.abort(new CallFailure('cancelled', 'a GET /'))
    await assert.rejects(sent, fails('cancelled'))
    await until(() => gone)
    await assert.rejects(thread.transport.send(callOf({ signal: controller.signal })), fails('cancelled'))
  })

  test('who aborts in the middle of a body is told there, and the backend sees the connection end', async () => {
    let gone = false
    await using up = await TestUpstream.start((_, response) => {
      response.on('close', () => (gone = true))
      response.write('half')
    })
    await using thread = await ThreadWithin.of([up.port])
    const controller = new AbortController()
    const answer = await thread.transport.send(callOf({ signal: controller.signal }))
    const read = answer.body.bytes(1000)
    controller.abort(new CallFailure('cancelled', 'a GET /'))
    await assert.rejects(read, fails('cancelled'))
    await until(() => gone)
  })

  test('who cancels a body, or leaves its loop, is done with it', async () => {
    let gone = 0
    await using up = await TestUpstream.start((_, response) => {
      response.on('close', () => gone++)
      response.write('half')
    })
    await using thread = await ThreadWithin.of([up.port])
    ;(await thread.transport.send(callOf())).body.cancel()
    await until(() => gone === 1)
    for await (const _ of (await thread.transport.send(callOf())).body) break
    await until(() => gone === 2)
  })

  test('a drain waits for what is under way, and ends it when it may not take longer', async () => {
    await using up = await TestUpstream.start((_, response) => void response.write('half'))
    const thread = await ThreadWithin.of([up.port])
    const answer = await thread.transport.send(callOf())
    const read = answer.body.bytes(1000)
    await Promise.all([thread.engine.drain(20), assert.rejects(read, fails('proxy_overloaded'))])
  })
})

suite('a backend of HTTP/2', () => {
  test('calls share a connection, trailers come, and a lost connection is a failure', async () => {
    await using up = await H2Upstream.start()
    await using thread = await ThreadWithin.of([up.port], { cluster: { protocol: 'h2' } })
    const answers = await Promise.all(
      [1, 2, 3].map(() => thread.transport.send(callOf({ headers: { te: 'trailers' } }))),
    )
    for (const { status, body } of answers) {
      assert.equal(status, 200)
      assert.equal(Buffer.from(await body.bytes(100)).toString(), 'hello')
      assert.deepEqual({ ...body.trailers }, { 'x-end': 'yes' })
    }
    assert.equal(up.sessions.size, 1)
    const lost = await thread.transport.send(callOf({ target: '/lost' }))
    await assert.rejects(lost.body.bytes(100), fails('http_response_incomplete'))
  })
})

// As servers of gRPC do, which are told it.
suite('a backend that breaks off', () => {
  for (const [when, leftMs, failure] of [
    ['at the deadline', 100, 'http_response_timeout'],
    ['before it', 60_000, 'connection_terminated'],
  ] as const)
    test(`${when}: ${failure}`, async () => {
      await using up = await H2Upstream.start()
      await using thread = await ThreadWithin.of([up.port], { cluster: { protocol: 'h2' } })
      const call = callOf({ target: '/reset', deadlineMs: performance.now() + leftMs, repeatable: false })
      await assert.rejects(thread.transport.send(call), fails(failure))
    })

  for (const [when, leftMs, failure] of [
    ['at the deadline', 100, 'http_response_timeout'],
    ['before it', 60_000, 'http_response_incomplete'],
  ] as const)
    test(`within its answer, ${when}: ${failure}`, async () => {
      await using up = await H2Upstream.start()
      await using thread = await ThreadWithin.of([up.port], { cluster: { protocol: 'h2' } })
      const call = callOf({ target: '/reset-within', deadlineMs: performance.now() + leftMs })
      const answer = await thread.transport.send(call)
      await assert.rejects(answer.body.bytes(10), fails(failure))
    })
})

suite('a backend with TLS', () => {
  test('is verified, and refused where it is somebody else', async () => {
    const authority = await Authority.make('backends')
    const pair = await authority.issue({ names: ['a.example'] })
    await using up = await SecureUpstream.start({ key: pair.key, cert: pair.chain })
    const tls = {
      serverName: 'a.example',
      names: [],
      authorities: ['ca'],
      certificate: null,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: '',
      key: 'k',
    } as const
    const certificates = { ca: { chain: authority.root, key: '', fingerprint: 'f', leaf: null } }
    await using thread = await ThreadWithin.of([up.port], { cluster: { tls }, snapshot: { certificates } })
    const url = new URL('https://a.example/')
    assert.equal((await thread.transport.send(callOf({ url }))).status, 200)
    const wrong = { ...tls, serverName: 'b.example', key: 'l' }
    await thread.apply([up.port], { cluster: { tls: wrong }, snapshot: { certificates } }, 2)
    await assert.rejects(thread.transport.send(callOf({ url })), fails('tls_certificate_error'))
  })
})

suite('a WebSocket of a backend', () => {
  const accept = (key = ''): string =>
    createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

  test('bytes pass both ways, and each direction ends by itself', async () => {
    await using up = await TestUpstream.start()
    up.server.on('upgrade', (request, socket) => {
      socket.write(
        `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ${accept(request.headers['sec-websocket-key'])}\r\n\r\n`,
      )
      socket.pipe(socket)
    })
    await using thread = await ThreadWithin.of([up.port])
    const { tunnel, headers } = await thread.transport.open(callOf({ url: new URL('ws://a.example/') }))
    assert.equal(headers['upgrade'] ?? 'websocket', 'websocket')
    await tunnel.write(Buffer.from('one'))
    const incoming = tunnel.incoming[Symbol.asyncIterator]()
    const first = await incoming.next()
    assert.equal(Buffer.from(first.value as Uint8Array).toString(), 'one')
    tunnel.end()
    assert.equal((await incoming.next()).done, true)
  })

  test('abort ends it for the backend, and nothing can be written any more', async () => {
    let gone = false
    await using up = await TestUpstream.start()
    up.server.on('upgrade', (request, socket) => {
      socket.on('error', () => undefined)
      socket
        .on('end', () => {
          gone = true
          socket.destroy()
        })
        .resume()
      socket.write(
        `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ${accept(request.headers['sec-websocket-key'])}\r\n\r\n`,
      )
    })
    await using thread = await ThreadWithin.of([up.port])
    const { tunnel } = await thread.transport.open(callOf())
    tunnel.abort()
    await until(() => gone)
    await assert.rejects(tunnel.write(Buffer.from('x')), CallFailure)
  })

  test('what is refused, and what is no agreement, are failures', async () => {
    await using up = await TestUpstream.start((_, response) => void response.writeHead(403).end('no'))
    await using thread = await ThreadWithin.of([up.port])
    await assert.rejects(thread.transport.open(callOf()), (error: unknown) => {
      assert.ok(error instanceof CallFailure)
      assert.deepEqual(
        [error.failure, error.answer?.status, error.answer?.body],
        ['backend_status', 403, 'no'],
      )
      return true
    })
    await using liar = await TestUpstream.start()
    liar.server.on('upgrade', (_, socket) => {
      socket.on('error', () => undefined)
      socket.on('end', () => socket.destroy()).resume()
      socket.write(
        `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ${accept()}\r\n\r\n`,
      )
    })
    await thread.apply([liar.port], {}, 2)
    await assert.rejects(thread.transport.open(callOf()), fails('http_upgrade_failed'))
  })
})

/** A server by others (node:http2), without TLS. */
class H2Upstream implements AsyncDisposable {
  readonly sessions = new Set<ServerHttp2Session>()
  private readonly server: Http2Server

  private constructor(server: Http2Server) {
    this.server = server
    server.on('session', session => {
      this.sessions.add(session)
      session.on('error', () => undefined)
    })
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined)
      if (headers[':path']!.startsWith('/reset')) {
        if (headers[':path'] === '/reset-within') stream.respond()
        setTimeout(() => stream.destroy(new Error('late')), 100)
        return
      }
      if (headers[':path'] === '/lost') {
        stream.respond({ ':status': 200 })
        stream.write('half', () => stream.session?.destroy())
        return
      }
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }))
      stream.end('hello')
    })
  }

  static async start(): Promise<H2Upstream> {
    const server = createHttp2Server().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new H2Upstream(server)
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

async function unusedPort(): Promise<number> {
  await using up = await TestUpstream.start()
  return up.port
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}
