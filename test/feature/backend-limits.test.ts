import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { block, END_HEADERS, END_STREAM, headers, settings } from '../support/http2/wire.ts'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backendPolicy, plain } from '../support/policies.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { gateway, httpRoute, to, yamlOf } from '../support/resources.ts'

const head = (bytes: number): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ${'a'.repeat(bytes)}\r\n\r\n`

/** Node's own client takes no fields as long. */
async function statusOf(port: number): Promise<number> {
  const text = await RawClient.exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  return Number(text.slice(9, 12))
}

/** By HTTP/1: a field of so many bytes, what a BackendPolicy says, and the status. */
suite('heads of responses', () => {
  for (const [bytes, responses, status] of [
    [15_000, {}, 200],
    [17_000, {}, 502],
    [17_000, { fieldBytes: '32Ki' }, 200],
    [2_000, { fieldBytes: '1Ki' }, 502],
    [100_000, { fieldBytes: '128Ki' }, 502],
    [100_000, { fieldBytes: '128Ki', headBytes: '128Ki' }, 200],
    [1_000, { fields: 1 }, 502],
  ] as const)
    test(`a field of ${bytes} bytes with ${JSON.stringify(responses)}: ${status}`, async () => {
      await using up = await RawServer.start(
        socket => void socket.on('data', () => socket.write(head(bytes))),
      )
      await using started = await startGateway(plain(up.port, { upstream: { responses } }))
      assert.equal(await statusOf(started.port()), status)
    })

  for (const [bytes, responses, status] of [
    [12_000, {}, 200],
    [15_000, { fieldBytes: '1Ki' }, 502],
    [15_900, { headBytes: '8Ki' }, 502],
  ] as const)
    test(`by HTTP/2 one of ${bytes} bytes with ${JSON.stringify(responses)}: ${status}`, async () => {
      await using up = await RawServer.start(socket => {
        socket.write(settings())
        let seen = 0
        socket.on('error', () => {})
        socket.on('data', (chunk: Buffer) => {
          const before = seen
          seen += chunk.length
          if (before > 100 || seen <= 100) return
          const fields = block(':status', '200', 'x', 'a'.repeat(bytes))
          socket.write(headers(1, fields, END_STREAM | END_HEADERS))
        })
      })
      const spec = { endpoints: [{ address: '127.0.0.1', port: up.port }], protocol: 'h2c' }
      await using started = await startGateway(
        yamlOf(
          gateway(),
          httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
          { apiVersion: 'portcullis.dev/v1alpha1', kind: 'Backend', metadata: { name: 'up' }, spec },
          backendPolicy({ responses }),
        ),
      )
      const answer = await send(started.port(), { method: 'POST', body: 'x'.repeat(200) })
      assert.equal(answer.status, status)
    })

  test('connections that are kept are made anew where the limits change', async () => {
    let bytes = 10
    let connections = 0
    await using up = await RawServer.start(socket => {
      connections++
      socket.on('data', () => socket.write(head(bytes)))
    })
    await using started = await startGateway(plain(up.port))
    assert.equal(await statusOf(started.port()), 200)
    bytes = 17_000
    await started.reload(plain(up.port, { upstream: { responses: { fieldBytes: '32Ki' } } }))
    assert.equal(await statusOf(started.port()), 200)
    assert.equal(connections, 2)
  })
})

for (const [attempts, tried] of [
  [undefined, 3],
  [1, 1],
  [5, 5],
] as const)
  test(`where nobody listens, ${tried} connections are tried with attempts: ${attempts ?? 'none'}`, async () => {
    const upstream = attempts === undefined ? {} : { connections: { attempts } }
    const rest = { outlierDetection: { consecutiveFailures: 1000 } }
    await using started = await startGateway(plain(1, { upstream: { ...upstream, ...rest } }))
    assert.equal((await send(started.port(), { method: 'POST', body: 'x' })).status, 502)
    const line = await started.line(() => true)
    assert.equal(line['portcullis.attempts'], tried)
  })

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'

suite('a backend that is silent for longer than it may be is given up', { concurrency: true }, () => {
  // What stands around an answer is nothing of it, however it trickles. Longer than the gateway's looks are apart.
  for (const [what, begin, trickles] of [
    ['at all', '', false],
    ['in the middle of its answer', chunked, false],
    ['within a field of its head', 'HTTP/1.1 200 OK\r\nX: ', true],
    ['within the length of a chunk', `${chunked}1;`, true],
    ['within a trailer', `${chunked}0\r\nX: `, true],
  ] as const)
    test(what, async () => {
      await using up = await RawServer.start(socket => {
        socket.on('error', () => {})
        socket.once('data', () => {
          socket.write(begin)
          const timer = trickles ? setInterval(() => socket.write('a'), 50) : undefined
          socket.on('close', () => clearInterval(timer))
        })
      })
      await using started = await startGateway(
        plain(up.port, { upstream: { timeouts: { silence: '700ms' } } }),
      )
      const answer = await RawClient.exchange(
        started.port(),
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      )
      assert.match(answer, begin.startsWith(chunked) ? /^HTTP\/1\.1 200 .*hello/s : /^HTTP\/1\.1 504 /)
      const line = await started.line(() => true)
      assert.deepEqual(
        [line['portcullis.failure'], line['portcullis.failure.reason']],
        ['http_response_timeout', 'timeouts.silence'],
      )
    })
})
