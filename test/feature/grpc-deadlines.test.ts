import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { status as codes } from '@grpc/grpc-js'
import { CHUNKED, type ResponseHead } from '../../src/http/head.ts'
import { localHead } from '../../src/http/local.ts'
import { H2Server, indifferent } from '../support/http2/server.ts'
import { EchoClient, EchoServer, statusOf, type Message } from '../support/grpc.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { Seen } from '../support/until.ts'

/** Told in the field alone: a client with a clock of its own would mostly come first. */
const within = (timeout: string) => ({ metadata: { 'grpc-timeout': timeout } })

const open: ResponseHead = {
  ...localHead(200, ['content-type', 'application/grpc'], 0),
  length: CHUNKED,
  hasLength: false,
}

suite('a deadline that passes', () => {
  test('before there is an answer is a status, and the server is told', async () => {
    const cancelled = new Seen<true>()
    await using server = await EchoServer.start({
      Unary: call => void call.on('cancelled', () => cancelled.push(true)),
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const { code, details } = await client.unary({}, within('1S'))
    assert.equal(code, codes.DEADLINE_EXCEEDED)
    assert.match(details, /^The backend did not answer in time \(exchange /)
    await cancelled.first()
    const line = await running.line(() => true)
    assert.deepEqual(
      [line['portcullis.failure'], line['rpc.grpc.status_code']],
      ['http_response_timeout', codes.DEADLINE_EXCEEDED],
    )
  })

  test('that is over already does not reach the server', async () => {
    let calls = 0
    await using server = await EchoServer.start({
      Unary: () => {
        calls++
      },
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    assert.equal((await client.unary({}, within('0n'))).code, codes.DEADLINE_EXCEEDED)
    assert.equal(calls, 0)
  })

  for (const [name, last, expected] of [
    ['between two messages comes in trailers, after what was sent', 8, codes.DEADLINE_EXCEEDED],
    ['within a message is a reset, which is all that a cancelled call is told', 7, codes.CANCELLED],
  ] as const)
    test(name, async () => {
      const gone = new Seen<true>()
      const message = Buffer.from([0, 0, 0, 0, 3, 10, 1, 97])
      await using upstream = await H2Server.start(stream => {
        stream.handler = { ...indifferent, onGone: () => gone.push(true) }
        stream.head(open)
        stream.data(message, 0, message.length)
        stream.data(message, 0, last)
        stream.flush()
      })
      await using running = await startGrpc(upstream.port)
      using client = new EchoClient(running.port())
      const call = client.spread({}, within('1S'))
      const got: string[] = []
      call.on('data', ({ text }: Message) => got.push(text))
      assert.equal((await statusOf(call)).code, expected)
      assert.deepEqual(got, last === 8 ? ['a', 'a'] : ['a'])
      await gone.first()
    })

  test('at the client reaches the server', async () => {
    const cancelled = new Seen<true>()
    await using server = await EchoServer.start({
      Unary: call => void call.on('cancelled', () => cancelled.push(true)),
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    assert.equal((await client.unary({}, { deadlineMs: 1000 })).code, codes.DEADLINE_EXCEEDED)
    await cancelled.first()
  })
})

test('a call that ends in time is not touched', async () => {
  await using server = await EchoServer.start()
  await using running = await startGrpc(server.port)
  using client = new EchoClient(running.port())
  // The last is longer than timers can be.
  for (const timeout of ['20S', '1H', '99999999H'])
    assert.equal((await client.unary({ text: 'a' }, within(timeout))).code, codes.OK, timeout)
})

for (const timeout of ['', '1', '1s', '123456789S', '1.5S', '-1S'])
  test(`grpc-timeout ${JSON.stringify(timeout)} is refused`, async () => {
    let calls = 0
    await using server = await EchoServer.start({
      Unary: () => {
        calls++
      },
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const { code, details } = await client.unary({}, within(timeout))
    // As servers of grpc-go and grpc-js answer it.
    assert.equal(code, codes.INTERNAL)
    assert.match(details, /^grpc-timeout is not /)
    assert.equal(calls, 0)
    assert.equal((await running.line(() => true))['portcullis.rejection'], 'grpc-timeout')
  })

test('the server is told what the client said, and after a refused stream what is left of it', async () => {
  const timeouts: string[] = []
  await using upstream = await H2Server.start((stream, head) => {
    stream.handler = indifferent
    timeouts.push(head.fields.get('grpc-timeout') ?? '')
    if (timeouts.length === 1) return stream.abort(7)
    stream.head({
      ...localHead(200, ['content-type', 'application/grpc', 'grpc-status', '0'], 0),
      hasLength: false,
    })
    stream.end(null)
  })
  await using running = await startGrpc(upstream.port)
  using client = new EchoClient(running.port())
  await client.unary({}, within('1M'))
  assert.equal(timeouts[0], '1M')
  assert.match(timeouts[1] ?? '', /^\d+m$/)
  const left = Number.parseInt(timeouts[1] ?? '', 10)
  assert.ok(left > 0 && left < 60_000, `${left}`)
})
