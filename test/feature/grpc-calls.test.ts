import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { Metadata, status as codes, type StatusObject } from '@grpc/grpc-js'
import { EchoClient, EchoServer, statusOf, type Message } from '../support/grpc.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { Seen } from '../support/until.ts'

suite('calls of each kind, by grpc-js on both sides', () => {
  test('unary, with metadata both ways, binary as well', async () => {
    await using server = await EchoServer.start()
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const bytes = Buffer.from([0, 1, 254, 255])
    const metadata = { 'x-test-text': 'a b', 'x-test-bytes-bin': bytes }
    const { code, message, head, trailers } = await client.unary({ text: 'hello', count: -7 }, { metadata })
    assert.equal(code, codes.OK)
    assert.deepEqual([message?.text, message?.count], ['hello', -7])
    for (const received of [head, trailers]) {
      assert.deepEqual(received?.get('x-test-text'), ['a b'])
      assert.deepEqual(received?.get('x-test-bytes-bin'), [bytes])
    }
    const line = await running.line(() => true)
    assert.deepEqual(
      [line['http.response.status_code'], line['rpc.grpc.status_code'], line['url.path']],
      [200, 0, '/test.Echo/Unary'],
    )
  })

  test('a stream of the client', async () => {
    await using server = await EchoServer.start()
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const { call, reply } = client.collect()
    for (let i = 0; i < 100; i++) call.write({ text: String(i), data: Buffer.alloc(1000) })
    call.end()
    const { text, count } = await reply
    assert.equal(text, Array.from({ length: 100 }, (_, i) => i).join())
    assert.equal(count, 100_000)
  })

  test('a stream of the server, in order', async () => {
    await using server = await EchoServer.start()
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const texts: string[] = []
    for await (const { text } of client.spread({ text: 'n', count: 1000 }) as AsyncIterable<Message>)
      texts.push(text)
    assert.deepEqual(
      texts,
      Array.from({ length: 1000 }, (_, i) => `n${i}`),
    )
  })

  test('a conversation: each side hears the other before it goes on', async () => {
    await using server = await EchoServer.start()
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const call = client.chat()
    const seen = new Seen<string>()
    call.on('data', ({ text }: Message) => seen.push(text))
    for (let i = 0; i < 20; i++) {
      call.write({ text: `turn ${i}` })
      await seen.first(text => text === `turn ${i}`)
    }
    const status = statusOf(call)
    call.end()
    assert.equal((await status).code, codes.OK)
    assert.equal(seen.all.length, 20)
  })
})

suite('errors of the server', () => {
  test('come with their details, as trailers', async () => {
    const details = Buffer.from('not read by anybody on the way')
    await using server = await EchoServer.start({
      Spread(call) {
        call.write({ text: 'one' })
        const metadata = new Metadata()
        metadata.set('grpc-status-details-bin', details)
        metadata.set('shard_id', '7')
        call.emit('error', { code: codes.FAILED_PRECONDITION, details: 'not now: 100 % ü', metadata })
      },
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const call = client.spread({})
    const seen = new Seen<Message>()
    call.on('data', (message: Message) => seen.push(message))
    const { code, details: text, metadata } = await statusOf(call)
    assert.deepEqual([code, text], [codes.FAILED_PRECONDITION, 'not now: 100 % ü'])
    assert.deepEqual(metadata.get('grpc-status-details-bin'), [details])
    assert.deepEqual(metadata.get('shard_id'), ['7'])
    assert.equal(seen.all.length, 1)
    assert.equal((await running.line(() => true))['rpc.grpc.status_code'], codes.FAILED_PRECONDITION)
    assert.match(
      running.metrics(),
      /portcullis_grpc_responses_total\{route="[^"]*\/default\/grpc\/0",status="9"\} 1/,
    )
  })

  test('come without a body too, as trailers alone', async () => {
    await using server = await EchoServer.start({
      Unary: (_call, answer) => answer({ code: codes.NOT_FOUND, details: 'no such thing' }),
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const { code, details } = await client.unary({})
    assert.deepEqual([code, details], [codes.NOT_FOUND, 'no such thing'])
    assert.equal((await running.line(() => true))['rpc.grpc.status_code'], codes.NOT_FOUND)
  })
})

suite('cancellation', () => {
  test('by the client reaches the server', async () => {
    const seen = new Seen<string>()
    await using server = await EchoServer.start({
      Chat(call) {
        call.on('cancelled', () => seen.push('cancelled'))
        call.on('data', (message: Message) => call.write(message))
      },
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const call = client.chat()
    const status = statusOf(call)
    call.write({ text: 'a' })
    await once(call, 'data')
    call.cancel()
    assert.equal((await status).code, codes.CANCELLED)
    await seen.first()
    const line = await running.line(() => true)
    assert.deepEqual(
      [line['portcullis.failure'], line['rpc.grpc.status_code']],
      ['client_gone', codes.CANCELLED],
    )
  })

  test('by the server reaches the client', async () => {
    await using server = await EchoServer.start({
      Chat(call) {
        call.on('data', () => call.emit('error', { code: codes.CANCELLED, details: 'enough' }))
      },
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const call = client.chat()
    const status: Promise<StatusObject> = statusOf(call)
    call.write({ text: 'a' })
    assert.equal((await status).code, codes.CANCELLED)
  })
})
