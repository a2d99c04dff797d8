import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { attacker, connectFrom, neighbour } from '../support/from.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy, clientPolicy } from '../support/policies.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, gateway, tcpRoute, to, yamlOf } from '../support/resources.ts'
import { ended, Seen } from '../support/until.ts'

const listeners = [
  { name: 'db', port: 5432, protocol: 'TCP' },
  { name: 'none', port: 5433, protocol: 'TCP' },
  { name: 'dead', port: 5434, protocol: 'TCP' },
  { name: 'invalid', port: 5435, protocol: 'TCP' },
]

/** One route for each listener but `none`. */
function yaml(ports: number | readonly number[], ...more: readonly object[]): string {
  return yamlOf(
    gateway(listeners),
    tcpRoute('db', [to('up')], { sectionName: 'db' }),
    tcpRoute('dead', [to('dead')], { sectionName: 'dead' }),
    tcpRoute('invalid', [to('up', { weight: 0 }), to('does-not-exist')], { sectionName: 'invalid' }),
    backend('up', typeof ports === 'number' ? [ports] : ports),
    backend('dead', [1]),
    ...more,
  )
}

/** Speaks first, as MySQL and SMTP do, and then gives back what it gets. */
function greet(name: string): (socket: Socket) => void {
  return socket => socket.write(`${name}\n`, () => socket.pipe(socket))
}

test('the backend may speak first, and what the client says comes back', async () => {
  await using upstream = await RawServer.start(greet('one'))
  await using started = await startGateway(yaml(upstream.port))
  await using client = await RawClient.to(started.port(5432))
  await client.until(/^one\n$/)
  client.write('hello')
  await client.until(/hello$/)
  client.socket.end()
  await client.closed()
  const line = await started.line(one => one['http.route'] === 'tcproute/default/db/0')
  assert.equal(line['network.protocol.version'], undefined)
  assert.equal(line['http.request.body.size'], 5)
  assert.equal(line['http.response.body.size'], 9)
  assert.equal(line['portcullis.failure'], undefined)
  assert.equal(line['client.address'], '127.0.0.1')
})

test('each direction ends by itself, after megabytes', async () => {
  const received: number[] = []
  await using upstream = await RawServer.start(socket => {
    let bytes = 0
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
    socket.on('end', () => {
      received.push(bytes)
      socket.end(Buffer.alloc(3_000_000))
    })
  })
  await using started = await startGateway(yaml(upstream.port))
  const client = await connectFrom(neighbour, started.port(5432))
  let bytes = 0
  client.on('data', (chunk: Buffer) => (bytes += chunk.length))
  client.end(Buffer.alloc(5_000_000))
  await once(client, 'end')
  assert.deepEqual([received, bytes], [[5_000_000], 3_000_000])
})

/** Each row: a port, and what is told of a connection to it, which is reset. */
for (const [port, key, reason] of [
  [5433, 'portcullis.rejection', 'tcp_no_route'],
  [5434, 'portcullis.failure', 'connection_refused'],
  [5435, 'portcullis.failure', 'destination_not_found'],
] as const)
  test(`a connection that nobody takes is reset: ${reason}`, async () => {
    await using upstream = await RawServer.start(greet('one'))
    await using started = await startGateway(yaml(upstream.port))
    // It may be before the client knows that it was connected.
    const client = connect({ host: '127.0.0.1', port: started.port(port) })
    await assert.rejects(once(client, 'close'), { code: 'ECONNRESET' })
    await started.line(line => line[key] === reason)
  })

test('a backend that breaks off is no end', async () => {
  await using upstream = await RawServer.start(socket => socket.write('half', () => socket.resetAndDestroy()))
  await using started = await startGateway(yaml(upstream.port))
  await using client = await RawClient.to(started.port(5432))
  await client.closed()
  assert.equal((client.error as NodeJS.ErrnoException | null)?.code, 'ECONNRESET')
})

test('of an endpoint that is down the next one is tried, and it is left out after a while', async () => {
  await using upstream = await RawServer.start(greet('one'))
  await using started = await startGateway(
    yaml([1, upstream.port], backendPolicy({ outlierDetection: { consecutiveFailures: 2 } })),
  )
  for (let i = 0; i < 12; i++) {
    await using client = await RawClient.to(started.port(5432))
    await client.until(/^one\n$/)
  }
  assert.match(started.metrics(), /^portcullis_upstream_ejections_total\{.*\} 1$/m)
})

test('a reload sends others elsewhere, and cuts nobody', async () => {
  await using first = await RawServer.start(greet('one'))
  await using second = await RawServer.start(greet('two'))
  await using started = await startGateway(yaml(first.port))
  const port = started.port(5432)
  await using old = await RawClient.to(port)
  await old.until(/^one\n$/)
  await started.reload(yaml(second.port))
  await using young = await RawClient.to(started.port(5432))
  await young.until(/^two\n$/)
  await started.reload(yamlOf(gateway([{ name: 'http' }])))
  for (const client of [old, young]) {
    client.write('still')
    await client.until(/still$/)
  }
  await assert.rejects(RawClient.to(port), { code: 'ECONNREFUSED' })
})

