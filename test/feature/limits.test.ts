import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { block, GET, headers } from '../support/http2/wire.ts'
import { startGateway } from '../support/gateway.ts'
import { messages, status, value, type Message } from '../support/messages.ts'
import { clientPolicy, plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { wireClient } from '../support/wire-client.ts'
import { portFor, startBetween, wires } from '../support/wires.ts'
import { backend, gateway as gatewayOf, httpRoute, to, yamlOf } from '../support/resources.ts'

const get = (fields: string, target = '/') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
const filled = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1\r\n`).join('')
const line = (bytes: number) => `/${'p'.repeat(bytes - 'GET / HTTP/1.1'.length)}`
const field = (bytes: number) => `X-A: ${'v'.repeat(bytes - 'X-A: '.length)}\r\n`
const chunked = (bytes: number) => `${bytes.toString(16)}\r\n${'b'.repeat(bytes)}\r\n0\r\n\r\n`
const post = (framing: string, body: string) => `POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`

/** ClientPolicy limits (null: the default), a request just within, one just beyond, its status and its rule. */
const heads = [
  [null, get('', line(16_384)), get('', line(16_385)), 414, 'request-line-size'],
  [{ requestLineBytes: 64 }, get('', line(64)), get('', line(65)), 414, 'request-line-size'],
  [null, get(field(16_384)), get(field(16_385)), 431, 'field-size'],
  [{ fieldBytes: 100 }, get(field(100)), get(field(101)), 431, 'field-size'],
  [{ fieldBytes: '20k' }, get(field(20_000)), get(field(20_001)), 431, 'field-size'],
  [null, get(filled(99)), get(filled(100)), 431, 'field-count'],
  [{ fields: 5 }, get(filled(4)), get(filled(5)), 431, 'field-count'],
  [null, get(field(16_000).repeat(4)), get(field(16_000).repeat(5)), 431, 'head-size'],
  [{ headBytes: 200 }, get(field(150)), get(field(200)), 431, 'head-size'],
] as const

const policy = (limits: object | null) => (limits === null ? {} : { client: { limits } })

suite('limits of heads', () => {
  for (const [limits, within, beyond, code, rule] of heads) {
    const name = `${rule} ${JSON.stringify(limits ?? 'by default')}`

    test(`${name}: within passes`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x'))
      await using gateway = await startGateway(plain(upstream.port, policy(limits)))
      await using client = await RawClient.to(gateway.port())
      client.write(within)
      const text = await client.until(received => messages(received).length === 1)
      assert.equal(status(messages(text)[0]!), 200, text)
    })

    for (const whole of [true, false])
      test(`${name}: beyond is ${code}, ${whole ? 'in one piece' : 'before it is complete'}`, async () => {
        await using upstream = await RawUpstream.answering(() => ok('x'))
        await using gateway = await startGateway(plain(upstream.port, policy(limits)))
        // Without its last bytes the request is still refused: the limit is on what is held, not on what comes.
        const text = await RawClient.exchange(gateway.port(), whole ? beyond : beyond.slice(0, -4))
        const [answer] = messages(text)
        assert.equal(status(answer!), code)
        assert.equal(value(answer!, 'connection'), 'close')
        assert.equal(value(answer!, 'content-type'), 'application/problem+json')
        assert.match(answer!.body, new RegExp(`"reason":"${rule}"`))
        assert.match(answer!.body, /ClientPolicy spec\.limits\./)
        const logged = await gateway.line(() => true)
        assert.equal(logged['portcullis.rejection'], rule)
        assert.equal(logged['portcullis.failure'], 'http_request_error')
        assert.equal(logged['http.response.status_code'], code)
        assert.equal(logged['client.address'], '127.0.0.1')
        assert.match(gateway.metrics(), new RegExp(`portcullis_rejections_total\\{rule="${rule}"\\} 1\n`))
        assert.equal(upstream.conversations.length, 0)
      })
  }
})

suite('what browsers send fits by default', () => {
  const cookie = (name: string, bytes: number) => `${name}=${'c'.repeat(bytes - name.length - 1)}`
  for (const wire of wires)
    test(`three cookies of 3.9 KB, and a long query (${wire})`, async () => {
      const cookies = ['a', 'b', 'c'].map(name => cookie(name, 3900)).join('; ')
      const path = `/?state=${'s'.repeat(10_000)}`
      await using upstream = await RawUpstream.answering(({ start, fields }) =>
        ok(`${start.length} ${fields.find(([name]) => name === 'cookie')?.[1].length ?? 0}`),
      )
      await using running = await startBetween('h1', upstream.port)
      await using client = wireClient(wire, portFor(wire, running))
      const { status: code, body } = await client.send({ path, headers: { cookie: cookies } })
      assert.deepEqual([code, String(body)], [200, `${`GET ${path} HTTP/1.1`.length} ${cookies.length}`])
    })
})

suite('two Cookie fields of 6 KB are taken', () => {
  const cookies = ['a', 'b'].map(name => `${name}=${'c'.repeat(6000)}`)
  const cookiesOf = ({ fields }: Message) =>
    fields.filter(([name]) => name === 'cookie').map(([, one]) => one)

  test('by HTTP/1', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using running = await startGateway(plain(upstream.port))
    await RawClient.exchange(
      running.port(),
      get(`${cookies.map(one => `Cookie: ${one}\r\n`).join('')}Connection: close\r\n`),
    )
    assert.deepEqual(upstream.requests.map(cookiesOf), [cookies])
  })

  test('by HTTP/2', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using running = await startGateway(plain(upstream.port))
    await using client = await RawHttp2Client.to(running.port())
    client.says(headers(1, block(...GET, ...cookies.flatMap(one => ['cookie', one]))))
    await upstream.until(({ requests }) => requests.length === 1)
    assert.deepEqual(upstream.requests.map(cookiesOf), [[cookies.join('; ')]])
  })
})

suite('limits of bodies', () => {
  for (const [framing, request] of [
    ['Content-Length', (bytes: number) => post(`Content-Length: ${bytes}`, 'b'.repeat(bytes))],
    ['chunked', (bytes: number) => post('Transfer-Encoding: chunked', chunked(bytes))],
  ] as const) {
    test(`a body of bodyBytes passes (${framing})`, async () => {
      await using upstream = await RawUpstream.answering(({ body }) => ok(String(body.length)))
      await using gateway = await startGateway(plain(upstream.port, policy({ bodyBytes: 1000 })))
      await using client = await RawClient.to(gateway.port())
      client.write(request(1000))
      await client.until(/1000$/)
    })

    test(`one byte more is 413, and no upstream takes it for a request (${framing})`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x'))
      await using gateway = await startGateway(plain(upstream.port, policy({ bodyBytes: 1000 })))
      await using client = await RawClient.to(gateway.port())
      client.write(request(1001))
      const text = await client.until(received => messages(received).length === 1)
      assert.equal(status(messages(text)[0]!), 413)
      const logged = await gateway.line(() => true)
      assert.equal(logged['portcullis.failure'], 'http_request_too_large')
      assert.match(gateway.metrics(), /portcullis_failures_total\{failure="http_request_too_large"\} 1\n/)
      await upstream.until(({ conversations }) => conversations.every(({ ended, closed }) => ended || closed))
      assert.equal(upstream.requests.length, 0)
    })
  }

  test('by default there is none', async () => {
    await using upstream = await RawUpstream.answering(({ body }) => ok(String(body.length)))
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(post('Content-Length: 3000000', 'b'.repeat(3_000_000)))
    await client.until(/3000000$/)
  })

  for (const [name, body, rule] of [
    ['a long extension', `5;${'e'.repeat(257)}\r\nhello\r\n0\r\n\r\n`, 'chunk-extension-size'],
    ['many extensions', `${'1;extension=of-sixteen\r\nx\r\n'.repeat(300)}0\r\n\r\n`, 'chunk-extension-size'],
    ['a size of 14 digits', '00000000000005\r\nhello\r\n0\r\n\r\n', 'chunk-size'],
    ['long trailers', `0\r\nX-A: ${'t'.repeat(8200)}\r\n\r\n`, 'trailer-size'],
    ['many trailers', `0\r\n${filled(101)}\r\n`, 'trailer-size'],
  ] as const)
    test(`${name} in a chunked body: refused and named`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x'))
      await using gateway = await startGateway(plain(upstream.port))
      const text = await RawClient.exchange(gateway.port(), post('Transfer-Encoding: chunked', body))
      assert.ok([400, 431].includes(status(messages(text)[0]!)))
      const logged = await gateway.line(() => true)
      assert.equal(logged['portcullis.rejection'], rule)
      assert.match(gateway.metrics(), new RegExp(`portcullis_rejections_total\\{rule="${rule}"\\} 1\n`))
      assert.equal(upstream.requests.length, 0)
    })
})

suite('limits of time', () => {
  for (const [name, begin] of [
    ['of a request line', 'GET / HT'],
    ['of fields', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n'],
    ['of one byte', 'G'],
  ] as const)
    test(`a head of which only a part ${name} comes is 408 after timeouts.head`, async () => {
      await using gateway = await startGateway(plain(1, { client: { timeouts: { head: '50ms' } } }))
      const text = await RawClient.exchange(gateway.port(), begin)
      const [answer] = messages(text)
      assert.equal(status(answer!), 408)
      assert.equal(value(answer!, 'connection'), 'close')
      const logged = await gateway.line(() => true)
      assert.equal(logged['portcullis.rejection'], 'head_timeout')
      assert.match(gateway.metrics(), /portcullis_rejections_total\{rule="head_timeout"\} 1\n/)
    })

  test('a timeout of 0 is none', async () => {
    const none = { head: '0s', idle: '0s', bodyIdle: '0s', stall: '0s' }
    const policyOf = (name: string, sectionName: string, timeouts: object): object => ({
      ...clientPolicy({
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw', sectionName }],
        timeouts,
      }),
      metadata: { name },
    })
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using running = await startGateway(
      yamlOf(
        gatewayOf([{ name: 'patient' }, { name: 'hasty', port: 81 }]),
        httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        policyOf('patient', 'patient', none),
        policyOf('hasty', 'hasty', { head: '10ms' }),
      ),
    )
    await using idle = await RawClient.to(running.port(80))
    await using late = await RawClient.to(running.port(80))
    late.write('GET / HT')
    // By then both have been looked at.
    assert.match(await RawClient.exchange(running.port(81), 'GET / HT'), /^HTTP\/1\.1 408 /)
    assert.match(await RawClient.exchange(running.port(81), 'GET / HT'), /^HTTP\/1\.1 408 /)
    late.write('TP/1.1\r\nHost: a\r\n\r\n')
    await late.until(/^HTTP\/1\.1 200 [^]*x$/)
    assert.equal(idle.ended, false)
  })

  test('an empty line is no part of a head: the connection is idle, and ends without an answer', async () => {
    await using gateway = await startGateway(
      plain(1, { client: { timeouts: { head: '10ms', idle: '100ms' } } }),
    )
    assert.equal(await RawClient.exchange(gateway.port(), '\r\n'), '')
  })

  test('a head that drips does not live longer for it', async () => {
    await using gateway = await startGateway(plain(1, { client: { timeouts: { head: '300ms' } } }))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\nX-A: ')
    const drip = setInterval(() => client.write('x'), 20)
    await client.until(/^HTTP\/1\.1 408 /)
    clearInterval(drip)
  })

  test('the second head of a connection has the same time', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain(upstream.port, { client: { timeouts: { head: '50ms' } } }))
    const text = await RawClient.exchange(gateway.port(), `${get('')}GET / HT`)
    assert.deepEqual(messages(text).map(status), [200, 408])
  })

  test('a body that stops is 408 after timeouts.bodyIdle, and the upstream is given up', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(
      plain(upstream.port, { client: { timeouts: { bodyIdle: '50ms' } } }),
    )
    const text = await RawClient.exchange(gateway.port(), post('Content-Length: 10', 'hello'))
    const [answer] = messages(text)
    assert.equal(status(answer!), 408)
    assert.equal(value(answer!, 'connection'), 'close')
    const logged = await gateway.line(() => true)
    assert.equal(logged['portcullis.failure'], 'http_request_timeout')
    await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
    assert.equal(upstream.requests.length, 0)
  })

  test('a client that takes nothing of its response for timeouts.bodyIdle is let go', async () => {
    await using upstream = await RawUpstream.answering(() => ok('y'.repeat(20_000_000)))
    await using gateway = await startGateway(
      plain(upstream.port, { client: { timeouts: { bodyIdle: '50ms' } } }),
    )
    await using client = await RawClient.to(gateway.port())
    client.socket.pause()
    client.write(get(''))
    const logged = await gateway.line(() => true)
    assert.equal(logged['portcullis.failure'], 'client_gone')
    await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
  })
})
