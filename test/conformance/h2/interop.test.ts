import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  connect as connectH2,
  createServer,
  type ClientHttp2Session,
  type Http2Server,
  type IncomingHttpHeaders,
} from 'node:http2'
import { connect } from 'node:net'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { Fields } from '../../../src/http/fields.ts'
import { CHUNKED } from '../../../src/http/head.ts'
import { localHead } from '../../../src/http/local.ts'
import { ClientSession } from '../../../src/http/h2/client-session.ts'
import { SocketTransport } from '../../../src/http/h2/socket-transport.ts'
import { websocketAccept } from '../../../src/http/h2/websocket.ts'
import { findPeer, requirePeer } from '../../support/peer.ts'
import { Answer, request } from './client-bench.ts'
import { h2spec } from './h2spec.ts'
import {
  H2Server,
  answerSmall,
  indifferent,
  respond,
  type Answer as Answering,
} from '../../support/http2/server.ts'

const run = promisify(execFile)

/** Sends the body back as it comes, with its trailers, and waits for a slow reader. */
const echo: Answering = (stream, head) => {
  stream.head({
    ...localHead(200, ['x-method', head.method, 'x-path', head.path], 0),
    length: CHUNKED,
    hasLength: false,
  })
  if (head.length === 0) return stream.end(null)
  stream.handler = {
    ...indifferent,
    onRequestData: (chunk, start, end) => stream.data(chunk, start, end),
    onRequestEnd: trailers => stream.end(trailers),
    onRequestFlush: () => (stream.flush() ? undefined : stream.pause()),
    onDownstreamWritable: () => stream.resume(),
  }
}

// Others as clients.

async function withNode<T>(
  answer: Answering,
  use: (client: ClientHttp2Session, server: H2Server) => Promise<T>,
): Promise<T> {
  await using server = await H2Server.start(answer)
  const client = connectH2(`http://127.0.0.1:${server.port}`)
  try {
    return await use(client, server)
  } finally {
    client.destroy()
  }
}

interface Got {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly trailers: IncomingHttpHeaders | null
}

async function ask(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body: Buffer | null,
  trailers?: Record<string, string>,
): Promise<Got> {
  const stream = client.request(headers, {
    endStream: body === null,
    waitForTrailers: trailers !== undefined,
  })
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  const parts: Buffer[] = []
  let got: IncomingHttpHeaders = {}
  let ended: IncomingHttpHeaders | null = null
  stream.on('response', all => {
    got = all
  })
  stream.on('trailers', (all: IncomingHttpHeaders) => {
    ended = all
  })
  stream.on('data', (part: Buffer) => parts.push(part))
  if (body !== null) stream.end(body)
  await once(stream, 'close')
  return { headers: got, body: Buffer.concat(parts), trailers: ended }
}

test('node:http2 as client: a hundred requests at once', () =>
  withNode(answerSmall, async client => {
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, i) => ask(client, { ':path': `/${i}`, 'x-n': `${i % 7}` }, null)),
    )
    for (const { headers, body } of all) {
      assert.equal(headers[':status'], 200)
      assert.equal(headers['content-length'], '200')
      assert.equal(body.length, 200)
    }
  }))

test('node:http2 as client: a megabyte there and back, on four streams, with trailers', () =>
  withNode(echo, async client => {
    const bodies = [1, 2, 3, 4].map(n => Buffer.alloc(1_000_000 + n, `${n}`))
    const all = await Promise.all(
      bodies.map(body =>
        ask(client, { ':method': 'POST', ':path': '/echo' }, body, { 'x-sum': String(body.length) }),
      ),
    )
    for (const [i, { headers, body, trailers }] of all.entries()) {
      assert.equal(headers['x-method'], 'POST')
      assert.ok(body.equals(bodies[i]!))
      assert.equal(trailers?.['x-sum'], String(bodies[i]!.length))
    }
  }))

