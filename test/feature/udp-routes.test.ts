import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { suite, test } from 'node:test'
import { setImmediate, setTimeout as later } from 'node:timers/promises'
import { attacker, neighbour } from '../support/from.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { gateway, tcpRoute, to, yamlOf } from '../support/resources.ts'
import { Answerer, Client, udpBackend } from '../support/udp.ts'

const listeners = [
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'none', port: 54, protocol: 'UDP' },
]

function yaml(ports: readonly number[], ...more: readonly object[]): string {
  return yamlOf(
    gateway(listeners),
    tcpRoute('dns', [to('up')], { sectionName: 'dns' }, 'UDPRoute'),
    udpBackend('up', ports),
    ...more,
  )
}

const active = (started: TestGateway): number =>
  Number(/^portcullis_stream_connections_active\{[^}]*\} (\d+)$/m.exec(started.metrics())?.[1] ?? 0)

const bound = (socket: Socket, address: string): Promise<boolean> =>
  new Promise(resolve => socket.once('error', () => resolve(false)).bind(0, address, () => resolve(true)))

test('datagrams of one client go to one endpoint, and answers come from where it has asked', async () => {
  await using one = await Answerer.start('one')
  await using two = await Answerer.start('two')
  await using started = await startGateway(yaml([one.port, two.port]))
  const names = new Set<string>()
  for (let i = 0; i < 8; i++) {
    using client = await Client.at(neighbour, started.port(53))
    const [name = ''] = (await client.ask(`first ${i}`)).split(' ')
    names.add(name)
    for (let j = 0; j < 5; j++) assert.equal(await client.ask(`next ${j}`), `${name} next ${j}`)
    assert.deepEqual([...client.from], [`127.0.0.1:${started.port(53)}`])
  }
  assert.deepEqual([...names].toSorted(), ['one', 'two'])
})

test('of two clients each has its own answers', async () => {
  await using up = await Answerer.start('up')
  await using started = await startGateway(yaml([up.port]))
  using a = await Client.at(neighbour, started.port(53))
  using b = await Client.at(neighbour, started.port(53))
  for (let i = 0; i < 50; i++) {
    await a.say(`a${i}`)
    await b.say(`b${i}`)
  }
  await Promise.all([a.seen.count(50), b.seen.count(50)])
  assert.ok(a.seen.all.every(text => text.startsWith('up a')))
  assert.ok(b.seen.all.every(text => text.startsWith('up b')))
  assert.equal(active(started), 2)
})

test('a session is logged and counted when it is over', async () => {
  await using up = await Answerer.start('up')
  await using started = await startGateway(
    yaml([up.port], backendPolicy({ timeouts: { sessionSilence: '2s' } })),
  )
  using client = await Client.at(neighbour, started.port(53))
  assert.equal(await client.ask('hello'), 'up hello')
  const line = await started.line(one => one['http.route'] === 'udproute/default/dns/0')
  assert.equal(line['network.protocol.version'], undefined)
  assert.equal(line['client.address'], neighbour)
  assert.equal(line['http.request.body.size'], 5)
  assert.equal(line['http.response.body.size'], 8)
  assert.equal(active(started), 0)
})

test('a session goes on as long as its endpoint speaks, where its client has been heard', async t => {
  let aheadMs = 0
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + aheadMs)
  await using up = await Answerer.start('up')
  await using started = await startGateway(
    yaml([up.port], backendPolicy({ timeouts: { sessionSilence: '40s' } })),
  )
  const linesOf = (address: string): number =>
    started.lines.filter(line => line['client.address'] === address).length
  using client = await Client.at(neighbour, started.port(53))
  await client.ask('a')
  await client.ask('b')
  const { port } = up.from.all.at(-1)!
  for (let i = 1; i <= 6; i++) {
    // Those who were not heard again have a quarter of the time: their end tells that the time has passed.
    using unheard = await Client.at(attacker, started.port(53))
    await unheard.ask('once')
    aheadMs += 11_000
    while (linesOf(attacker) < i) await setImmediate()
    up.tell(port, `told ${i}`)
    while (client.seen.all.at(-1) !== `told ${i}` && linesOf(neighbour) === 0) await setImmediate()
  }
  assert.equal(linesOf(neighbour), 0)
})

test('where nobody listens, the next session goes elsewhere', async () => {
  await using up = await Answerer.start('up')
  const dead = await freePort()
  await using started = await startGateway(
    yaml([dead, up.port], backendPolicy({ outlierDetection: { consecutiveFailures: 2 } })),
  )
  for (let i = 0; i < 6; i++) {
    using client = await Client.at(neighbour, started.port(53))
    assert.equal(await client.ask(`${i}`), `up ${i}`)
  }
  await started.line(line => line['portcullis.failure'] === 'connection_refused')
  assert.match(started.metrics(), /^portcullis_upstream_ejections_total\{.*\} 1$/m)
})

