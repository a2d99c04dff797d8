import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { ruleOf, send } from '../support/client.ts'
import { snapshotOf, startGateway, type TestGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, prefix, tagged, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { echo, TestUpstream } from '../support/upstream.ts'

/** Routes with these names, each for a path of its name, to Backend `up` at this port. */
const yaml = (port: number, ...names: readonly string[]): string =>
  yamlOf(
    gateway(),
    backend('up', [port]),
    ...names.map(name => httpRoute(name, { rules: [tagged(name, prefix(`/${name}`))] })),
  )

const count = (started: TestGateway, route: string): string | undefined =>
  new RegExp(
    `^portcullis_requests_total\\{route="httproute/default/${route}/0",code="200"\\} (\\d+)$`,
    'm',
  ).exec(started.metrics())?.[1]

/** The second snapshot with the objects of the first wherever they say the same, as a patch makes it. */
function patched(before: Snapshot, after: Snapshot): Snapshot {
  const entries = new Map(
    entriesOf(before).map(one => [`${one.rule.id} ${JSON.stringify(one.match)}`, one] as const),
  )
  const known = (one: ReturnType<typeof entriesOf>[number]) =>
    entries.get(`${one.rule.id} ${JSON.stringify(one.match)}`) ?? one
  return {
    ...after,
    ports: after.ports.map(port => ({
      ...port,
      listeners: port.listeners.map(listener => ({
        ...listener,
        hosts: listener.hosts.map(host => ({ ...host, entries: host.entries.map(known) })),
      })),
    })),
  }
}

const entriesOf = ({ ports }: Snapshot) =>
  ports.flatMap(({ listeners }) => listeners.flatMap(({ hosts }) => hosts.flatMap(({ entries }) => entries)))

suite('rules that stay while others come and go', () => {
  test('keep their numbers; those of rules that have gone go, also while an older exchange is under way', async () => {
    const held = new Seen<ServerResponse>()
    await using upstream = await TestUpstream.start((request, response) => {
      if (request.url === '/held') held.push(response)
      else response.end()
    })
    const port = upstream.port
    await using started = await startGateway(yaml(port, 'held', 'stays'))
    const waiting = send(started.port(), { path: '/held' })
    const [response] = await held.count(1)
    for (let turn = 1; turn <= 20; turn++) {
      await started.reload(yaml(port, 'stays', `turn${turn}`))
      for (const path of ['/stays', `/turn${turn}`])
        assert.equal((await send(started.port(), { path })).status, 200)
      assert.equal(count(started, 'stays'), String(turn))
      assert.equal(count(started, `turn${turn}`), '1')
      assert.equal(count(started, `turn${turn - 1}`), undefined)
    }
    response!.end()
    assert.equal((await waiting).status, 200)
    await started.reload(yaml(port, 'stays'))
    while (count(started, 'held') !== undefined) await setImmediate()
  })

  test('send to the clusters that there are now, though they are the same objects', async () => {
    await using upstream = await TestUpstream.start(echo)
    await using started = await startGateway(yamlOf(gateway()))
    const whole = snapshotOf(yaml(upstream.port, 'a'), 2)
    const ports = whole.ports.map(one => ({ ...one, address: '127.0.0.1', port: 0 }))
    await started.engine.apply({ ...whole, ports, clusters: [], endpoints: {} })
    assert.equal((await send(started.port(), { path: '/a' })).status, 500)
    await started.engine.apply({ ...whole, ports, version: 3 })
    assert.equal(ruleOf(await send(started.port(), { path: '/a' })), 'a')
  })

  test('are served beside what has changed, on every port that has them', async () => {
    await using upstream = await TestUpstream.start(echo)
    const two = (...names: readonly string[]): string =>
      yamlOf(
        gateway([
          { name: 'one', port: 80 },
          { name: 'two', port: 81 },
        ]),
        backend('up', [upstream.port]),
        ...names.map(name => httpRoute(name, { rules: [tagged(name, prefix(`/${name}`))] })),
        httpRoute('only', {
          parentRefs: [{ name: 'gw', sectionName: 'two' }],
          rules: [{ matches: [prefix('/only')], backendRefs: [to('up')] }],
        }),
      )
    const names = Array.from({ length: 30 }, (_, i) => `r${i}`)
    await using started = await startGateway(two(...names))
    let before = snapshotOf(two(...names), 2)
    for (const [turn, left] of [names.slice(1), names, [...names, 'new'], names.slice(0, 9)].entries()) {
      const after = patched(before, snapshotOf(two(...left), turn + 2))
      const ports = after.ports.map(one => ({ ...one, address: '127.0.0.1', port: 0 }))
      await started.engine.apply({ ...after, ports })
      for (const port of [started.port(80), started.port(81)])
        for (const name of [...names, 'new'])
          assert.equal(
            (await send(port, { path: `/${name}` })).status,
            left.includes(name) ? 200 : 404,
            `${name} in turn ${turn}`,
          )
      before = after
    }
  })
})
