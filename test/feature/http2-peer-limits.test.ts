import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  connect,
  createServer,
  type ClientHttp2Session,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { block, GET, headers, ping, settings, windowUpdate } from '../support/http2/wire.ts'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { simpleYaml, TestUpstream } from '../support/upstream.ts'

/** A backend by others (node:http2) with settings of its own. */
class Backend implements AsyncDisposable {
  readonly sessions = new Seen<ServerHttp2Session>()
  readonly streams = new Seen<ServerHttp2Stream>()
  private readonly server: Http2Server

  private constructor(given: Settings, answer: (stream: ServerHttp2Stream) => void) {
    this.server = createServer({ settings: given })
    this.server.on('session', session => {
      session.on('error', () => {})
      this.sessions.push(session)
    })
    this.server.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {})
      this.streams.push(stream)
      answer(stream)
    })
  }

  static async start(given: Settings, answer: (stream: ServerHttp2Stream) => void = ok): Promise<Backend> {
    const one = new Backend(given, answer)
    one.server.listen(0, '127.0.0.1')
    await once(one.server, 'listening')
    return one
  }

  /** A gateway before it, with this policy for its connections. */
  gateway(connections: object = {}): Promise<TestGateway> {
    const { port } = this.server.address() as AddressInfo
    return startGateway(
      yamlOf(
        gateway(),
        httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
        {
          apiVersion: 'portcullis.dev/v1alpha1',
          kind: 'Backend',
          metadata: { name: 'up' },
          spec: { protocol: 'h2c', endpoints: [{ address: '127.0.0.1', port }] },
        },
        backendPolicy({ connections }),
      ),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions.all) session.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}

function ok(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 })
  stream.resume().on('end', () => stream.end('ok'))
}

