import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { createGzip, gunzipSync } from 'node:zlib'
import type { BodyNext, BodyTransform, Transformed } from '../../src/filters/body.ts'
import type { Exchange, Filter } from '../../src/filters/filter.ts'
import { CHUNKED, type RequestHead, type ResponseHead } from '../../src/http/head.ts'
import { echoOf, send } from '../support/client.ts'
import { EchoClient, EchoServer, statusOf, type Message } from '../support/grpc.ts'
import { grpcYaml } from '../support/grpc-gateway.ts'
import { startPlugged, type Plug } from '../support/plugged.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, gateway as gatewayOf, httpRoute, to, yamlOf } from '../support/resources.ts'
import { settled } from '../support/settled.ts'
import { Seen } from '../support/until.ts'
import { readBody, simpleYaml, TestUpstream } from '../support/upstream.ts'

/** Piece for piece, at once. */
class Mapped implements BodyTransform {
  protected readonly next: BodyNext
  private readonly map: (chunk: Buffer) => Buffer

  constructor(next: BodyNext, map: (chunk: Buffer) => Buffer) {
    this.next = next
    this.map = map
  }

  write(chunk: Buffer): void {
    this.next.write(this.map(Buffer.from(chunk)))
  }

  flush(): boolean {
    return this.next.flush()
  }

  end(trailers: Parameters<BodyNext['end']>[0]): void {
    this.next.end(trailers)
  }

  resume(): void {
    this.next.resume()
  }

  destroy(): void {}
}

/** The same in later turns of the event loop, and no more than one piece of it at a time. */
class Later extends Mapped {
  private readonly waiting: (() => void)[] = []
  private blocked = false

  override write(chunk: Buffer): void {
    const copy = Buffer.from(chunk)
    this.later(() => super.write(copy))
  }

  override flush(): boolean {
    return this.waiting.length === 0
  }

  override end(trailers: Parameters<BodyNext['end']>[0]): void {
    this.later(() => this.next.end(trailers))
  }

  override resume(): void {
    this.blocked = false
    this.step()
  }

  private later(run: () => void): void {
    if (this.waiting.push(run) === 1) setImmediate(() => this.step())
  }

  private step(): void {
    const [run] = this.waiting
    if (this.blocked) return
    if (run === undefined) return this.next.resume()
    run()
    this.waiting.shift()
    if (!this.next.flush()) this.blocked = true
    if (this.waiting.length > 0) setImmediate(() => this.step())
    else if (!this.blocked) this.next.resume()
  }
}

const upper = (chunk: Buffer): Buffer => Buffer.from(chunk.toString('latin1').toUpperCase(), 'latin1')
const doubled = (chunk: Buffer): Buffer => Buffer.concat([chunk, chunk])

const ways: readonly [name: string, make: (map: (chunk: Buffer) => Buffer) => Transformed['transform']][] = [
  ['at once', map => next => new Mapped(next, map)],
  ['later', map => next => new Later(next, map)],
]

function unknownLength(head: RequestHead | ResponseHead): void {
  head.length = CHUNKED
  head.hasLength = false
}

const onResponse = (transform: Transformed['transform']): Plug => ({
  compile: () => ({
    response: x => {
      unknownLength(x.response)
      return { transform }
    },
  }),
})

const onRequest = (transform: Transformed['transform']): Plug => ({
  compile: () => ({
    request: x => {
      unknownLength(x.request)
      return { transform }
    },
  }),
})

/** A filter that is waited for, in front of others. */
const slow: Plug = {
  compile: () => ({
    request: () => new Promise(resolve => setImmediate(resolve, undefined)),
    response: () => new Promise(resolve => setImmediate(resolve)),
  }),
}

