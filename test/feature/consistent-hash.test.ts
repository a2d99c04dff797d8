import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { NodeState } from '../../src/shared/node-state.ts'
import { send } from '../support/client.ts'
import { putKey, putPeppers } from '../support/credentials.ts'
import { startGateway } from '../support/gateway.ts'
import { backendPolicy, plain } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { sharedState } from '../support/shared-state.ts'
import { TestUpstream } from '../support/upstream.ts'

const upstreams = await Promise.all(
  ['a', 'b', 'c', 'd'].map(name =>
    TestUpstream.start((request, response) => {
      request.resume()
      response.end(name)
    }),
  ),
)
after(() => Promise.all(upstreams.map(one => one[Symbol.asyncDispose]())))
const ports = upstreams.map(({ port }) => port)
const clients = Array.from({ length: 24 }, (_, i) => `client-${i}`)

/** How many of the clients may move that were not on the endpoint that goes. */
const types = { ConsistentHash: 0, RingHash: 0, Maglev: 3 } as const

const policyOf = (type: string, hash: object) => ({
  loadBalancing: { type, consistentHash: hash },
})

/** Who answers each client; asked several times, it is always the same. */
async function homes(
  port: number,
  headersOf: (client: string) => Record<string, string>,
  pathOf: (client: string) => string = () => '/',
): Promise<string[]> {
  const found: string[] = []
  for (const one of clients) {
    const asked = new Set<string>()
    for (let i = 0; i < 3; i++)
      asked.add((await send(port, { path: pathOf(one), headers: headersOf(one) })).body)
    assert.equal(asked.size, 1, `${one} came to ${[...asked].join(' and ')}`)
    found.push([...asked][0]!)
  }
  return found
}

for (const [type, mayMove] of Object.entries(types)) {
  const yaml = (used: readonly number[], hash: object): string =>
    plain(used, { upstream: policyOf(type, hash) })
  const assertStay = (before: readonly string[], later: readonly string[]) => {
    const moved = later.filter((home, i) => home !== before[i] && before[i] !== 'd')
    assert.ok(moved.length <= mayMove, `${before.join('')} ${later.join('')}`)
  }

  suite(`${type}: a client keeps its endpoint by a hash`, () => {
    test('of a cookie, also through a reload that takes another endpoint away and brings it back', async () => {
      const hash = { source: 'Cookie', name: 'sid' }
      await using running = await startGateway(yaml(ports, hash))
      const cookie = (client: string) => ({ Cookie: `theme=dark; sid=${client}` })
      const before = await homes(running.port(), cookie)
      assert.ok(new Set(before).size > 1)
      await running.reload(yaml(ports.slice(0, 3), hash))
      const without = await homes(running.port(), cookie)
      assertStay(before, without)
      assert.ok(!without.includes('d'))
      await running.reload(yaml(ports, hash))
      assert.deepEqual(await homes(running.port(), cookie), before)
    })

    test('of a header, and of a query parameter', async () => {
      await using running = await startGateway(yaml(ports, { source: 'Header', name: 'X-User' }))
      const byHeader = await homes(running.port(), client => ({ 'x-user': client }))
      await running.reload(yaml(ports, { source: 'QueryParam', name: 'user' }))
      const byQuery = await homes(
        running.port(),
        () => ({}),
        client => `/?a=1&user=${client}`,
      )
      // The text is the same, and so is what it makes.
      assert.deepEqual(byQuery, byHeader)
    })

    test('of its address', async () => {
      await using running = await startGateway(yaml(ports, { source: 'ClientAddress' }))
      assert.equal(new Set(await homes(running.port(), () => ({}))).size, 1)
    })

    test('and of one that cannot be connected to, its clients come to others', async () => {
      const hash = { source: 'Header', name: 'x-user' }
      await using running = await startGateway(yaml(ports, hash))
      const header = (client: string) => ({ 'x-user': client })
      const before = await homes(running.port(), header)
      await running.reload(yaml([...ports.slice(0, 3), 1], hash))
      // The first of its clients find out.
      for (const one of clients) await send(running.port(), { headers: header(one) })
      const later = await homes(running.port(), header)
      assert.ok(
        later.every(home => home !== ''),
        'nobody may see the failure',
      )
      assertStay(before, later)
    })
  })
}

test('workers choose alike, and so do those that replace them, beside a neighbour in turn', async () => {
  const port = await freePort()
  const names = Object.keys(types)
  await using served = await Served.start({
    'all.yaml': yamlOf(
      gateway([{ name: 'http', port }]),
      ...[...names, 'RoundRobin'].flatMap(type => {
        const name = type.toLowerCase()
        return [
          httpRoute(name, { rules: [{ matches: [prefix(`/${name}`)], backendRefs: [to(name)] }] }),
          backend(name, ports),
        ]
      }),
      ...names.map(type => {
        const name = type.toLowerCase()
        const targetRefs = [{ group: 'portcullis.dev', kind: 'Backend', name }]
        const policy = policyOf(type, { source: 'Header', name: 'x-user' })
        return { ...backendPolicy({ ...policy, targetRefs }), metadata: { name } }
      }),
    ),
  })
  assert.ok(served.workers.size > 1)
  const header = (client: string) => ({ 'x-user': client })
  // Each request has a connection of its own, which the system gives to either worker.
  const all = async () => {
    const found: string[][] = []
    for (const type of names) found.push(await homes(port, header, () => `/${type.toLowerCase()}`))
    return found
  }
  const before = await all()
  for (const id of served.workers.ids) await served.workers.replace(id)
  assert.deepEqual(await all(), before)
  const beside = new Set<string>()
  for (let i = 0; i < 40; i++)
    beside.add((await send(port, { path: '/roundrobin', headers: header('client-0') })).body)
  assert.equal(beside.size, 4)
})

test('who has authenticated has one endpoint, and who has not any', async () => {
  const node = new NodeState()
  putPeppers(node.tables)
  const authentication = {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'AuthenticationPolicy',
    metadata: { name: 'keys' },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'all' }],
      credentials: [{ apiKey: { in: [{ header: 'x-key' }] } }],
      anonymous: true,
    },
  }
  const policed = yamlOf(authentication)
  await using running = await startGateway(
    `${plain(ports, { upstream: policyOf('Maglev', { source: 'ClientIdentity' }) })}\n---\n${policed}`,
    { shared: sharedState(node) },
  )
  const keys = clients.map((_, i) => {
    const credential = `0190b2c4-0000-7000-8000-${String(i).padStart(12, '0')}`
    return putKey(node.tables, { credential }).text
  })
  const found = await homes(running.port(), client => ({ 'x-key': keys[clients.indexOf(client)]! }))
  assert.ok(new Set(found).size > 1)
  const nobody = new Set<string>()
  for (let i = 0; i < 60; i++) nobody.add((await send(running.port())).body)
  assert.equal(nobody.size, 4)
})
