import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { BlackHole } from '../support/black-hole.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient, RawServer } from '../support/raw.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const outliers = (more: object = {}) => ({
  upstream: { outlierDetection: { consecutiveFailures: 2, baseEjection: '300ms', ...more } },
})

/** A port on which nobody listens; the system does not give it to anybody else for the moment. */
async function deadPort(): Promise<number> {
  const server = await RawServer.start(() => {})
  const { port } = server
  await server[Symbol.asyncDispose]()
  return port
}

async function listenOn(port: number, serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer(serve).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const ejections = (gateway: TestGateway) =>
  Number(/portcullis_upstream_ejections_total\{[^}]*\} (\d+)/.exec(gateway.metrics())?.[1] ?? 0)
const attemptsOf = (gateway: TestGateway) => gateway.lines.map(line => Number(line['portcullis.attempts']))

suite('an endpoint that refuses connections', () => {
  test('is ejected, and no client sees a failure', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x', 'Connection: close\r\n'))
    await using gateway = await startGateway(
      plain([upstream.port, await deadPort()], outliers({ baseEjection: '1h', maxEjection: '1h' })),
    )
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 40; i++) {
      client.write(i % 2 === 0 ? get : 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
      await client.until(text => messages(text).length === i)
    }
    assert.ok(messages(client.text).every(answer => status(answer) === 200))
    await gateway.line(() => gateway.lines.length === 40)
    // Two failures eject it; from then on nobody tries it.
    assert.equal(ejections(gateway), 1)
    assert.equal(attemptsOf(gateway).filter(attempts => attempts > 1).length, 2)
    assert.ok(gateway.lines.every(line => line['portcullis.endpoint'] === `127.0.0.1:${upstream.port}`))
  })

  test('returns after its time, and serves if it can', async () => {
    const port = await deadPort()
    await using upstream = await RawUpstream.answering(() => ok('old'))
    await using gateway = await startGateway(plain([upstream.port, port], outliers()))
    await using client = await RawClient.to(gateway.port())
    let asked = 0
    const ask = async (): Promise<string> => {
      client.write(get)
      asked++
      await client.until(text => messages(text).length === asked)
      const last = messages(client.text).at(-1)!
      assert.equal(status(last), 200)
      return last.body
    }
    while (ejections(gateway) === 0) assert.equal(await ask(), 'old')
    const server = await listenOn(port, socket => socket.on('data', () => socket.write(ok('new'))))
    for (;;) if ((await ask()) === 'new') break
    const seen = new Set([await ask(), await ask(), await ask()])
    assert.deepEqual([...seen].sort(), ['new', 'old'])
    await gateway.engine.drain(0)
    server.close()
  })

  test('stays if it is the only one: a failure of its own is better than none at all', async () => {
    await using gateway = await startGateway(plain(await deadPort(), outliers()))
    for (let i = 0; i < 5; i++) {
      const text = await RawClient.exchange(
        gateway.port(),
        get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
      )
      assert.match(text, /^HTTP\/1\.1 502 /)
    }
    const line = await gateway.line(() => gateway.lines.length === 5)
    assert.equal(line['portcullis.failure'], 'connection_refused')
    assert.equal(ejections(gateway), 0)
  })

  test('with all others: no more than maxEjectedPercent are out', async () => {
    const ports = [await deadPort(), await deadPort(), await deadPort(), await deadPort()]
    await using gateway = await startGateway(
      plain(ports, outliers({ baseEjection: '1h', maxEjection: '1h', maxEjectedPercent: 50 })),
    )
    for (let i = 0; i < 20; i++)
      assert.match(
        await RawClient.exchange(gateway.port(), get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')),
        /502/,
      )
    assert.equal(ejections(gateway), 2)
  })

  test('is not ejected where maxEjectedPercent is 0', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x', 'Connection: close\r\n'))
    await using gateway = await startGateway(
      plain([upstream.port, await deadPort()], outliers({ maxEjectedPercent: 0 })),
    )
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 20; i++) {
      client.write(get)
      await client.until(text => messages(text).length === i)
    }
    assert.ok(messages(client.text).every(answer => status(answer) === 200))
    await gateway.line(() => gateway.lines.length === 20)
    assert.equal(ejections(gateway), 0)
    assert.ok(attemptsOf(gateway).filter(attempts => attempts > 1).length >= 9)
  })
})

test('an endpoint that answers errors is not one that fails to connect', async () => {
  await using upstream = await RawUpstream.answering(() => 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n')
  await using other = await RawUpstream.answering(() => ok('x'))
  await using gateway = await startGateway(plain([upstream.port, other.port], outliers()))
  await using client = await RawClient.to(gateway.port())
  for (let i = 1; i <= 10; i++) {
    client.write(get)
    await client.until(text => messages(text).length === i)
  }
  assert.equal(ejections(gateway), 0)
  assert.equal(messages(client.text).filter(answer => status(answer) === 500).length, 5)
})

suite('an endpoint that does not answer connections', () => {
  // Whose patience ends first: the cluster's with connecting, the route's with the attempt or with the whole request.
  for (const [name, connections, timeouts] of [
    ['connections.connectTimeout', { connectTimeout: '50ms' }, undefined],
    ['timeouts.backendRequest', {}, { backendRequest: '50ms' }],
  ] as const)
    test(`is ejected after ${name}, and no client sees a failure`, async () => {
      await using hole = await BlackHole.open()
      await using upstream = await RawUpstream.answering(() => ok('x', 'Connection: close\r\n'))
      const { upstream: policy } = outliers({ baseEjection: '1h', maxEjection: '1h' })
      await using gateway = await startGateway(
        plain([upstream.port, hole.port], {
          upstream: { ...policy, connections },
          ...(timeouts === undefined ? {} : { rule: { timeouts } }),
        }),
      )
      await using client = await RawClient.to(gateway.port())
      for (let i = 1; i <= 10; i++) {
        client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
        await client.until(text => messages(text).length === i)
      }
      assert.ok(messages(client.text).every(answer => status(answer) === 200))
      assert.equal(ejections(gateway), 1)
      await gateway.line(() => gateway.lines.length === 10)
      assert.equal(attemptsOf(gateway).filter(attempts => attempts > 1).length, 2)
    })

  test('is ejected after timeouts.request too: then only those who waited for it have failed', async () => {
    await using hole = await BlackHole.open()
    await using upstream = await RawUpstream.answering(() => ok('x', 'Connection: close\r\n'))
    await using gateway = await startGateway(
      plain([upstream.port, hole.port], {
        ...outliers({ baseEjection: '1h', maxEjection: '1h' }),
        rule: { timeouts: { request: '50ms' } },
      }),
    )
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 10; i++) {
      client.write(get)
      await client.until(text => messages(text).length === i)
    }
    assert.equal(messages(client.text).filter(answer => status(answer) === 504).length, 2)
    assert.equal(ejections(gateway), 1)
    const line = await gateway.line(one => one['portcullis.failure'] !== undefined)
    assert.equal(line['portcullis.failure'], 'connection_timeout')
  })

  test('alone is 504 connection_timeout, after it was tried again: nothing was sent', async () => {
    await using hole = await BlackHole.open()
    await using gateway = await startGateway(
      plain(hole.port, { upstream: { connections: { connectTimeout: '50ms' } } }),
    )
    await using client = await RawClient.to(gateway.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
    await client.until(/^HTTP\/1\.1 504 /)
    const line = await gateway.line(() => true)
    assert.deepEqual([line['portcullis.failure'], line['portcullis.attempts']], ['connection_timeout', 3])
  })
})
