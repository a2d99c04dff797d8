import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
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

const yaml = (used: readonly number[], hash: object): string =>
  plain(used, { upstream: { loadBalancing: { type: 'ConsistentHash', consistentHash: hash } } })

/** Who answers each client; asked several times, it is always the same. */
async function homes(
  gateway: TestGateway,
  headersOf: (client: string) => Record<string, string>,
  pathOf: (client: string) => string = () => '/',
): Promise<string[]> {
  const found: string[] = []
  for (const one of clients) {
    const asked = new Set<string>()
    for (let i = 0; i < 3; i++)
      asked.add((await send(gateway.port(), { path: pathOf(one), headers: headersOf(one) })).body)
    assert.equal(asked.size, 1, `${one} came to ${[...asked].join(' and ')}`)
    found.push([...asked][0]!)
  }
  return found
}

suite('a client keeps its endpoint by a hash', () => {
  test('of a cookie, also through a reload that takes another endpoint away and brings it back', async () => {
    const hash = { source: 'Cookie', name: 'sid' }
    await using gateway = await startGateway(yaml(ports, hash))
    const cookie = (client: string) => ({ Cookie: `theme=dark; sid=${client}` })
    const before = await homes(gateway, cookie)
    assert.ok(new Set(before).size > 1)
    await gateway.reload(yaml(ports.slice(0, 3), hash))
    const without = await homes(gateway, cookie)
    for (const [i, home] of before.entries()) if (home !== 'd') assert.equal(without[i], home)
    assert.ok(!without.includes('d'))
    await gateway.reload(yaml(ports, hash))
    assert.deepEqual(await homes(gateway, cookie), before)
  })

  test('of a header, and of a query parameter', async () => {
    await using gateway = await startGateway(yaml(ports, { source: 'Header', name: 'X-User' }))
    const byHeader = await homes(gateway, client => ({ 'x-user': client }))
    await gateway.reload(yaml(ports, { source: 'QueryParam', name: 'user' }))
    const byQuery = await homes(
      gateway,
      () => ({}),
      client => `/?a=1&user=${client}`,
    )
    // The text is the same, and so is what it makes.
    assert.deepEqual(byQuery, byHeader)
  })

  test('of its address', async () => {
    await using gateway = await startGateway(yaml(ports, { source: 'ClientAddress' }))
    assert.equal(new Set(await homes(gateway, () => ({}))).size, 1)
  })

  test('and of one that cannot be connected to, its clients come to the second', async () => {
    const hash = { source: 'Header', name: 'x-user' }
    await using gateway = await startGateway(yaml(ports, hash))
    const header = (client: string) => ({ 'x-user': client })
    const before = await homes(gateway, header)
    await gateway.reload(yaml([...ports.slice(0, 3), 1], hash))
    const later = await homes(gateway, header)
    assert.ok(
      later.every(home => home !== ''),
      'nobody may see the failure',
    )
    const moved = later.filter((home, i) => home !== before[i] && before[i] !== 'd')
    assert.deepEqual(moved, [])
  })
})
