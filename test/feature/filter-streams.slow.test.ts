// Filters of the user's own that have bodies pass through them, piece by piece.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  connect as connectHttp2,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { request as requestHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { send } from '../support/client.ts'
import { FilteredGateway } from '../support/filtered-gateway.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { settled } from '../support/settled.ts'
import { Seen } from '../support/until.ts'
import { readBody, TestUpstream } from '../support/upstream.ts'

/** Each letter is a capital, in both directions; what a test is about is said by its path. */
const capitals = `
import { defineFilter } from 'portcullis/composition'

async function* upper(pieces) {
  for await (const piece of pieces) yield Buffer.from(piece).toString('latin1').toUpperCase()
}

const through = {
  async *'/throw'(pieces) {
    for await (const piece of pieces) { yield piece; throw new Error('a mistake') }
  },
  async *'/early'(pieces) {
    for await (const piece of pieces) { yield Buffer.from(piece).subarray(0, 1); return }
  },
  async *'/number'() { yield 7 },
  async *'/stuck'(pieces) { await new Promise(() => undefined) },
  async *'/left'(pieces) {
    try { yield* upper(pieces) } finally { console.log('let go') }
  },
  '/stream': pieces => ReadableStream.from(pieces).pipeThrough(new TransformStream({
    transform: (piece, to) => to.enqueue(Buffer.from(piece).toString('latin1').toUpperCase()),
    flush: to => to.enqueue('!'),
  })),
}

const one = (r, path) => {
  r.headers.set('x-step', 'ran')
  if (path === '/as-it-is') return
  r.body.through(through[path] ?? upper)
  if (path === '/twice') r.body.through(async function* (pieces) { for await (const piece of pieces) yield '<' + Buffer.from(piece) + '>' })
}

export const filter = defineFilter({
  requestBody: 'stream',
  responseBody: 'stream',
  request: r => { r.state = r.path; if (r.method === 'POST') one(r, r.path) },
  response: r => { if (r.request.method !== 'POST') one(r, r.state) },
})
`

const start = (other?: Parameters<typeof FilteredGateway.start>[2], more = {}): Promise<FilteredGateway> =>
  FilteredGateway.start(
    { filters: ['capitals'], specs: { capitals: '{ bundle: ./capitals.ts, timeout: 1s }' }, ...more },
    { 'capitals.ts': capitals },
    other,
  )

/** An upstream of HTTP/2 without TLS. */
async function http2Upstream(
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createHttp2(listener)
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', session => sessions.add(session))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      server.close()
      await Promise.resolve()
    },
  }
}

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly trailers: Readonly<Record<string, unknown>>
  readonly body: string
}

const clients = {
  async h1(port: number, path: string, method: string, body: Buffer): Promise<Got> {
    const call = requestHttp1({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: false,
      headers: { te: 'trailers' },
    })
    // Who answers before it has all may close what it does not read.
    call.on('error', () => {})
    call.end(body)
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    const text = (await readBody(response)).toString('latin1')
    const { statusCode: status = 0, headers, trailers } = response
    return { status, headers, trailers, body: text }
  },
  async h2(port: number, path: string, method: string, body: Buffer): Promise<Got> {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    try {
      const endStream = body.length === 0
      const stream = session.request({ ':path': path, ':method': method, te: 'trailers' }, { endStream })
      let trailers: Record<string, unknown> = {}
      stream.on('trailers', (given: Record<string, unknown>) => void (trailers = given))
      if (!endStream) stream.end(body)
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
      const pieces: Buffer[] = []
      for await (const piece of stream) pieces.push(piece as Buffer)
      const got = Buffer.concat(pieces).toString('latin1')
      return { status: Number(headers[':status']), headers, trailers, body: got }
    } finally {
      session.destroy()
    }
  },
} as const

const text = 'abcdefgh'.repeat(300_000)

/** Tells of what has come by its length and its first letters, or gives a long text with trailers. */
async function answerOf(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const body = await readBody(request as IncomingMessage)
  const to = response as ServerResponse
  to.setHeader('ETag', '"1"')
  if (request.method === 'POST') {
    const isWhole = body.equals(Buffer.from(text.toUpperCase(), 'latin1'))
    to.end(`${isWhole} ${request.headers['content-length'] ?? 'none'} ${String(request.headers['x-step'])}`)
    return
  }
  to.setHeader('Trailer', 'x-sum')
  to.write(text.slice(0, 10))
  to.addTrailers({ 'x-sum': '1' })
  to.end(text.slice(10))
}

