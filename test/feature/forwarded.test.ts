import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

/** Sends one request with these fields and answers with what the upstream saw, the response, and the access log's line. */
async function forwarded(
  fields: string,
  trustedHops = 0,
  response = ok('x'),
  start = 'GET / HTTP/1.1\r\nHost: Shop.example:8080',
  headers = {},
) {
  await using upstream = await RawUpstream.answering(() => response)
  await using gateway = await startGateway(plain(upstream.port, { client: { trustedHops, headers } }))
  const port = String(gateway.port())
  const text = await RawClient.exchange(gateway.port(), `${start}\r\n${fields}Connection: close\r\n\r\n`)
  const line = await gateway.line(() => true)
  const all = (name: string) =>
    upstream.requests[0]!.fields.filter(([known]) => known === name).map(([, one]) => one)
  return { all, port, line, answer: messages(text)[0]!, fields: upstream.requests[0]!.fields }
}

const lies =
  'X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n' +
  'X-Forwarded-Prefix: /evil\r\nX-Forwarded-Client-Cert: x\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n'

suite('who asked for what', () => {
  for (const [name, fields] of [
    ['is told to the upstream', ''],
    ['is not what an untrusted client says', lies],
    ['nor what it says in another case', lies.toLowerCase()],
  ] as const)
    test(name, async () => {
      const { all, line } = await forwarded(fields)
      assert.deepEqual(all('host'), ['Shop.example:8080'])
      assert.deepEqual(all('x-forwarded-for'), ['127.0.0.1'])
      assert.deepEqual(all('x-forwarded-proto'), ['http'])
      assert.deepEqual(all('x-forwarded-host'), ['Shop.example:8080'])
      assert.deepEqual(all('x-forwarded-port'), ['8080'])
      for (const gone of ['x-forwarded-prefix', 'x-forwarded-client-cert', 'x-real-ip', 'forwarded'])
        assert.deepEqual(all(gone), [], gone)
      assert.equal(line['client.address'], '127.0.0.1')
    })

  // Trusted hops, X-Forwarded-For as it comes, and the client's address: that many entries from the right, the peer first.
  for (const [hops, sent, client] of [
    [1, '', '127.0.0.1'],
    [1, 'X-Forwarded-For: 198.51.100.7\r\n', '198.51.100.7'],
    [1, 'X-Forwarded-For: 1.1.1.1, 198.51.100.7\r\n', '198.51.100.7'],
    [2, 'X-Forwarded-For: 1.1.1.1, 198.51.100.7\r\n', '1.1.1.1'],
    [2, 'X-Forwarded-For: 198.51.100.7\r\n', '198.51.100.7'],
    [2, 'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 198.51.100.7\r\n', '1.1.1.1'],
    [3, 'X-Forwarded-For: 1.1.1.1, nonsense, 198.51.100.7\r\n', '198.51.100.7'],
    [1, 'X-Forwarded-For: [2001:db8::1]:443\r\n', '2001:db8::1'],
    [1, 'X-Forwarded-For: 198.51.100.7:1234\r\n', '198.51.100.7'],
    [1, 'X-Forwarded-For: ::ffff:198.51.100.7\r\n', '198.51.100.7'],
  ] as const)
    test(`with ${hops} trusted hops ${JSON.stringify(sent)} comes from ${client}`, async () => {
      const { all, line } = await forwarded(sent, hops)
      assert.equal(line['client.address'], client)
      const said = sent.split('\r\n').flatMap(one => one.split(': ')[1] ?? [])
      assert.deepEqual(all('x-forwarded-for'), [[...said, '127.0.0.1'].join(', ')])
    })

  test('a trusted hop is believed about scheme, host and port, and Forwarded goes on', async () => {
    const { all } = await forwarded(lies, 1)
    assert.deepEqual(all('x-forwarded-proto'), ['https'])
    assert.deepEqual(all('x-forwarded-host'), ['evil'])
    assert.deepEqual(all('x-forwarded-port'), ['1'])
    assert.deepEqual(all('forwarded'), [
      'for=1.2.3.4, for=127.0.0.1;host="Shop.example:8080";proto=http;by=_portcullis',
    ])
  })

  test('nonsense of a trusted hop is not', async () => {
    const { all } = await forwarded('X-Forwarded-Proto: gopher\r\nX-Forwarded-Port: x\r\n', 1)
    assert.deepEqual([all('x-forwarded-proto'), all('x-forwarded-port')], [['http'], ['8080']])
  })

  test('the port of the listener is told where a ClientPolicy wants that', async () => {
    const old = { forwardedPort: 'listener' }
    const { all, port } = await forwarded('', 0, ok('x'), 'GET / HTTP/1.1\r\nHost: a', old)
    assert.deepEqual(all('x-forwarded-port'), [port])
  })
})