test('an endpoint that the system does not let us send to ends its session, and nothing else', async () => {
  await using up = await Answerer.start('up')
  const broadcast = yaml([up.port]).replace('"address":"127.0.0.1"', '"address":"255.255.255.255"')
  await using started = await startGateway(broadcast)
  using client = await Client.at(neighbour, started.port(53))
  await client.say('a')
  const line = await started.line(one => one['portcullis.failure'] !== undefined)
  assert.equal(line['portcullis.failure.reason'], 'EACCES')
  await started.reload(yaml([up.port]))
  assert.equal(await client.ask('b'), 'up b')
})

test('an answer longer than its client could be sent is lost, and nothing else', async t => {
  // By IPv6 a datagram may have twenty bytes more than by IPv4.
  const up = createSocket('udp6')
  t.after(() => up.close())
  up.on('message', (data, from) =>
    up.send(String(data) === 'large' ? Buffer.alloc(65_520) : `up ${String(data)}`, from.port, from.address),
  )
  if (!(await bound(up, '::1'))) return t.skip('this machine has no IPv6')
  await using started = await startGateway(
    yaml([up.address().port]).replace('"address":"127.0.0.1"', '"address":"::1"'),
  )
  using client = await Client.at(neighbour, started.port(53))
  assert.equal(await client.ask('a'), 'up a')
  await client.say('large')
  assert.equal(await client.ask('b'), 'up b')
  assert.equal(active(started), 1)
  assert.doesNotMatch(started.metrics(), /^portcullis_upstream_ejections_total\{.*\} [1-9]/m)
})

test('without a route nothing is answered, and counted', async () => {
  await using up = await Answerer.start('up')
  await using started = await startGateway(yaml([up.port]))
  using client = await Client.at(neighbour, started.port(54))
  await client.say('anybody?')
  while (!/_total\{[^}]*udp_no_route[^}]*\} [1-9]/.test(started.metrics())) await setImmediate()
  assert.equal(client.seen.all.length, 0)
})

test('a reload keeps sessions, and those that begin meet the new one', async () => {
  await using one = await Answerer.start('one')
  await using two = await Answerer.start('two')
  await using started = await startGateway(yaml([one.port]))
  using old = await Client.at(neighbour, started.port(53))
  assert.equal(await old.ask('a'), 'one a')
  await started.reload(
    yamlOf(
      gateway(listeners),
      tcpRoute('dns', [to('other')], { sectionName: 'dns' }, 'UDPRoute'),
      udpBackend('up', [one.port]),
      udpBackend('other', [two.port]),
    ),
  )
  using young = await Client.at(neighbour, started.port(53))
  assert.equal(await young.ask('b'), 'two b')
  assert.equal(await old.ask('c'), 'one c')
})

test('an endpoint that is gone loses its sessions', async () => {
  await using one = await Answerer.start('one')
  await using two = await Answerer.start('two')
  await using started = await startGateway(yaml([one.port]))
  using client = await Client.at(neighbour, started.port(53))
  assert.equal(await client.ask('a'), 'one a')
  await started.reload(yaml([two.port]))
  for (let i = 0; (await client.ask(`${i}`)) !== `two ${i}`; i++) await later(50)
})

suite('an attacker with more sources than there are sessions', () => {
  /** Those that wait in the sockets' buffers are taken, as far as they are. */
  async function quiet(up: Answerer): Promise<void> {
    let last = -1
    while (up.from.all.length !== last) {
      last = up.from.all.length
      for (let i = 0; i < 50; i++) await setImmediate()
    }
  }

  for (const [what, addressOf] of [
    ['of one address', () => attacker],
    ['of thousands', (i: number) => `127.${10 + (i >> 16)}.${(i >> 8) & 255}.${1 + (i & 127)}`],
  ] as const)
    test(`${what}, ends no session of a neighbour, nor keeps one from him`, async () => {
      await using up = await Answerer.start('up')
      await using started = await startGateway(yaml([up.port]), { maxSessions: 64 })
      using known = await Client.at(neighbour, started.port(53))
      await known.ask('a')
      await known.ask('b')
      await quiet(up)
      const { port } = up.from.all.at(-1)!
      for (let i = 0; i < 2_000; i++) {
        using one = await Client.at(addressOf(i), started.port(53))
        await one.say('say nothing')
        if (i % 250 !== 249) continue
        await quiet(up)
        using newcomer = await Client.at('127.0.0.3', started.port(53))
        assert.equal(await newcomer.ask(`new ${i}`), `up new ${i}`)
        assert.equal(await known.ask(`known ${i}`), `up known ${i}`)
        assert.equal(up.from.all.at(-1)!.port, port)
      }
      assert.ok(active(started) <= 64)
      assert.ok(up.from.all.length > 1_000, `${up.from.all.length}`)
    })
})