suite('a body that passes through a filter', () => {
  for (const upstream of ['http', 'h2c'] as const)
    test(`by HTTP/1.1 and HTTP/2, to an upstream of ${upstream}`, async () => {
      const backend =
        upstream === 'http'
          ? await TestUpstream.start((request, response) => void answerOf(request, response))
          : await http2Upstream((request, response) => void answerOf(request, response))
      await using gateway = await start(backend, { protocol: upstream })
      for (const client of ['h1', 'h2'] as const) {
        const ask = clients[client]
        const posted = await ask(gateway.port, '/a', 'POST', Buffer.from(text))
        assert.deepEqual([posted.status, posted.body], [200, 'true none ran'], client)
        const { status, headers, trailers, body } = await ask(gateway.port, '/a', 'GET', Buffer.alloc(0))
        assert.deepEqual([status, body.length], [200, text.length])
        assert.equal(body, text.toUpperCase())
        assert.deepEqual(
          [headers['etag'], headers['content-length'], headers['x-step'], trailers['x-sum']],
          [undefined, undefined, 'ran', '1'],
        )
        const plain = await ask(gateway.port, '/as-it-is', 'GET', Buffer.alloc(0))
        assert.deepEqual([plain.body, plain.headers['etag']], [text, '"1"'])
      }
    })

  for (const [path, expected] of [
    ['/stream', 'HELLO!'],
    ['/twice', '<HELLO>'],
    ['/early', 'h'],
  ] as const)
    test(`as ${path} has it`, async () => {
      await using gateway = await start(
        await TestUpstream.start((request, response) => {
          void readBody(request).then(body => response.end(body.length === 0 ? 'hello' : body))
        }),
      )
      const { status, body } = await send(gateway.port, { path })
      assert.deepEqual([status, body], [200, expected])
      const posted = await send(gateway.port, { path, method: 'POST', body: 'hello' })
      assert.deepEqual([posted.status, posted.body], [200, expected])
    })

  test('there is none: what stands for it is not called, and the head is changed', async () => {
    await using gateway = await start(
      await TestUpstream.start((request, response) => {
        const { answer = '200' } = Object.fromEntries(new URL(request.url!, 'http://a').searchParams)
        const length = request.method === 'HEAD' ? 5 : 0
        response.writeHead(Number(answer), { etag: '"1"', 'content-length': length }).end()
      }),
    )
    for (const [method, answer, etag] of [
      ['HEAD', 200, undefined],
      ['GET', 204, '"1"'],
      ['GET', 304, undefined],
      ['GET', 200, undefined],
    ] as const) {
      const given = await send(gateway.port, { method, path: `/number?answer=${answer}` })
      const { status, body, headers } = given
      assert.deepEqual([status, body, headers['x-step'], headers['etag']], [answer, '', 'ran', etag], method)
      if (method === 'HEAD') assert.equal(headers['content-length'], undefined)
    }
  })

  test('is there piece by piece, in both directions', async () => {
    let more: ServerResponse | null = null
    const came = new Seen<string>()
    await using gateway = await start(
      await TestUpstream.start((request, response) => {
        if (request.method === 'POST') {
          request.on('data', (piece: Buffer) => came.push(piece.toString()))
          request.on('end', () => response.end())
          return
        }
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: 1\n\n')
        more = response
      }),
    )
    await using client = await RawClient.to(gateway.port)
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/DATA: 1/)
    more!.end('data: 2\n\n')
    await client.until(/DATA: 2[\s\S]*0\r\n\r\n$/)
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc')
    await came.count(1)
    assert.equal(came.all.join(''), 'ABC')
    client.write('def')
    await client.until(/200 OK[\s\S]*200 OK/)
    assert.equal(came.all.join(''), 'ABCDEF')
  })

  for (const path of ['/throw', '/number', '/stuck'])
    test(`that breaks in the middle is never taken for whole: ${path}`, async () => {
      const ends = new Seen<string>()
      await using gateway = await start(
        await TestUpstream.start((request, response) => {
          request.resume()
          request.on('end', () => ends.push('whole')).on('error', () => ends.push('broken'))
          if (request.method === 'POST') return
          response.write('a')
          setImmediate(() => response.end('b'))
        }),
      )
      for (const client of ['h1', 'h2'] as const) {
        const ask = (method: string): Promise<string> =>
          clients[client](gateway.port, path, method, Buffer.from(method === 'POST' ? text : '')).then(
            ({ status, body }) => `${status} ${body}`,
            () => 'broken',
          )
        assert.match(await ask('GET'), /^(?:broken|503 .*filter_unavailable.*)$/s)
        assert.match(await ask('POST'), /^(?:broken|503 .*filter_unavailable.*)$/s)
      }
      const line = await gateway.run.access.first(one => one['http.request.method'] === 'POST')
      assert.equal(line['portcullis.failure'], 'filter_unavailable')
      // GETs have no body: only those are whole.
      assert.equal(ends.all.filter(end => end === 'whole').length, 2)
    })

  test('that a client takes slowly waits at the backend, and nothing of it is lost', async () => {
    const total = 32 * 1024 * 1024
    let written = 0
    await using gateway = await start(
      await RawServer.start(socket => {
        socket.once('data', () => {
          const piece = Buffer.alloc(64 * 1024, 'q')
          const pump = (): void => {
            if (written >= total || socket.destroyed) return
            written += piece.length
            socket.write(piece, pump)
          }
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`, pump)
        })
      }),
    )
    const socket = connect(gateway.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await settled(() => written)
    assert.ok(written < total / 2, String(written))
    let count = 0
    socket.on('data', (data: Buffer) => {
      for (const byte of data) if (byte === 0x51) count++
      assert.ok(!data.includes('q'))
    })
    socket.resume()
    await once(socket, 'end')
    assert.equal(count, total)
    socket.destroy()
  })

  test('ends with its client, and lets go of what it has', async () => {
    let closed = 0
    await using gateway = await start(
      await TestUpstream.start((_, response) => {
        response.write('abc')
        response.on('close', () => closed++)
      }),
    )
    const client = await RawClient.to(gateway.port)
    client.write('GET /left HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/ABC/)
    await client[Symbol.asyncDispose]()
    await gateway.run.event('composition.printed', line => line['text'] === 'let go')
    assert.equal(closed, 1)
  })

  test('is plain for the filter, and compressed for who asks for that', async () => {
    const seen: unknown[] = []
    const compression = `---
apiVersion: portcullis.dev/v1alpha1
kind: ClientPolicy
metadata: { name: compressed }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: web }]
  compression: {}
`
    await using gateway = await start(
      await TestUpstream.start((request, response) => {
        seen.push(request.headers['accept-encoding'])
        response.setHeader('content-type', 'text/plain')
        response.end(text)
      }),
      { more: compression },
    )
    await using client = await RawClient.to(gateway.port)
    client.write('GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n')
    await client.closed()
    const given = Buffer.from(client.text, 'latin1')
    const body = given.subarray(given.indexOf('\r\n\r\n') + 4)
    assert.match(client.text, /content-encoding: gzip/i)
    assert.equal(gunzipSync(body).toString(), text.toUpperCase())
    assert.deepEqual(seen, [undefined])
  })
})

suite('bodies that pass through a filter', () => {
  test('are stored as they were before, and pass it each time that they are given', async () => {
    let asked = 0
    const caching = `---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: kept }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: all }]
  cache: {}
`
    await using gateway = await start(
      await TestUpstream.start((_, response) => {
        response.setHeader('cache-control', 'public, max-age=60')
        response.end(`hello ${++asked}`)
      }),
      { more: caching },
    )
    for (const path of ['/kept', '/kept', '/stream', '/stream']) {
      const { body, headers } = await send(gateway.port, { path })
      const which = path === '/kept' ? '1' : '2!'
      assert.equal(body, `HELLO ${which}`)
      assert.equal(headers['content-length'], undefined)
    }
    assert.equal(asked, 2)
  })

  test('stay whole where new code takes over', async () => {
    const letters = (name: string): string => `
import { defineFilter } from 'portcullis/composition'
async function* upper(pieces) { for await (const piece of pieces) yield Buffer.from(piece).toString().toUpperCase() }
export default defineFilter({
  requestBody: 'stream', responseBody: 'stream',
  request: r => r.body.through(upper),
  response: r => { r.headers.set('x-code', '${name}'); r.body.through(upper) },
})
`
    await using gateway = await FilteredGateway.start(
      { filters: ['a'], specs: { a: '{ bundle: ./a.ts }' } },
      { 'a.ts': letters('first') },
      await TestUpstream.start((request, response) => {
        // Piece for piece, each when the one before has come: they go on over the change.
        request.pipe(response)
      }),
    )
    const seen = new Set<string>()
    let isOver = false
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const call = requestHttp1({ host: '127.0.0.1', port: gateway.port, method: 'POST', agent: false })
        const answered = once(call, 'response') as Promise<[IncomingMessage]>
        let sent = ''
        for (let i = 0; i < 20; i++) {
          const piece = `piece ${i} `
          sent += piece
          call.write(piece)
          await new Promise(resolve => setTimeout(resolve, 10))
        }
        call.end()
        const [response] = await answered
        const body = (await readBody(response)).toString()
        assert.deepEqual([response.statusCode, body], [200, sent.toUpperCase()])
        seen.add(String(response.headers['x-code']))
      }
    })
    await new Promise(resolve => setTimeout(resolve, 300))
    gateway.folder.write('a.ts', letters('second'))
    await gateway.run.event('composition.serving', line => Number((line['threads'] as number[])[0]) > 3)
    while (!seen.has('second')) await new Promise(resolve => setTimeout(resolve, 20))
    isOver = true
    await Promise.all(load)
    assert.deepEqual([...seen].toSorted(), ['first', 'second'])
  })
})
