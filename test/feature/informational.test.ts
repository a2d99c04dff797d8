import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
const processing = 'HTTP/1.1 102 Processing\r\n\r\n'
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'

suite('informational responses', () => {
  // What the upstream says before its response, and the statuses that a client of 1.1 sees.
  for (const [name, interim, seen] of [
    ['103', hints, [103, 200]],
    ['102', processing, [102, 200]],
    ['an unknown 1xx', 'HTTP/1.1 199 Whatever\r\nX-A: 1\r\n\r\n', [199, 200]],
    ['100, which answers an expectation that is ours to answer', goOn, [200]],
    ['several', hints + processing + goOn + hints, [103, 102, 103, 200]],
    ['as many as may be', hints.repeat(32), [...Array<number>(32).fill(103), 200]],
  ] as const)
    test(name, async () => {
      await using upstream = await RawUpstream.answering(() => interim + ok('done'))
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const text = await client.until(/done$/)
      assert.deepEqual(messages(text).map(status), seen)
      if (seen[0] === 103) assert.match(text, /103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\n/)
      // They leave no trace on what follows.
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(received => messages(received).length === 2 * seen.length)
      assert.equal(upstream.conversations.length, 1)
    })

  test('one is passed on when it comes, not with the response', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await upstream.until(({ requests }) => requests.length === 1)
    upstream.conversations[0]!.write(hints)
    await client.until(/preload\r\n\r\n$/)
    upstream.conversations[0]!.write(ok('done'))
    await client.until(/done$/)
  })

  test('a client of HTTP/1.0 gets none (RFC 9110 §15.2)', async () => {
    await using upstream = await RawUpstream.answering(() => hints + processing + ok('done'))
    await using gateway = await startGateway(plain(upstream.port))
    const text = await RawClient.exchange(gateway.port(), 'GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    assert.deepEqual(messages(text).map(status), [200])
  })

  test('they have no body, whatever their head says', async () => {
    await using upstream = await RawUpstream.answering(
      () => 'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n' + ok('done'),
    )
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const text = await client.until(/done$/)
    assert.deepEqual(messages(text).map(status), [103, 200])
    assert.doesNotMatch(text.slice(0, text.indexOf('\r\n\r\n')), /content-length/i)
  })

  for (const [name, answer] of [
    ['more of them than anyone needs', hints.repeat(33) + ok('done')],
    ['one without end', hints.repeat(5_000)],
  ] as const)
    test(`${name}: the upstream is given up`, async () => {
      await using upstream = await RawUpstream.answering(() => answer)
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(/HTTP\/1\.1 502 /)
      await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
      const line = await gateway.line(() => true)
      assert.deepEqual(
        [line['http.response.status_code'], line['portcullis.failure']],
        [502, 'http_protocol_error'],
      )
    })

  for (const [name, head] of [
    [
      '101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    ['101 that does not say what it switches to', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ] as const)
    test(`${name} is a failure, and the connection is not used again`, async () => {
      await using upstream = await RawUpstream.answering(() => head)
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
      const text = await client.until(/HTTP\/1\.1 502 /)
      assert.doesNotMatch(text, /^HTTP\/1\.1 101/m)
      await upstream.until(({ conversations }) => conversations[0]!.ended)
      assert.equal(upstream.conversations.length, 1)
    })
})
