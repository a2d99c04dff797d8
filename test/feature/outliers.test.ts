import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Logger } from '../../src/telemetry/log.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const answer = (code: number) => `HTTP/1.1 ${code} X\r\nContent-Length: 1\r\n\r\nx`
const outliers = (more: object) => ({
  upstream: { outlierDetection: { baseEjection: '1h', maxEjection: '1h', ...more } },
})

/** One after another, on one connection; the answers' statuses. */
async function ask(client: RawClient, requests: readonly string[]): Promise<readonly number[]> {
  const before = messages(client.text).length
  for (const [i, request] of requests.entries()) {
    client.write(request)
    await client.until(text => messages(text).length > before + i)
  }
  return messages(client.text).slice(before).map(status)
}

const times = (count: number, request = get()) => Array<string>(count).fill(request)
const ejections = (gateway: TestGateway, reason: string) => {
  const found = new RegExp(`upstream_ejections_total{cluster="[^"]*",reason="${reason}"} (\\d+)`)
  return Number(found.exec(gateway.metrics())?.[1] ?? 0)
}
const state = (gateway: TestGateway) => gateway.engine.health(['Backend/default/up'])[0]!

suite('one of three backends', () => {
  test('answers 500: it is left out after so many, says why, and returns', async () => {
    let sick = true
    await using a = await RawUpstream.answering(() => ok('a'))
    await using b = await RawUpstream.answering(() => ok('b'))
    await using c = await RawUpstream.answering(() => (sick ? answer(500) : ok('c')))
    const ports = [a.port, b.port, c.port]
    await using gateway = await startGateway(
      plain(ports, outliers({ consecutive5xx: 3, baseEjection: '500ms' })),
    )
    await using client = await RawClient.to(gateway.port())
    const before = await ask(client, times(30))
    // Of a time in which it comes back and fails again there may be more on a slow machine.
    assert.ok(before.filter(code => code === 500).length >= 3)
    assert.ok(ejections(gateway, 'consecutive_5xx') >= 1)
    sick = false
    for (;;) {
      await ask(client, times(1))
      if (messages(client.text).at(-1)!.body === 'c') break
    }
    assert.deepEqual(await ask(client, times(9)), Array(9).fill(200))
    assert.ok(state(gateway).endpoints.every(one => one.state === 'serving'))
  })

  test('answers 500: while it is out, its state says so and nobody meets it', async () => {
    await using a = await RawUpstream.answering(() => ok('a'))
    await using b = await RawUpstream.answering(() => ok('b'))
    await using c = await RawUpstream.answering(() => answer(500))
    await using gateway = await startGateway(plain([a.port, b.port, c.port], outliers({ consecutive5xx: 3 })))
    await using client = await RawClient.to(gateway.port())
    const codes = await ask(client, times(60))
    assert.equal(codes.filter(code => code === 500).length, 3)
    const out = state(gateway).endpoints.filter(one => one.state === 'ejected')
    assert.deepEqual(
      out.map(({ port, reason }) => [port, reason]),
      [[c.port, 'consecutive_5xx: 3 in a row']],
    )
  })

  test('accepts and never answers: it is left out by the timeout of the route', async () => {
    await using a = await RawUpstream.answering(() => ok('a'))
    await using b = await RawUpstream.answering(() => ok('b'))
    await using hanging = await RawUpstream.start(() => {})
    await using gateway = await startGateway(
      plain([a.port, b.port, hanging.port], {
        rule: { timeouts: { backendRequest: '300ms' } },
        ...outliers({ consecutiveGatewayErrors: 2 }),
      }),
    )
    await using client = await RawClient.to(gateway.port())
    const codes = await ask(client, times(30))
    assert.equal(codes.filter(code => code === 504).length, 2)
    assert.equal(ejections(gateway, 'consecutive_gateway_errors'), 1)
  })

  test('closes in the middle of its answers: a head that looks good does not save it', async () => {
    await using a = await RawUpstream.answering(() => ok('a'))
    await using b = await RawUpstream.answering(() => ok('b'))
    await using c = await RawUpstream.start(one => {
      if (one.requests.length > 0) one.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    })
    await using gateway = await startGateway(plain([a.port, b.port, c.port], outliers({ consecutive5xx: 3 })))
    for (let i = 0; i < 30; i++)
      await RawClient.exchange(gateway.port(), 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.equal(c.requests.length, 3)
    assert.equal(ejections(gateway, 'consecutive_5xx'), 1)
  })
})

test('all fail: all are used, and log, metric and state say so until they are well', async () => {
  let sick = true
  const lines: string[] = []
  const log = new Logger({ write: line => lines.push(String(line)) })
  const serve = () => (sick ? answer(503) : ok('x'))
  await using a = await RawUpstream.answering(serve)
  await using b = await RawUpstream.answering(serve)
  await using gateway = await startGateway(
    plain(
      [a.port, b.port],
      outliers({ consecutive5xx: 2, maxEjectedPercent: 100, baseEjection: '200ms', maxEjection: '200ms' }),
    ),
    { log },
  )
  await using client = await RawClient.to(gateway.port())
  const inPanic = () => /portcullis_upstream_panic\{cluster="[^"]*"\} (\d)/.exec(gateway.metrics())?.[1]
  // On a slow machine one may be back before the other is out.
  while (inPanic() !== '1') assert.deepEqual(await ask(client, times(1)), [503])
  sick = false
  while (inPanic() !== '0') assert.deepEqual(await ask(client, times(1)), [200])
  assert.ok(lines.some(line => line.includes('cluster.panics')))
  assert.ok(lines.some(line => line.includes('cluster.calm')))
  assert.equal(state(gateway).panics, false)
})

suite('a client cannot eject endpoints by its own requests', () => {
  test('what it does wrong, and what it gives up, does not count', async () => {
    await using upstream = await RawUpstream.answering(({ start }) =>
      start.includes('/missing') ? answer(404) : start.includes('/slow') ? '' : ok('x'),
    )
    await using other = await RawUpstream.answering(({ start }) =>
      start.includes('/missing') ? answer(404) : start.includes('/slow') ? '' : ok('x'),
    )
    await using gateway = await startGateway(
      plain([upstream.port, other.port], outliers({ consecutive5xx: 1, consecutiveGatewayErrors: 1 })),
    )
    await using attacker = await RawClient.to(gateway.port())
    await ask(attacker, times(20, get('/missing')))
    for (let i = 0; i < 10; i++) {
      const client = await RawClient.to(gateway.port())
      const known = upstream.requests.length + other.requests.length
      client.write(get('/slow'))
      await Promise.race(
        [upstream, other].map(one =>
          one.until(() => upstream.requests.length + other.requests.length > known),
        ),
      )
      await client[Symbol.asyncDispose]()
    }
    await gateway.line(
      () => gateway.lines.filter(line => line['portcullis.failure'] === 'client_gone').length === 10,
    )
    assert.ok(state(gateway).endpoints.every(one => one.state === 'serving'))
    assert.deepEqual(await ask(attacker, times(4)), [200, 200, 200, 200])
  })

  test('nor does an answer that it does not take in the time of the route', async () => {
    const large = ok('x'.repeat(20_000_000))
    await using upstream = await RawUpstream.answering(() => large)
    await using other = await RawUpstream.answering(() => large)
    await using gateway = await startGateway(
      plain([upstream.port, other.port], {
        rule: { timeouts: { request: '500ms' } },
        ...outliers({ consecutive5xx: 1 }),
      }),
    )
    for (let i = 0; i < 4; i++) {
      await using client = await RawClient.to(gateway.port())
      client.socket.pause()
      client.write(get())
      await gateway.line(() => gateway.lines.length > i)
    }
    assert.deepEqual(
      [...new Set(gateway.lines.map(line => line['portcullis.failure']))],
      ['http_response_timeout'],
    )
    assert.ok(state(gateway).endpoints.every(one => one.state === 'serving'))
  })

  test('requests that make backends fail: the share keeps half of them, and a neighbour is served', async () => {
    const serve = ({ start }: { readonly start: string }) =>
      start.includes('/poison') ? answer(500) : ok('x')
    await using a = await RawUpstream.answering(serve)
    await using b = await RawUpstream.answering(serve)
    await using c = await RawUpstream.answering(serve)
    await using d = await RawUpstream.answering(serve)
    await using gateway = await startGateway(
      plain([a.port, b.port, c.port, d.port], outliers({ consecutive5xx: 2 })),
    )
    await using attacker = await RawClient.to(gateway.port())
    await using neighbour = await RawClient.to(gateway.port())
    for (let i = 0; i < 10; i++) {
      await ask(attacker, times(8, get('/poison')))
      assert.deepEqual(await ask(neighbour, times(4)), [200, 200, 200, 200])
    }
    assert.equal(state(gateway).endpoints.filter(one => one.state === 'ejected').length, 2)
    assert.equal(state(gateway).panics, false)
  })
})

test('compared with the others: the one that fails for one in three is found out, what is usual is not', async () => {
  let count = 0
  const good = () => RawUpstream.answering(() => ok('x'))
  await using a = await good()
  await using b = await good()
  await using c = await good()
  await using d = await good()
  await using e = await RawUpstream.answering(() => (count++ % 3 === 0 ? answer(500) : ok('e')))
  await using gateway = await startGateway(
    plain(
      [a.port, b.port, c.port, d.port, e.port],
      outliers({ interval: '200ms', successRate: { minRequests: 6 } }),
    ),
  )
  await using client = await RawClient.to(gateway.port())
  while (ejections(gateway, 'success_rate') === 0) await ask(client, times(20))
  const out = state(gateway).endpoints.filter(one => one.state === 'ejected')
  assert.deepEqual(
    out.map(({ port }) => port),
    [e.port],
  )
  assert.match(out[0]!.reason, /^success_rate: \d+ % of \d+ answers were good, \d+ % on average$/)
})