test('of two routes the older has all connections', async () => {
  await using first = await RawServer.start(greet('one'))
  await using second = await RawServer.start(greet('two'))
  const dated = (route: object, creationTimestamp: string): object => {
    const { metadata, ...rest } = route as { metadata: object }
    return { ...rest, metadata: { ...metadata, creationTimestamp } }
  }
  await using started = await startGateway(
    yamlOf(
      gateway([listeners[0]!]),
      dated(tcpRoute('a-younger', [to('two')]), '2026-02-01T00:00:00Z'),
      dated(tcpRoute('b-older', [to('up')]), '2026-01-01T00:00:00Z'),
      backend('up', [first.port]),
      backend('two', [second.port]),
    ),
  )
  for (let i = 0; i < 10; i++) {
    await using client = await RawClient.to(started.port())
    await client.until(/^one\n$/)
  }
})

/** Each row: what ends a stream that has not ended by itself, the policy that it takes, and how it is done. */
for (const [what, policy, cut] of [
  [
    'that has been silent for timeouts.tunnelSilence',
    backendPolicy({ timeouts: { tunnelSilence: '1s' } }),
    null,
  ],
  ['that outlives a drain', clientPolicy({}), (started: TestGateway) => started.engine.drain(50)],
  [
    'that loses its place to another client',
    clientPolicy({ limits: { connections: 2 } }),
    async (started: TestGateway) => {
      // Of the two of one client the older has the place that the other needs.
      await using _second = await connectFrom(attacker, started.port(5432))
      await using _other = await connectFrom(neighbour, started.port(5432))
      await started.line(line => line['portcullis.rejection'] === 'connection_displaced')
    },
  ],
] as const)
  test(`a stream ${what} is reset on both sides, and no failure`, async () => {
    const errors = new Seen<string | undefined>()
    await using upstream = await RawServer.start(socket => {
      socket.on('error', error => errors.push((error as NodeJS.ErrnoException).code))
      socket.on('end', () => errors.push('end'))
      greet('one')(socket)
    })
    await using started = await startGateway(yaml(upstream.port, policy))
    const client = connect({ host: '127.0.0.1', port: started.port(5432), localAddress: attacker })
    const closed = assert.rejects(once(client, 'close'), { code: 'ECONNRESET' })
    await once(client, 'data')
    await Promise.all([cut?.(started), closed])
    assert.equal(await errors.first(), 'ECONNRESET')
    const line = await started.line(one => one['http.route'] === 'tcproute/default/db/0')
    assert.equal(line['portcullis.failure'], undefined)
  })

test('whose a connection is, a balancer may tell, and the rest goes on', async () => {
  await using upstream = await RawServer.start(greet('one'))
  const tells = { proxyProtocol: { versions: ['V1'] } }
  await using started = await startGateway(yaml(upstream.port, clientPolicy(tells)))
  await using client = await RawClient.to(started.port(5432))
  client.write('PROXY TCP4 192.0.2.7 198.51.100.2 1234 443\r\nsaid with it')
  await client.until(/^one\nsaid with it$/)
  client.socket.destroy()
  const line = await started.line(one => one['http.route'] === 'tcproute/default/db/0')
  assert.equal(line['client.address'], '192.0.2.7')
})

suite('an attacker with many idle connections', () => {
  /** Open from that address, and as far as its backend. */
  async function greeted(started: TestGateway, localAddress: string): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: started.port(5432), localAddress })
    socket.on('error', () => {})
    await Promise.race([once(socket, 'data').catch(() => {}), ended(socket)])
    return socket.resume()
  }

  const alive = (sockets: readonly Socket[]): number =>
    sockets.filter(one => !one.readableEnded && !one.destroyed).length

  /** Each row: what there is only so much of, and the policy that says how much. */
  for (const [what, policy] of [
    ['the port', clientPolicy({ limits: { connections: 10 } })],
    ['the backend', backendPolicy({ connections: { max: 10 } })],
  ] as const)
    test(`has no more of ${what} than others leave`, async () => {
      await using upstream = await RawServer.start(greet('one'))
      await using started = await startGateway(yaml(upstream.port, policy))
      const known = await greeted(started, neighbour)
      const taken: Socket[] = []
      for (let i = 0; i < 40; i++) taken.push(await greeted(started, attacker))
      while (alive(taken) > 9) await setImmediate()
      const others: Socket[] = []
      for (let i = 0; i < 4; i++) others.push(await greeted(started, neighbour))
      while (alive(taken) > 5) await setImmediate()
      assert.equal(alive([known, ...others]), 5)
      for (const socket of [known, ...others]) {
        socket.write('served')
        await once(socket, 'data')
      }
      for (const socket of [known, ...others, ...taken]) socket.destroy()
    })

  test('who is displaced at the backend is reset, and the log says so', async () => {
    await using upstream = await RawServer.start(greet('one'))
    await using started = await startGateway(yaml(upstream.port, backendPolicy({ connections: { max: 2 } })))
    const taken = [await greeted(started, attacker), await greeted(started, attacker)]
    const other = await greeted(started, neighbour)
    await ended(taken[0]!)
    const line = await started.line(one => one['portcullis.failure.reason'] === 'displaced')
    assert.equal(line['portcullis.failure'], 'connection_limit_reached')
    assert.equal(line['client.address'], attacker)
    assert.equal(alive([taken[1]!, other]), 2)
    for (const socket of [...taken, other]) socket.destroy()
  })
})
