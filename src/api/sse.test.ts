import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { frameOf, Streams, type EventStream } from './sse.ts'

async function start(follow: (stream: EventStream) => () => void) {
  const app = fastify()
  const streams = new Streams()
  app.get('/stream', (_, reply) => streams.start(reply, follow))
  const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/stream`
  return { app, url, [Symbol.asyncDispose]: () => app.close() }
}

test('a stream has events as they are sent, and is left when its client goes', async () => {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  await using server = await start(stream => {
    stream.send('one', { a: 1 })
    stream.write(frameOf('two', 'lines\nof text'))
    return leave
  })
  const client = new AbortController()
  const response = await fetch(server.url, { signal: client.signal })
  for (const [name, value] of [
    ['content-type', 'text/event-stream'],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'],
    ['cross-origin-resource-policy', 'same-origin'],
  ] as const)
    assert.equal(response.headers.get(name), value)
  const wanted = 'retry: 2000\n\nevent: one\ndata: {"a":1}\n\nevent: two\ndata: "lines\\nof text"\n\n'
  let text = ''
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString()
    if (text.length >= wanted.length) break
  }
  assert.equal(text, wanted)
  client.abort()
  await left
})

test('of more than 32 streams the last is refused, until one has ended', async () => {
  const streams: EventStream[] = []
  const ended: Promise<void>[] = []
  await using server = await start(stream => {
    streams.push(stream)
    const { promise, resolve } = Promise.withResolvers<void>()
    ended.push(promise)
    return resolve
  })
  const bodies = []
  for (let i = 0; i < 32; i++) bodies.push((await fetch(server.url)).body!.getReader())
  assert.equal((await fetch(server.url)).status, 503)
  streams[0]!.end()
  await ended[0]
  assert.equal((await fetch(server.url)).status, 200)
  for (const stream of streams) stream.end()
})

test('who does not read is known to be behind, and then ended', async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<EventStream>()
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  await using server = await start(stream => {
    open(stream)
    return leave
  })
  const { port } = new URL(server.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.pause()
  socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
  const stream = await opened
  assert.equal(stream.isBehind, false)
  const frame = frameOf('much', 'x'.repeat(60_000))
  // What the system buffers for a socket is a few megabytes at most.
  let wasBehind = false
  let frames = 0
  void left.then(() => (frames = Infinity))
  for (; frames < 1_000; frames++) {
    stream.write(frame)
    wasBehind ||= stream.isBehind
    await new Promise(setImmediate)
  }
  assert.equal(frames, Infinity)
  assert.ok(wasBehind)
  socket.destroy()
  if (!socket.closed) await once(socket, 'close')
})