suite('limits of a backend', () => {
  test('MAX_HEADER_LIST_SIZE: a larger request is answered 431 and not sent, others are', async () => {
    await using backend = await Backend.start({ maxHeaderListSize: 4000 })
    await using running = await backend.gateway()
    // The first comes before the backend's settings, and tells us of them.
    for (const [bytes, status] of [
      [10, 200],
      [5000, 431],
      [2000, 200],
      [3990, 431],
    ] as const) {
      const answer = await send(running.port(), { headers: { 'X-Filler': 'x'.repeat(bytes) } })
      assert.equal(answer.status, status, `${bytes} bytes`)
    }
    assert.equal(backend.streams.all.length, 2)
    const line = await running.line(one => one['http.response.status_code'] === 431)
    assert.equal(line['portcullis.failure'], 'request_header_section_size')
    assert.match(running.metrics(), /failures_total\{failure="request_header_section_size"\} 2\n/)
  })

  test('MAX_HEADER_LIST_SIZE: trailers that are larger are left out', async () => {
    const seen = new Seen<object>()
    await using backend = await Backend.start({ maxHeaderListSize: 2000 }, stream => {
      let trailers = {}
      stream.on('trailers', given => (trailers = given))
      stream.resume().on('end', () => seen.push(trailers))
      ok(stream)
    })
    await using running = await backend.gateway()
    const client = connect(`http://127.0.0.1:${running.port()}`)
    for (const bytes of [10, 10, 3000, 10]) {
      const stream = client.request({ ':method': 'POST' }, { endStream: false, waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 's'.repeat(bytes) }))
      stream.end('body')
      const [answer] = (await once(stream, 'response')) as [{ ':status': number }]
      assert.equal(answer[':status'], 200)
      stream.resume()
      await once(stream, 'close')
    }
    client.destroy()
    const all = await seen.count(4)
    assert.deepEqual(
      all.map(trailers => Object.keys(trailers).length),
      [1, 1, 0, 1],
    )
  })

  test('MAX_CONCURRENT_STREAMS: never more at once, others wait; lowered and raised on the way', async () => {
    const held = new Seen<ServerHttp2Stream>()
    let open = 0
    let most = 0
    await using backend = await Backend.start({ maxConcurrentStreams: 2 }, stream => {
      most = Math.max(most, ++open)
      stream.on('close', () => open--)
      held.push(stream)
    })
    await using running = await backend.gateway({ max: 1 })
    const first = send(running.port(), { path: '/first' })
    // With its settings known.
    ;(await held.count(1))[0]!.respond({ ':status': 200 }, { endStream: true })
    await first
    const answers = Array.from({ length: 9 }, (_, i) => send(running.port(), { path: `/${i}` }))
    const finish = async (from: number, end: number): Promise<void> => {
      for (let i = from; i < end; i++)
        (await held.count(i + 1))[i]!.respond({ ':status': 200 }, { endStream: true })
    }
    await held.count(3)
    await finish(1, 4)
    await held.count(6)
    assert.deepEqual([open, most], [2, 2])
    const [session] = backend.sessions.all
    session!.settings({ maxConcurrentStreams: 1 })
    await once(session!, 'localSettings')
    most = 0
    // Two are open still: the next may come when both have ended.
    await finish(4, 9)
    assert.equal(most, 1)
    session!.settings({ maxConcurrentStreams: 100 })
    await finish(9, 10)
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      answers.map(() => 200),
    )
    assert.equal(backend.sessions.all.length, 1)
  })

  test('MAX_CONCURRENT_STREAMS of 0: requests wait for better times, and no connections pile up', async () => {
    await using backend = await Backend.start({ maxConcurrentStreams: 0 })
    await using running = await backend.gateway()
    const answers = Array.from({ length: 5 }, () => send(running.port()))
    const session = await backend.sessions.first()
    // Shown by the sweep.
    while (!/requests_pending\{[^}]*\} 5\n/.test(running.metrics())) await setImmediate()
    session.settings({ maxConcurrentStreams: 10 })
    for (const answer of answers) assert.equal((await answer).status, 200)
    assert.equal(backend.sessions.all.length, 1)
  })

  test('INITIAL_WINDOW_SIZE: a body waits for it, and goes on when it is raised', async () => {
    let body = 0
    await using backend = await Backend.start({ initialWindowSize: 0 }, stream => {
      stream.on('data', (chunk: Buffer) => (body += chunk.length))
      stream.on('end', () => stream.end('whole'))
      stream.respond({ ':status': 200 })
    })
    await using running = await backend.gateway()
    const sent = send(running.port(), { method: 'POST', body: 'x'.repeat(1_000_000) })
    await backend.streams.count(1)
    const [session] = backend.sessions.all
    for (const initialWindowSize of [1, 20_000, 100, 1_000_000]) {
      session!.settings({ initialWindowSize })
      await once(session!, 'localSettings')
    }
    assert.equal((await sent).body, 'whole')
    assert.equal(body, 1_000_000)
  })
})

/** One request; the answer's status, length of its field x-large, and body. */
async function ask(
  session: ClientHttp2Session,
  path = '/',
): Promise<[status: number, large: number, body: string]> {
  const stream = session.request({ ':path': path })
  const [answer] = (await once(stream, 'response')) as [Record<string, string> & { ':status': number }]
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  return [answer[':status'], answer['x-large']?.length ?? 0, body]
}