suite('Via and X-Request-Id', () => {
  test('Via says which version came in, behind those who said so before', async () => {
    const { all } = await forwarded('Via: 1.1 other\r\n')
    assert.equal(all('via').join(', '), '1.1 other, 1.1 portcullis')
    const old = await forwarded('', 0, ok('x'), 'GET / HTTP/1.0\r\nHost: a')
    assert.deepEqual(old.all('via'), ['1.0 portcullis'])
  })

  test('a request that went in a circle is 508', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain(upstream.port))
    const via = 'Via: 1.1 portcullis\r\n'.repeat(11)
    const text = await RawClient.exchange(
      gateway.port(),
      `GET / HTTP/1.1\r\nHost: a\r\n${via}Connection: close\r\n\r\n`,
    )
    assert.match(text, /^HTTP\/1\.1 508 /)
    assert.equal(upstream.conversations.length, 0)
  })

  test('every exchange has an id of its own, that upstream and access log share', async () => {
    const one = await forwarded('')
    const other = await forwarded('')
    for (const { all, line } of [one, other])
      assert.deepEqual(all('x-request-id'), [line['portcullis.exchange.id']])
    assert.notDeepEqual(one.all('x-request-id'), other.all('x-request-id'))
  })

  for (const [hops, sent, kept] of [
    [0, 'abc-123', false],
    [1, 'abc-123', true],
    [1, 'a b', false],
    [1, 'a"b', false],
    [1, 'x'.repeat(129), false],
  ] as const)
    test(`X-Request-Id ${sent.slice(0, 10)} with ${hops} trusted hops ${kept ? 'stays' : 'is replaced'}`, async () => {
      const { all, line } = await forwarded(`X-Request-Id: ${sent}\r\n`, hops)
      assert.equal(all('x-request-id').length, 1)
      assert.equal(all('x-request-id')[0] === sent, kept)
      assert.equal(line['portcullis.exchange.id'], all('x-request-id')[0])
    })
})

suite('hop by hop', () => {
  test('fields of the connection stay on it, those that Connection names included', async () => {
    const { all } = await forwarded(
      'Connection: X-Hop, keep-alive, x-other\r\nX-Hop: 1\r\nX-Other: 2\r\nX-End: 3\r\nKeep-Alive: timeout=5\r\n' +
        'Proxy-Connection: keep-alive\r\nTE: gzip, trailers\r\nUpgrade: x\r\n',
    )
    for (const name of ['x-hop', 'x-other', 'keep-alive', 'proxy-connection', 'upgrade'])
      assert.deepEqual(all(name), [], name)
    assert.deepEqual(all('x-end'), ['3'])
    // We pass trailers on, whatever else the client can take (RFC 9110 §10.1.4).
    assert.deepEqual([all('te'), all('connection')], [['trailers'], ['TE']])
  })

  test('those of responses too', async () => {
    const { answer } = await forwarded(
      '',
      0,
      ok(
        'x',
        'Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nX-End: 2\r\n',
      ),
    )
    for (const name of ['x-hop', 'keep-alive', 'proxy-connection', 'upgrade'])
      assert.equal(value(answer, name), '', name)
    assert.equal(value(answer, 'x-end'), '2')
    assert.equal(value(answer, 'connection'), 'close')
  })

  test('end-to-end fields pass as they are: names, values, order and repetition', async () => {
    const sent =
      'x-B: 2\r\nX-a: 1\r\nx-B: 3\r\nCookie: a=b; c=d\r\nAccept: */*\r\nX-Empty:\r\nX-Latin: \xe9\xff\r\nAuthorization: Basic eA==\r\n'
    const { fields } = await forwarded(sent)
    const names = ['x-b', 'x-a', 'cookie', 'accept', 'x-empty', 'x-latin', 'authorization']
    assert.deepEqual(
      fields.filter(([name]) => names.includes(name)),
      [
        ['x-b', '2'],
        ['x-a', '1'],
        ['x-b', '3'],
        ['cookie', 'a=b; c=d'],
        ['accept', '*/*'],
        ['x-empty', ''],
        ['x-latin', '\xe9\xff'],
        ['authorization', 'Basic eA=='],
      ],
    )
  })

  test('the same for responses', async () => {
    const { answer } = await forwarded(
      '',
      0,
      ok('x', 'Set-Cookie: a=1\r\nset-cookie: b=2\r\nServer: other\r\nDate: then\r\n'),
    )
    assert.deepEqual(answer.fields.slice(0, 4), [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['server', 'other'],
      ['date', 'then'],
    ])
  })
})