suite('a response that passes through a filter', () => {
  for (const [name, make] of ways)
    for (const [what, more] of [
      ['alone', []],
      ['beside one that is waited for', [slow]],
      ['through two', [onResponse(make(doubled))]],
    ] as const)
      test(`${name}, ${what}`, async () => {
        const text = 'abcdefgh'.repeat(60_000)
        await using upstream = await TestUpstream.start((_request, response) => {
          response.setHeader('Trailer', 'X-Sum')
          response.write(text.slice(0, 10))
          response.addTrailers({ 'X-Sum': '1' })
          response.end(text.slice(10))
        })
        await using gateway = await startPlugged(simpleYaml(upstream.port), {
          filters: [onResponse(make(upper)), ...more],
        })
        const { status, body } = await send(gateway.port())
        const expected = text.toUpperCase()
        assert.equal(status, 200)
        assert.equal(body.length, expected.length * (what === 'through two' ? 2 : 1))
        if (what !== 'through two') assert.equal(body, expected)
        const line = await gateway.line(() => true)
        assert.equal(line['http.response.body.size'], body.length)
      })

  test('the connection serves the next request, by HTTP/1 and HTTP/2', async () => {
    await using upstream = await TestUpstream.start((_request, response) => response.end('hello'))
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      filters: [onResponse(next => new Later(next, upper))],
    })
    await using client = await RawClient.to(gateway.port())
    for (let i = 0; i < 3; i++) client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const text = await client.until(/(?:HELLO[\s\S]*){3}0\r\n\r\n$/)
    assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 3)
    const session = connectHttp2(`http://127.0.0.1:${gateway.port()}`)
    for (let i = 0; i < 3; i++) assert.equal(await textOf(session.request({ ':path': '/' })), 'HELLO')
    session.close()
  })

  for (const [name, method, answer, expected] of [
    ['HEAD', 'HEAD', 200, ''],
    ['204', 'GET', 204, ''],
    ['304', 'GET', 304, ''],
    ['an empty body', 'GET', 200, ''],
  ] as const)
    test(`${name}: there is no body to transform, and its step has run`, async () => {
      let made = 0
      await using upstream = await TestUpstream.start((_request, response) => {
        response
          .writeHead(answer, answer === 200 ? { 'Content-Length': method === 'HEAD' ? 5 : 0 } : {})
          .end()
      })
      const filter: Plug = {
        compile: () => ({
          response: x => {
            x.response.fields.add('X-Step', 'ran')
            return {
              transform(next) {
                made++
                return new Mapped(next, upper)
              },
            }
          },
        }),
      }
      await using gateway = await startPlugged(simpleYaml(upstream.port), { filters: [filter] })
      const { status, body, headers } = await send(gateway.port(), { method })
      assert.deepEqual([status, body, headers['x-step'], made], [answer, expected, 'ran', 0])
    })

  test('what streams is not held up', async () => {
    let more: (() => void) | null = null
    await using upstream = await TestUpstream.start((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
      more = () => response.end('data: 2\n\n')
    })
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      filters: [onResponse(next => new Mapped(next, upper))],
    })
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/DATA: 1/)
    more!()
    await client.until(/DATA: 2[\s\S]*0\r\n\r\n$/)
  })

  test('a client that takes nothing stops the upstream, and nothing is lost', async () => {
    const total = 32 * 1024 * 1024
    let written = 0
    await using server = await RawServer.start(socket => {
      socket.once('data', () => {
        const piece = Buffer.alloc(64 * 1024, 'q')
        const pump = (): void => {
          if (written >= total || socket.destroyed) return
          written += piece.length
          socket.write(piece, pump)
        }
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`, pump)
      })
    })
    await using gateway = await startPlugged(simpleYaml(server.port), {
      filters: [onResponse(next => new Later(next, upper))],
    })
    const socket = connect(gateway.port(), '127.0.0.1')
    await once(socket, 'connect')
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await settled(() => written)
    assert.ok(written < total / 2, String(written))
    let received = 0
    let lower = 0
    socket.on('data', (data: Buffer) => {
      received += data.length
      lower += data.includes('q') ? 1 : 0
    })
    socket.resume()
    await once(socket, 'end')
    assert.ok(received > total)
    assert.equal(lower, 0)
    socket.destroy()
  })

  for (const [name, breakIt] of [
    [
      'throws',
      () => {
        throw new Error('planted')
      },
    ],
    ['fails by name', (next: BodyNext) => next.fail('http_protocol_error', 'planted')],
  ] as const)
    test(`one that ${name} in the middle breaks the response off`, async () => {
      await using upstream = await TestUpstream.start((_request, response) => {
        response.write('a')
        setImmediate(() => response.end('b'))
      })
      let pieces = 0
      const transform = (next: BodyNext): BodyTransform =>
        new Mapped(next, chunk => {
          if (++pieces > 1) breakIt(next)
          return chunk
        })
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [onResponse(transform)],
      })
      await assert.rejects(send(gateway.port()))
      const line = await gateway.line(() => true)
      assert.equal(
        line['portcullis.failure'],
        name === 'throws' ? 'proxy_internal_error' : 'http_protocol_error',
      )
      assert.match(String(line['portcullis.failure.reason']), /planted/)
    })

  test('one that cannot be made, or throws before the head has left: 500', async () => {
    await using upstream = await TestUpstream.start()
    for (const transform of [
      () => {
        throw new Error('planted')
      },
      (next: BodyNext) =>
        new Mapped(next, () => {
          throw new Error('planted')
        }),
    ]) {
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [onResponse(transform)],
      })
      const { status, headers } = await send(gateway.port())
      assert.deepEqual([status, headers['content-type']], [500, 'application/problem+json'])
    }
  })

  test('the head leaves with what the transform first sends: until then it may say more', async () => {
    await using upstream = await TestUpstream.start((_request, response) => response.end('hello'))
    const whole: Plug = {
      compile: () => ({
        response: x => ({
          transform: next => {
            const pieces: Buffer[] = []
            return {
              write: chunk => void pieces.push(Buffer.from(chunk)),
              flush: () => true,
              end(trailers) {
                const body = Buffer.concat([...pieces, Buffer.from('!')])
                x.response.length = body.length
                x.response.hasLength = true
                x.response.fields.set('X-Bytes', String(body.length))
                next.write(body)
                next.end(trailers)
              },
              resume: () => next.resume(),
              destroy: () => {},
            }
          },
        }),
      }),
    }
    await using gateway = await startPlugged(simpleYaml(upstream.port), { filters: [whole] })
    const { body, headers } = await send(gateway.port())
    assert.deepEqual([body, headers['content-length'], headers['x-bytes']], ['hello!', '6', '6'])
  })

  test('zlib as it stands: threads of its own, backpressure, a flush for what streams', async () => {
    const text = 'a line that repeats\n'.repeat(100_000)
    await using upstream = await TestUpstream.start((_request, response) => {
      for (let at = 0; at < text.length; at += 10_000) response.write(text.slice(at, at + 10_000))
      response.end()
    })
    const gzip = (next: BodyNext): BodyTransform => {
      const stream = createGzip()
      let free = true
      stream.on('data', (chunk: Buffer) => {
        next.write(chunk)
        if (!next.flush()) stream.pause()
      })
      stream.on('end', () => next.end(null))
      stream.on('drain', () => {
        free = true
        next.resume()
      })
      return {
        write: chunk => void (free = stream.write(Buffer.from(chunk))),
        flush: () => free,
        end: () => void stream.end(),
        resume: () => void stream.resume(),
        destroy: () => void stream.destroy(),
      }
    }
    await using gateway = await startPlugged(simpleYaml(upstream.port), { filters: [onResponse(gzip)] })
    const answer = Buffer.from(
      await RawClient.exchange(gateway.port(), 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'),
      'latin1',
    )
    assert.equal(gunzipSync(answer.subarray(answer.indexOf('\r\n\r\n') + 4)).toString(), text)
  })
})

for (const [what, head] of [
  ['an empty one', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a 304', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
  ['a chunked one', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n'],
] as const)
  test(`what a filter says of the length of an answer changes not how that is read: ${what}`, async () => {
    await using server = await RawServer.start(socket => {
      socket.on('data', () => socket.write(head))
    })
    await using gateway = await startPlugged(simpleYaml(server.port), {
      filters: [
        {
          compile: () => ({
            response({ response }) {
              if (response.length === CHUNKED) Object.assign(response, { length: 2, hasLength: true })
              else unknownLength(response)
            },
          }),
        },
      ],
    })
    for (let i = 0; i < 3; i++) {
      const { status, body } = await send(gateway.port())
      assert.equal(
        `${status} ${body}`,
        head.includes('304') ? '304 ' : head.includes('ab') ? '200 ab' : '200 ',
      )
    }
    assert.equal(server.sockets.size, 1)
  })

suite('a request that passes through a filter', () => {
  for (const [name, make] of ways)
    for (const [what, more, factor] of [
      ['alone', [], 1],
      ['beside one that is waited for', [slow], 1],
      ['through two', [onRequest(make(doubled))], 2],
    ] as const)
      test(`${name}, ${what}`, async () => {
        const text = 'abcdefgh'.repeat(60_000)
        await using upstream = await TestUpstream.start((request, response) => {
          void readBody(request).then(body => response.end(String(body.length) + body.toString().slice(0, 8)))
        })
        await using gateway = await startPlugged(simpleYaml(upstream.port), {
          filters: [onRequest(make(upper)), ...more],
        })
        const { body } = await send(gateway.port(), { method: 'POST', body: text })
        assert.equal(body, `${text.length * factor}ABCDEFGH`)
        const line = await gateway.line(() => true)
        assert.equal(line['http.request.body.size'], text.length)
      })

  for (const [name, make] of ways)
    test(`${name}, all of it in one piece with its head, and on a connection that is kept`, async () => {
      await using upstream = await TestUpstream.start()
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [onRequest(make(upper)), onRequest(make(upper))],
      })
      await using client = await RawClient.to(gateway.port())
      const request = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'
      for (let i = 1; i <= 3; i++) {
        client.write(request)
        await client.until(text => text.split('"body":"HELLO"').length === i + 1)
      }
    })

  test('an upstream that takes nothing stops the client', async () => {
    const total = 32 * 1024 * 1024
    await using server = await RawServer.start(socket => {
      socket.once('data', () => socket.pause())
    })
    await using gateway = await startPlugged(simpleYaml(server.port), {
      filters: [onRequest(next => new Later(next, upper))],
    })
    const socket = connect(gateway.port(), '127.0.0.1')
    await once(socket, 'connect')
    let written = 0
    const piece = Buffer.alloc(64 * 1024, 'b')
    const pump = (): void => {
      if (written >= total || socket.destroyed) return
      written += piece.length
      socket.write(piece, pump)
    }
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`, pump)
    await settled(() => written)
    assert.ok(written < total / 2, String(written))
    socket.destroy()
  })

  test('one that throws ends the request with 500', async () => {
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      filters: [
        onRequest(
          next =>
            new Mapped(next, () => {
              throw new Error('planted')
            }),
        ),
      ],
    })
    assert.equal((await send(gateway.port(), { method: 'POST', body: 'x' })).status, 500)
  })
})