suite('limits of a client', () => {
  const answering = (): Promise<TestUpstream> =>
    TestUpstream.start((request, response) => {
      const bytes = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0)
      response.setHeader('X-Large', 'x'.repeat(bytes))
      response.end('ok')
    })

  test('MAX_HEADER_LIST_SIZE: a larger response is 502, on a connection that goes on', async () => {
    await using upstream = await answering()
    await using running = await startGateway(simpleYaml(upstream.port))
    const client = connect(`http://127.0.0.1:${running.port()}`, { settings: { maxHeaderListSize: 2000 } })
    await once(client, 'localSettings')
    assert.deepEqual(await ask(client, '/100'), [200, 100, 'ok'])
    const [status, large, body] = await ask(client, '/3000')
    assert.deepEqual([status, large], [502, 0])
    assert.match(body, /response_header_section_size/)
    assert.deepEqual(await ask(client, '/100'), [200, 100, 'ok'])
    const line = await running.line(one => one['http.response.status_code'] === 502)
    assert.equal(line['portcullis.failure'], 'response_header_section_size')
    // Of the response that was left out nothing is under way any more.
    assert.match(running.metrics(), /portcullis_requests_active 0\n/)
    client.destroy()
  })

  for (const [what, modifier, answer] of [
    ['nothing more', null, /^HEADERS 1$/],
    ['fields of filters that are too many', 'f'.repeat(3000), /^HEADERS 1$/],
  ] as const)
    test(`MAX_HEADER_LIST_SIZE: the answer to that has ${what}`, async () => {
      await using upstream = await answering()
      const rule =
        modifier === null
          ? ''
          : `      filters: [{ type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: X-Filter, value: ${modifier} }] } }]`
      await using running = await startGateway(simpleYaml(upstream.port, rule))
      await using client = await RawHttp2Client.to(running.port())
      client.says(
        settings([6, 2000]),
        headers(1, block(...GET.slice(0, 4), ':path', '/3000', ':authority', 'a')),
      )
      await client.until(answer)
      await client.until(/^DATA 1 \d+ END$/)
      assert.equal((await running.line(() => true))['http.response.status_code'], 502)
    })

  test('MAX_HEADER_LIST_SIZE: a client that takes no answer at all has its stream reset', async () => {
    await using upstream = await answering()
    await using running = await startGateway(simpleYaml(upstream.port))
    await using client = await RawHttp2Client.to(running.port())
    client.says(settings([6, 50]), headers(1, block(...GET)))
    await client.until(/^RST 1 INTERNAL_ERROR$/)
    client.says(ping())
    await client.until(/^PONG/)
    assert.match(running.metrics(), /portcullis_requests_active 0\n/)
  })

  test('HEADER_TABLE_SIZE: whatever it becomes, a client understands every answer', async () => {
    await using upstream = await answering()
    await using running = await startGateway(simpleYaml(upstream.port))
    const client = connect(`http://127.0.0.1:${running.port()}`)
    await once(client, 'localSettings')
    for (const headerTableSize of [4096, 0, 4096, 100, 65_536, 1, 4096]) {
      client.settings({ headerTableSize })
      await once(client, 'localSettings')
      for (let i = 0; i < 5; i++)
        assert.deepEqual(await ask(client, `/${10 + (i % 2)}`), [200, 10 + (i % 2), 'ok'])
    }
    client.destroy()
  })

  test('HEADER_TABLE_SIZE: of several in one frame the smallest is acknowledged too (RFC 7541 §4.2)', async () => {
    await using upstream = await answering()
    await using running = await startGateway(simpleYaml(upstream.port))
    await using client = await RawHttp2Client.to(running.port())
    client.says(settings([1, 0], [1, 4096]), headers(1, block(...GET)))
    await client.until(/^HEADERS 1$/)
    const block_ = client.frames.find(({ type }) => type === 1)!.payload
    assert.equal(block_.toString('hex', 0, 4), '203fe11f')
  })

  test('MAX_FRAME_SIZE and windows: no frame is larger than 16 KiB, and none than its window', async () => {
    await using upstream = await TestUpstream.start(
      (_request, response) => void response.end(Buffer.alloc(300_000)),
    )
    await using running = await startGateway(simpleYaml(upstream.port))
    await using client = await RawHttp2Client.to(running.port())
    client.says(settings([4, 100_000], [5, 1_000_000]), headers(1, block(...GET)))
    // The connection's window, which settings do not change.
    await client.until(() => client.bytes(1) === 65_535)
    client.says(windowUpdate(0, 1_000_000))
    await client.until(() => client.bytes(1) === 100_000)
    // Below what has been sent, and above it again (RFC 9113 §6.9.2).
    client.says(settings([4, 10]), windowUpdate(1, 50_000), ping())
    await client.until(/^PONG/)
    assert.equal(client.bytes(1), 100_000)
    client.says(windowUpdate(1, 50_000))
    await client.until(() => client.bytes(1) === 100_010)
    client.says(settings([4, 1_000_000]))
    await client.until(() => client.bytes(1) === 300_000)
    assert.ok(client.frames.every(({ payload }) => payload.length <= 16_384))
  })
})
