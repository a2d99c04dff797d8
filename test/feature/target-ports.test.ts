import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, tcpRoute, to, yamlOf } from '../support/resources.ts'
import { neighbour } from '../support/from.ts'
import { Answerer, Client, udpBackend } from '../support/udp.ts'
import { TestUpstream } from '../support/upstream.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'

/** As behind a Service that has other ports than the Pods. */
const behind =
  (targets: Readonly<Record<string, number>>, known: number) =>
  (snapshot: Snapshot): Snapshot => ({
    ...snapshot,
    ports: snapshot.ports.map(port => ({ ...port, port: known, target: targets[port.protocol]! })),
  })

test('what is said to clients and backends is the port of the listener', async () => {
  await using upstream = await TestUpstream.start()
  const target = await freePort()
  const redirect = {
    type: 'RequestRedirect',
    requestRedirect: { path: { type: 'ReplaceFullPath', replaceFullPath: '/there' } },
  }
  const rules = [
    { matches: [{ path: { type: 'PathPrefix', value: '/moved' } }], filters: [redirect] },
    { backendRefs: [to('up')] },
  ]
  const yaml = yamlOf(gateway(), httpRoute('r', { rules }), backend('up', [upstream.port]))
  await using started = await startGateway(yaml, { edit: behind({ http: target }, 8080) })
  const moved = await send(target, { path: '/moved' })
  assert.equal(moved.headers['location'], 'http://a.example:8080/there')
  assert.equal((await send(target, { path: '/kept' })).status, 200)
  const line = await started.line(one => one['url.path'] === '/kept')
  assert.equal(line['server.port'], 8080)
})

test('datagrams come by the port of the Pods', async () => {
  await using up = await Answerer.start('up')
  const target = await freePort()
  const yaml = yamlOf(
    gateway([{ name: 'dns', port: 53, protocol: 'UDP' }]),
    tcpRoute('dns', [to('up')], {}, 'UDPRoute'),
    udpBackend('up', [up.port]),
  )
  await using _ = await startGateway(yaml, { edit: behind({ udp: target }, 53) })
  using client = await Client.at(neighbour, target)
  assert.equal(await client.ask('what'), 'up what')
})