/** A filter that holds the request's body, and says what it has seen of it. */
const holding = (limitBytes: number, over: 'fail' | 'pass', seen: (string | null)[] = []): Plug => ({
  compile: (): Filter => ({
    body: { limitBytes, over },
    request(x: Exchange) {
      const body = x.heldBody
      seen.push(body === null ? null : body.toString('latin1'))
      return undefined
    },
  }),
})

suite('a filter that holds the body of a request', () => {
  for (const [name, body, headers, more] of [
    ['none', undefined, {}, []],
    ['a small one', 'hello', {}, []],
    ['a chunked one', 'hello', { 'Transfer-Encoding': 'chunked' }, []],
    ['one beyond what is kept for another attempt', 'x'.repeat(300_000), {}, []],
    ['one for two filters', 'x'.repeat(300_000), {}, [holding(400_000, 'fail')]],
    ['one for two filters, the second of which takes less', 'x'.repeat(300_000), {}, [holding(10, 'pass')]],
    ['beside one that is waited for', 'hello', {}, [slow]],
  ] as const)
    test(`${name}: it sees all of it, and so does the upstream`, async () => {
      const seen: (string | null)[] = []
      await using upstream = await TestUpstream.start()
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [holding(1_000_000, 'fail', seen), ...more],
      })
      const answer = await send(gateway.port(), {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        ...(body !== undefined && { body }),
      })
      assert.deepEqual([answer.status, seen], [200, [body ?? '']])
      assert.equal(echoOf(answer).body, body ?? '')
    })

  for (const [name, before] of [
    ['alone', []],
    ['behind one of the rule', [holding(400_000, 'fail')]],
    ['behind one of the rule that is waited for', [slow]],
  ] as const)
    for (const body of ['hello', 'x'.repeat(300_000)])
      test(`at a backend, ${name}: it sees all ${body.length} bytes, and so does the upstream`, async () => {
        const seen: (string | null)[] = []
        await using upstream = await TestUpstream.start()
        await using gateway = await startPlugged(simpleYaml(upstream.port), {
          filters: [...before, { ...holding(400_000, 'fail', seen), at: 'backend' }],
        })
        const answer = await send(gateway.port(), { method: 'POST', body })
        assert.deepEqual([answer.status, seen], [200, [body]])
        assert.equal(echoOf(answer).body, body)
      })

  for (const [name, framing] of [
    ['that says so', 'Content-Length: 100000\r\n\r\n' + 'x'.repeat(100_000)],
    ['that does not say so', `Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`],
  ] as const) {
    test(`more than it takes, ${name}: 413 by name, and the upstream sees nothing`, async () => {
      let asked = 0
      await using upstream = await TestUpstream.start((_request, response) => {
        asked++
        response.end()
      })
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [holding(10_000, 'fail')],
      })
      await using client = await RawClient.to(gateway.port())
      client.write(`POST / HTTP/1.1\r\nHost: a\r\n${framing}`)
      assert.match(await client.until(/\}\n/), /^HTTP\/1\.1 413 [\s\S]*http_request_too_large/)
      assert.equal(asked, 0)
    })

    test(`more than it takes, ${name}, and it may pass: nothing is lost`, async () => {
      const seen: (string | null)[] = []
      let length = 0
      await using upstream = await TestUpstream.start((request, response) => {
        void readBody(request).then(body => {
          ;({ length } = body)
          response.end('done')
        })
      })
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [holding(10_000, 'pass', seen)],
      })
      await using client = await RawClient.to(gateway.port())
      client.write(`POST / HTTP/1.1\r\nHost: a\r\n${framing}`)
      assert.match(await client.until(/done/), /^HTTP\/1\.1 200 /)
      assert.deepEqual([seen, length], [[null], framing.startsWith('Content') ? 100_000 : 20_000])
    })
  }

  test('the client is told to go on', async () => {
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(simpleYaml(upstream.port), { filters: [holding(100, 'fail')] })
    await using client = await RawClient.to(gateway.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
    await client.until(/100 Continue\r\n\r\n$/)
    client.write('hello')
    const text = await client.until(/trailers/)
    assert.equal(text.match(/100 Continue/g)?.length, 1)
    assert.match(text, /"body":"hello"/)
  })

  test('as filters before it have left the body', async () => {
    const seen: (string | null)[] = []
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      filters: [onRequest(next => new Later(next, upper)), holding(100, 'fail', seen)],
    })
    const answer = await send(gateway.port(), { method: 'POST', body: 'hello' })
    assert.deepEqual([seen, echoOf(answer).body], [['HELLO'], 'HELLO'])
  })

  test('what is held can be sent to another endpoint', async () => {
    await using upstream = await TestUpstream.start()
    const route = httpRoute('r', { rules: [{ backendRefs: [to('up')] }] })
    const yaml = yamlOf(gatewayOf(), route, backend('up', [1, upstream.port]))
    await using gateway = await startPlugged(yaml, { filters: [holding(400_000, 'fail')] })
    for (let i = 0; i < 4; i++) {
      const answer = await send(gateway.port(), { method: 'POST', body: 'x'.repeat(30_000) })
      assert.deepEqual([answer.status, echoOf(answer).body.length], [200, 30_000])
    }
  })

  test('a client that goes away meanwhile ends it', async () => {
    await using upstream = await TestUpstream.start()
    const seen: (string | null)[] = []
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      filters: [holding(100, 'fail', seen)],
    })
    await using client = await RawClient.to(gateway.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel')
    client.socket.destroy()
    const line = await gateway.line(() => true)
    assert.deepEqual([line['portcullis.failure'], seen], ['client_gone', []])
  })
})