test('node:http2 as client: a graceful end lets requests finish', () =>
  withNode(
    (stream, head) => {
      stream.handler = {
        ...indifferent,
        onRequestEnd: () => respond(stream, localHead(204, ['x-path', head.path], 0), null),
      }
    },
    async (client, server) => {
      const stream = client.request({ ':path': '/last', ':method': 'POST' })
      stream.write('x')
      const answered = once(stream, 'response')
      while (server.sessions.size === 0 || [...server.sessions][0]!.streamCount === 0)
        await new Promise(setImmediate)
      const [session] = server.sessions
      session!.shutdown()
      await once(client, 'goaway')
      stream.end()
      const [headers] = (await answered) as [IncomingHttpHeaders]
      assert.equal(headers['x-path'], '/last')
      if (!client.closed || !client.destroyed) await once(client, 'close')
      assert.deepEqual(server.faults, [''])
    },
  ))

test('node:http2 as client: a WebSocket’s bytes by extended CONNECT', () =>
  withNode(
    (stream, head) => {
      const accept = websocketAccept(head.fields.get('sec-websocket-key') ?? '')
      stream.upgrade({ ...localHead(101, ['Sec-WebSocket-Accept', accept], 0), upgrade: 'websocket' })
      stream.handler = {
        ...indifferent,
        onRequestData: (chunk, start, end) => stream.data(chunk, start, end),
        onRequestFlush: () => void stream.flush(),
        onRequestEnd: () => stream.endTunnel(),
      }
    },
    async client => {
      await once(client, 'remoteSettings')
      const stream = client.request(
        { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', ':scheme': 'http' },
        { endStream: false },
      )
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
      assert.equal(headers[':status'], 200)
      stream.write('hello')
      const [part] = (await once(stream, 'data')) as [Buffer]
      assert.equal(part.toString(), 'hello')
      stream.end()
      await once(stream, 'close')
    },
  ))

test('curl as client: a megabyte there and back', async t => {
  const curl = requirePeer(t, 'curl')
  if (curl === null) return
  await using server = await H2Server.start(echo)
  const folder = await mkdtemp(join(tmpdir(), 'h2-'))
  try {
    const body = Buffer.alloc(1_234_567, 'curl ')
    await writeFile(join(folder, 'in'), body)
    const { stdout } = await run(curl, [
      '--http2-prior-knowledge',
      '-sS',
      '--data-binary',
      `@${join(folder, 'in')}`,
      '-o',
      join(folder, 'out'),
      '-w',
      '%{http_version} %{http_code}',
      `http://127.0.0.1:${server.port}/a`,
    ])
    assert.equal(stdout, '2 200')
    assert.ok((await readFile(join(folder, 'out'))).equals(body))
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** What the answer to a missing program is; the Debian package has another name than the programs in it. */
function nghttp(t: TestContext, program: string): string | null {
  const path = findPeer(program)
  if (path === null && process.env['CI'])
    throw new Error(`${program} is not installed (Debian: apt-get install nghttp2-client)`)
  if (path === null) t.skip(`${program} is not installed (Debian: apt-get install nghttp2-client)`)
  return path
}

test('nghttp as client: many requests on one connection', async t => {
  const program = nghttp(t, 'nghttp')
  if (program === null) return
  await using server = await H2Server.start(answerSmall)
  const { stdout } = await run(program, ['-nsv', '-m', '20', `http://127.0.0.1:${server.port}/a?b`])
  assert.equal([...stdout.matchAll(/recv \(stream_id=\d+\) :status: 200/g)].length, 20)
})

test('h2load as client: twenty thousand requests, all answered', async t => {
  const program = nghttp(t, 'h2load')
  if (program === null) return
  await using server = await H2Server.start(answerSmall)
  const { stdout } = await run(program, [
    '-n',
    '20000',
    '-c',
    '10',
    '-m',
    '50',
    `http://127.0.0.1:${server.port}/`,
  ])
  assert.match(stdout, /20000 succeeded, 0 failed, 0 errored/)
  assert.match(stdout, /20000 2xx/)
})

// Others as servers.

async function withSession<T>(server: Http2Server, use: (session: ClientSession) => Promise<T>): Promise<T> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const socket = connect({
    port: address !== null && typeof address === 'object' ? address.port : 0,
    host: '127.0.0.1',
    noDelay: true,
  })
  const session = new ClientSession({
    transport: new SocketTransport(socket),
    scheme: 'http',
    nowMs: 0,
    handler: { onAvailable: () => {}, onDraining: () => {}, onMalformed: () => {}, onClosed: () => {} },
  })
  socket.on('data', chunk => session.receive(chunk))
  socket.on('drain', () => session.drained())
  socket.on('close', () => session.lost())
  try {
    return await use(session)
  } finally {
    socket.destroy()
    server.close()
    await once(server, 'close')
  }
}

/** An answer that can be waited for. */
class Awaited extends Answer {
  readonly done: Promise<void>
  private settle: () => void = () => {}

  constructor() {
    super()
    this.done = new Promise(resolve => {
      this.settle = resolve
    })
  }

  override onEnd(trailers: Fields | null): void {
    super.onEnd(trailers)
    this.settle()
  }

  override onFailure(...failure: Parameters<Answer['onFailure']>): void {
    super.onFailure(...failure)
    this.settle()
  }

  override onUpgrade(...head: Parameters<Answer['onUpgrade']>): void {
    super.onUpgrade(...head)
    this.settle()
  }
}

test('node:http2 as server: ninety requests at once, echoed, with interim responses and trailers', async () => {
  const server = createServer()
  server.on('stream', (stream, headers) => {
    stream.additionalHeaders({ ':status': 103, link: '</a>' })
    stream.respond(
      { ':status': 200, 'x-path': headers[':path'] ?? '', 'set-cookie': ['a=1', 'b=2'] },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'yes' }))
    stream.pipe(stream)
  })
  await withSession(server, async session => {
    const answers = Array.from({ length: 90 }, (_, i) => {
      const stream = session.request()
      assert.ok(stream !== null)
      const answer = new Awaited()
      stream.send(
        request('POST', { path: `/${i}`, length: CHUNKED, fields: new Fields(['X-N', String(i % 5)]) }),
        answer,
      )
      const body = Buffer.alloc(20_000 + i, 'e')
      stream.write(body, 0, body.length)
      stream.end(null)
      stream.flush()
      return answer
    })
    for (const [i, answer] of answers.entries()) {
      await answer.done
      assert.equal(answer.failure, '', answer.detail)
      assert.deepEqual(answer.interim, [103])
      assert.equal(answer.head?.fields.get('x-path'), `/${i}`)
      assert.equal(answer.body.length, 20_000 + i)
      assert.deepEqual(answer.trailers?.list, ['x-sum', 'yes'])
    }
  })
})

test('node:http2 as server: a tunnel by extended CONNECT', async () => {
  const server = createServer({ settings: { enableConnectProtocol: true } })
  server.on('stream', stream => {
    stream.respond({ ':status': 200 })
    stream.pipe(stream)
  })
  await withSession(server, async session => {
    const stream = session.request()
    const answer = new Awaited()
    stream!.send(
      request('GET', { upgrade: 'websocket', fields: new Fields(['Sec-WebSocket-Key', 'AAAA']) }),
      answer,
    )
    stream!.flush()
    await answer.done
    assert.equal(answer.upgraded?.fields.get('sec-websocket-accept'), websocketAccept('AAAA'))
    stream!.write(Buffer.from('hello'), 0, 5)
    stream!.endTunnel()
    while (!answer.over) await new Promise(setImmediate)
    assert.equal(answer.failure, '')
    assert.equal(answer.body, 'hello')
  })
})

// Judged by others.

test('h2spec --strict: every case', async t => {
  const program = requirePeer(t, 'h2spec')
  if (program === null) return
  await using server = await H2Server.start(answerSmall)
  const { tests, passed, failed, text } = await h2spec(program, server.port)
  assert.deepEqual(failed, [], text)
  assert.ok(tests >= 146 && passed === tests, text)
})
