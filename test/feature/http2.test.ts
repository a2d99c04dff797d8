import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { echo, readBody, simpleYaml, TestUpstream, type Echo } from '../support/upstream.ts'

interface Answer {
  readonly headers: IncomingHttpHeaders & { ':status'?: number }
  readonly body: string
  readonly trailers: IncomingHttpHeaders
}

/** A client by others (node:http2), with prior knowledge. */
class Client implements AsyncDisposable {
  readonly session: ClientHttp2Session

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`)
    this.session.on('error', () => {})
  }

  async send(headers: Record<string, string>, body?: Buffer): Promise<Answer> {
    const stream = this.session.request(headers, { endStream: body === undefined })
    let trailers: IncomingHttpHeaders = {}
    stream.on('trailers', (given: IncomingHttpHeaders) => {
      trailers = given
    })
    const answered = once(stream, 'response')
    if (body !== undefined) stream.end(body)
    const [answer]: [IncomingHttpHeaders] = (await answered) as [IncomingHttpHeaders]
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return { headers: answer, body: Buffer.concat(chunks).toString(), trailers }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy()
    if (!this.session.closed) await once(this.session, 'close')
  }
}

test('a request by HTTP/2 with prior knowledge reaches an HTTP/1 upstream', async () => {
  await using upstream = await TestUpstream.start()
  await using gateway = await startGateway(simpleYaml(upstream.port))
  await using client = new Client(gateway.port())
  const { headers, body } = await client.send({ ':path': '/items?x=1', 'x-one': '1', cookie: 'a=b' })
  assert.equal(headers[':status'], 200)
  const seen = JSON.parse(body) as Echo
  const fields = new Map(seen.headers.map(([name, value]) => [name.toLowerCase(), value]))
  assert.equal(seen.url, '/items?x=1')
  assert.equal(fields.get('host'), `127.0.0.1:${gateway.port()}`)
  assert.equal(fields.get('x-one'), '1')
  assert.equal(fields.get('cookie'), 'a=b')
  assert.equal(fields.get('via'), '2 portcullis')
  const line = await gateway.line(() => true)
  assert.equal(line['network.protocol.version'], '2')
})

test('bodies of any length cross from HTTP/2 to HTTP/1 and back', async () => {
  await using upstream = await TestUpstream.start((request, response) => {
    void readBody(request).then(body => response.end(body))
  })
  await using gateway = await startGateway(simpleYaml(upstream.port))
  await using client = new Client(gateway.port())
  for (const bytes of [0, 1, 16_384, 65_536, 1_000_000]) {
    const body = Buffer.alloc(bytes, 'abcdefghij')
    const answer = await client.send({ ':method': 'POST', ':path': '/' }, body)
    assert.equal(answer.headers[':status'], 200)
    assert.equal(answer.body, body.toString())
  }
})

test('a hundred streams of one connection are answered', async () => {
  await using upstream = await TestUpstream.start()
  await using gateway = await startGateway(simpleYaml(upstream.port))
  await using client = new Client(gateway.port())
  await client.send({ ':path': '/' })
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => client.send({ ':path': `/${i}` })))
  assert.deepEqual(
    answers.map(({ body }) => (JSON.parse(body) as Echo).url),
    Array.from({ length: 100 }, (_, i) => `/${i}`),
  )
})

test('trailers of an HTTP/1 upstream arrive, and what the gateway answers itself does too', async () => {
  await using upstream = await TestUpstream.start((request, response) => {
    if (request.url === '/echo') return echo(request, response)
    response.writeHead(200, { Trailer: 'X-Sum' })
    response.write('body')
    response.addTrailers({ 'X-Sum': '4' })
    response.end()
  })
  await using gateway = await startGateway(
    simpleYaml(upstream.port, '      matches: [{ path: { type: PathPrefix, value: /t } }]'),
  )
  await using client = new Client(gateway.port())
  const answer = await client.send({ ':path': '/t' })
  assert.equal(answer.body, 'body')
  assert.equal(answer.trailers['x-sum'], '4')
  const missing = await client.send({ ':path': '/none' })
  assert.equal(missing.headers[':status'], 404)
  assert.equal(missing.headers['content-type'], 'application/problem+json')
})

test('a stream that the client resets cancels its upstream request, and the connection goes on', async () => {
  let gone: () => void
  const cancelled = new Promise<void>(resolve => (gone = resolve))
  await using upstream = await TestUpstream.start((request, response) => {
    if (request.url === '/wait') request.socket.once('close', () => gone())
    else response.end('ok')
  })
  await using gateway = await startGateway(simpleYaml(upstream.port))
  await using client = new Client(gateway.port())
  const stream = client.session.request({ ':path': '/wait' })
  stream.on('error', () => {})
  await once(upstream.server, 'request')
  stream.close(8)
  await cancelled
  assert.equal((await client.send({ ':path': '/' })).body, 'ok')
})

test('drain says GOAWAY and lets the streams end', async () => {
  let answer: () => void = () => {}
  await using upstream = await TestUpstream.start((_request, response) => {
    answer = () => response.end('late')
  })
  const gateway = await startGateway(simpleYaml(upstream.port))
  await using client = new Client(gateway.port())
  const pending = client.send({ ':path': '/' })
  await once(upstream.server, 'request')
  const away = once(client.session, 'goaway')
  const drained = gateway.engine.drain(5_000)
  await away
  answer()
  assert.equal((await pending).body, 'late')
  await drained
})