/** A filter that holds the response's body. */
const judging = (limitBytes: number, over: 'fail' | 'pass', whole: (body: Buffer) => unknown): Plug => ({
  compile: (): Filter => ({
    response: () => ({ hold: { limitBytes, over }, whole: body => whole(body) as never }),
  }),
})

suite('a filter that holds the body of a response', () => {
  const text = 'abc'.repeat(30_000)

  for (const [name, whole, expected] of [
    ['leaves it', () => undefined, [200, text, String(text.length)]],
    ['replaces it', (body: Buffer) => Buffer.from(`${body.length}`), [200, '90000', '5']],
    [
      'replaces it later',
      (body: Buffer) => Promise.resolve(Buffer.from(`${body.length}`)),
      [200, '90000', '5'],
    ],
    ['empties it', () => Buffer.alloc(0), [200, '', '0']],
    ['answers in its place', () => ({ status: 418, fields: [], body: 'tea' }), [418, 'tea', '3']],
  ] as const)
    for (const [how, more] of [
      ['', []],
      [', beside one that is waited for', [slow]],
      [', and passes through another', [onResponse(next => new Later(next, chunk => chunk))]],
    ] as const)
      test(`${name}${how}`, async () => {
        await using upstream = await TestUpstream.start((_request, response) => response.end(text))
        await using gateway = await startPlugged(simpleYaml(upstream.port), {
          filters: [...more, judging(100_000, 'fail', whole)],
        })
        const { status, body, headers } = await send(gateway.port())
        assert.deepEqual([status, body], expected.slice(0, 2))
        if (how !== ', and passes through another') assert.equal(headers['content-length'], expected[2])
      })

  test('refuses by name', async () => {
    await using upstream = await TestUpstream.start((_request, response) => response.end(text))
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      filters: [judging(100_000, 'fail', () => ({ failure: 'access_denied', detail: 'secret' }))],
    })
    const { status, body } = await send(gateway.port())
    assert.deepEqual([status, (JSON.parse(body) as { reason: string }).reason], [403, 'access_denied'])
  })

  for (const chunked of [false, true])
    for (const [over, status] of [
      ['fail', 502],
      ['pass', 200],
    ] as const)
      test(`more than it takes, ${chunked ? 'chunked' : 'by its length'}: ${over}`, async () => {
        let judged = 0
        await using upstream = await TestUpstream.start((_request, response) => {
          if (chunked) response.write(text.slice(0, 1_000))
          response.end(chunked ? text.slice(1_000) : text)
        })
        await using gateway = await startPlugged(simpleYaml(upstream.port), {
          filters: [judging(50_000, over, () => void judged++)],
        })
        const answer = await send(gateway.port())
        assert.deepEqual([answer.status, judged], [status, 0])
        if (over === 'pass') assert.equal(answer.body, text)
        else assert.equal((await gateway.line(() => true))['portcullis.failure'], 'http_response_body_size')
      })
})

suite('a gRPC call whose bodies pass through filters', () => {
  const same = (chunk: Buffer): Buffer => chunk
  const both = (transform: Transformed['transform']): Plug => ({
    compile: () => ({ request: () => ({ transform }), response: () => ({ transform }) }),
  })

  for (const [name, filters] of [
    ['later', [both(next => new Later(next, same))]],
    ['held', [holding(1_000_000, 'pass'), judging(1_000_000, 'pass', () => undefined)]],
  ] as const)
    test(`${name}: messages, status and metadata arrive`, async () => {
      await using server = await EchoServer.start()
      await using gateway = await startPlugged(grpcYaml(server.port), { filters })
      using client = new EchoClient(gateway.port())
      const { code, message, trailers } = await client.unary(
        { text: 'hello', data: Buffer.alloc(100_000) },
        { metadata: { 'x-test-text': 'a b' } },
      )
      assert.deepEqual([code, message?.text, message?.data.length], [0, 'hello', 100_000])
      assert.deepEqual(trailers?.get('x-test-text'), ['a b'])
      const line = await gateway.line(() => true)
      assert.equal(line['rpc.grpc.status_code'], 0)
    })

  test('a conversation goes on message by message', async () => {
    await using server = await EchoServer.start()
    await using gateway = await startPlugged(grpcYaml(server.port), {
      filters: [both(next => new Later(next, same))],
    })
    using client = new EchoClient(gateway.port())
    const call = client.chat()
    const seen = new Seen<string>()
    call.on('data', ({ text }: Message) => seen.push(text))
    for (let i = 0; i < 5; i++) {
      call.write({ text: `turn ${i}` })
      await seen.first(text => text === `turn ${i}`)
    }
    const status = statusOf(call)
    call.end()
    assert.equal((await status).code, 0)
  })
})
