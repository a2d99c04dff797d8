import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { SESSION_KEY, SESSION_KEYS } from '../../src/filters/session/session.ts'
import { NodeState } from '../../src/shared/node-state.ts'
import { send, type Answer } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { sharedState } from '../support/shared-state.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const upstreams = await Promise.all(
  ['a', 'b', 'c', 'd'].map(name =>
    TestUpstream.start((request, response) => {
      request.resume()
      if (request.url === '/refuse') response.statusCode = 503
      response.end(name)
    }),
  ),
)
after(() => Promise.all(upstreams.map(one => one[Symbol.asyncDispose]())))
const ports = upstreams.map(({ port }) => port)

/** One worker of a gateway whose sessions are told under this key. */
function worker(yaml: string, key = 'a key that all of them have'): Promise<TestGateway> {
  const node = new NodeState()
  node.tables.replace(SESSION_KEYS, new Map([[SESSION_KEY, key]]))
  return startGateway(yaml, { shared: sharedState(node) })
}

const rule = (sessionPersistence: object, more: object = {}): object => ({
  sessionPersistence,
  backendRefs: [to('up')],
  ...more,
})
const yaml = (used: readonly number[], rules: readonly object[], ...more: readonly object[]): string =>
  yamlOf(gateway(), httpRoute('r', { rules }), backend('up', used), ...more)

const cookie = { cookie: { name: 'where' } }
const setCookie = ({ distinct }: Answer): readonly string[] => distinct['set-cookie'] ?? []
const pairOf = (answer: Answer): string => setCookie(answer)[0]!.split(';', 1)[0]!

/** Who answers a client that brings this, asked again and again; and what it is told. */
async function answers(port: number, headers: Record<string, string>, path = '/', times = 12) {
  const found = new Set<string>()
  const told: string[] = []
  for (let i = 0; i < times; i++) {
    const answer = await send(port, { path, headers })
    found.add(answer.body)
    told.push(...setCookie(answer))
  }
  return { found: [...found], told }
}

suite('a session keeps its endpoint', () => {
  test('by a cookie, which is told once and says nothing', async () => {
    await using one = await worker(yaml(ports, [rule(cookie)]))
    const first = await send(one.port())
    const [line] = setCookie(first)
    assert.match(line ?? '', /^where=[\w-]{16}; Path=\/; HttpOnly; SameSite=Strict$/)
    const brought = { Cookie: `theme=dark; ${pairOf(first)}; lang=en` }
    assert.deepEqual(await answers(one.port(), brought), { found: [first.body], told: [] })
    const strangers = await answers(one.port(), {})
    assert.equal(strangers.found.length, 4)
    for (const port of ports) assert.ok(!strangers.told.join().includes(String(port)))
  })

  test('in another worker, after a reload, and in another gateway of the same key', async () => {
    const same = yaml(ports, [rule(cookie)])
    await using one = await worker(same)
    await using other = await worker(same)
    await using stranger = await worker(same, 'another key')
    const first = await send(one.port())
    const brought = { Cookie: pairOf(first) }
    assert.deepEqual(await answers(other.port(), brought), { found: [first.body], told: [] })
    await one.reload(yaml([...ports].reverse(), [rule({ ...cookie, type: 'Cookie' })]))
    assert.deepEqual(await answers(one.port(), brought), { found: [first.body], told: [] })
    assert.equal((await answers(stranger.port(), brought)).told.length, 12, 'who cannot read it begins anew')
  })

  test('by a header', async () => {
    await using one = await worker(yaml(ports, [rule({ type: 'Header', header: { name: 'X-Where' } })]))
    const first = await send(one.port())
    const token = first.headers['x-where'] as string
    assert.match(token, /^[\w-]{16}$/)
    for (let i = 0; i < 8; i++) {
      const again = await send(one.port(), { headers: { 'x-where': token } })
      assert.deepEqual([again.body, again.headers['x-where']], [first.body, undefined])
    }
  })

  test('although a filter takes the cookie from what the backend gets', async () => {
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['cookie'] } }]
    await using one = await worker(yaml(ports, [rule(cookie, { filters })]))
    const first = await send(one.port())
    assert.deepEqual((await answers(one.port(), { Cookie: pairOf(first) })).found, [first.body])
  })

  test('across backends, whatever their weights are now', async () => {
    const shares = (weights: readonly number[]): string =>
      yamlOf(
        gateway(),
        httpRoute('r', {
          rules: [rule(cookie, { backendRefs: weights.map((weight, i) => to(`b${i}`, { weight })) })],
        }),
        ...weights.map((_, i) => backend(`b${i}`, [ports[i]!])),
      )
    await using one = await worker(shares([1, 0]))
    const first = await send(one.port())
    assert.equal(first.body, 'a')
    await one.reload(shares([0, 1]))
    assert.deepEqual(await answers(one.port(), { Cookie: pairOf(first) }), { found: ['a'], told: [] })
    assert.deepEqual((await answers(one.port(), {})).found, ['b'])
  })
})

suite('a session whose endpoint does not serve', () => {
  test('that is gone, has another one, and is told', async () => {
    await using one = await worker(yaml(ports, [rule(cookie)]))
    const first = await send(one.port())
    const left = ports.filter((_, i) => upstreams[i]!.port !== ports['abcd'.indexOf(first.body)])
    await one.reload(yaml(left, [rule(cookie)]))
    const next = await send(one.port(), { headers: { Cookie: pairOf(first) } })
    assert.notEqual(next.body, first.body)
    assert.notEqual(pairOf(next), pairOf(first))
    assert.deepEqual(await answers(one.port(), { Cookie: pairOf(next) }), { found: [next.body], told: [] })
  })

  test('that cannot be connected to, has another one in the same request', async () => {
    const broken = await TestUpstream.start((_, response) => response.end('broken'))
    await using one = await worker(yaml([broken.port], [rule(cookie)]))
    const first = await send(one.port())
    assert.equal(first.body, 'broken')
    const { port } = broken
    await broken[Symbol.asyncDispose]()
    await one.reload(yaml([port, ports[0]!], [rule(cookie)]))
    const next = await send(one.port(), { headers: { Cookie: pairOf(first) } })
    assert.deepEqual([next.status, next.body, setCookie(next).length], [200, 'a', 1])
  })
})

suite('a token', () => {
  for (const [what, brought] of [
    ['that is forged', 'where=AAAAAAAAAAAAAAAA'],
    ['that is an address', `where=127.0.0.1:${ports[0]!}`],
    ['that is empty', 'where='],
    ['that is too long', `where=${'A'.repeat(4000)}`],
    ['that is no text', 'where=\x01\xff'],
    ['of another name', 'elsewhere=AAAAAAAAAAAAAAAA'],
  ] as const)
    test(`${what} chooses nothing`, async () => {
      await using one = await worker(yaml(ports, [rule(cookie)]))
      const headers = { Cookie: brought.replace(/[^\x20-\x7e]/g, '~') }
      const { found, told } = await answers(one.port(), headers)
      assert.deepEqual([found.length, told.length], [4, 12])
    })

  test('of one rule is none of another', async () => {
    const at = (value: string) => ({ matches: [{ path: { type: 'PathPrefix', value } }] })
    await using one = await worker(
      yaml(ports, [
        rule({ cookie: { ...cookie.cookie, path: '/one' } }, at('/one')),
        rule(cookie, at('/two')),
      ]),
    )
    const first = await send(one.port(), { path: '/one/x' })
    assert.match(setCookie(first)[0] ?? '', /; Path=\/one;/)
    const elsewhere = await answers(one.port(), { Cookie: pairOf(first) }, '/two')
    assert.deepEqual([elsewhere.found.length, elsewhere.told.length], [4, 12])
  })

  test('that is to outlive the browser has its age, and its time in what only we can write', async () => {
    const permanent = { cookie: { ...cookie.cookie, lifetimeType: 'Permanent' }, absoluteTimeout: '5m' }
    await using one = await worker(yaml(ports, [rule(permanent)]))
    const first = await send(one.port())
    const [line = ''] = setCookie(first)
    assert.match(line, /; Max-Age=300;/)
    assert.deepEqual(await answers(one.port(), { Cookie: pairOf(first) }), { found: [first.body], told: [] })
    const [, tag = '', made = '', mac = ''] =
      /^where=([\w-]{16})\.(\w+)\.([\w-]{16})$/.exec(pairOf(first)) ?? []
    const later = (Number.parseInt(made, 36) + 1).toString(36)
    for (const forged of [`${tag}.${later}.${mac}`, tag, `${tag}.${made}.AAAAAAAAAAAAAAAA`])
      assert.equal((await answers(one.port(), { Cookie: `where=${forged}` })).told.length, 12, forged)
  })
})

test('answers of our own tell of no endpoint, and those of a failing one do', async () => {
  await using one = await worker(yaml([1], [rule(cookie)]))
  const failed = await send(one.port())
  assert.deepEqual([failed.status, setCookie(failed)], [502, []])
  await one.reload(yaml(ports, [rule(cookie)]))
  assert.equal(setCookie(await send(one.port(), { path: '/refuse' })).length, 1)
})

suite('whoever waits for a connection', () => {
  const limited = (loadBalancing: object): object => ({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'BackendPolicy',
    metadata: { name: 'one' },
    spec: { targetRefs: [to('up')], loadBalancing, connections: { max: 1 } },
  })

  test('waits for one to the endpoint of its session', async () => {
    await using one = await worker(yaml(ports, [rule(cookie)], limited({ type: 'RoundRobin' })))
    const sessions = new Map<string, string>()
    while (sessions.size < 4) {
      const answer = await send(one.port())
      sessions.set(answer.body, pairOf(answer))
    }
    const asked = Array.from({ length: 40 }, (_, i) => [...sessions][i % 4]!)
    const got = await Promise.all(asked.map(([, pair]) => send(one.port(), { headers: { Cookie: pair } })))
    assert.deepEqual(
      got.map(({ body }) => body),
      asked.map(([name]) => name),
    )
  })

  for (const type of ['ConsistentHash', 'RingHash', 'Maglev'])
    test(`waits for one to the endpoint of its hash, by ${type}`, async () => {
      const hash = { type, consistentHash: { source: 'Header', name: 'x-user' } }
      await using one = await worker(yaml(ports, [{ backendRefs: [to('up')] }], limited(hash)))
      const users = Array.from({ length: 40 }, (_, i) => ({ 'x-user': `user-${i % 10}` }))
      const alone: string[] = []
      for (const headers of users) alone.push((await send(one.port(), { headers })).body)
      const together = await Promise.all(users.map(headers => send(one.port(), { headers })))
      assert.deepEqual(
        together.map(({ body }) => body),
        alone,
      )
    })
})

suite('a session of a backend', () => {
  const shared = (sessionPersistence: object, ...rules: readonly object[]): string =>
    yaml(
      ports,
      [
        { matches: [prefix('/one')], backendRefs: [to('up')] },
        { matches: [prefix('/two')], backendRefs: [to('up')] },
        { matches: [prefix('/next')], backendRefs: [to('next')] },
        ...rules,
      ],
      backend('next', ports),
      backendPolicy({ sessionPersistence }),
    )

  test('holds for all rules that send there, by one cookie, and for no neighbour', async () => {
    await using one = await worker(shared(cookie))
    const first = await send(one.port(), { path: '/one' })
    assert.match(setCookie(first)[0] ?? '', /^where=[\w-]{16}; Path=\/; HttpOnly; SameSite=Strict$/)
    const brought = { Cookie: pairOf(first) }
    for (const path of ['/one', '/two'])
      assert.deepEqual(await answers(one.port(), brought, path), { found: [first.body], told: [] })
    const beside = await answers(one.port(), brought, '/next')
    assert.deepEqual([beside.found.length, beside.told], [4, []])
  })

  test('goes on through a reload and in another gateway, and ends with its policy', async () => {
    await using one = await worker(shared({ cookie: {} }))
    const first = await send(one.port(), { path: '/one' })
    const brought = { Cookie: pairOf(first) }
    await one.reload(shared({ cookie: {} }, { matches: [prefix('/three')], backendRefs: [to('up')] }))
    await using other = await worker(shared({ cookie: {} }))
    for (const port of [one.port(), other.port()])
      assert.deepEqual(await answers(port, brought, '/two'), { found: [first.body], told: [] })
    await one.reload(yaml(ports, [{ backendRefs: [to('up')] }]))
    const later = await answers(one.port(), brought)
    assert.deepEqual([later.found.length, later.told], [4, []])
  })

  test('is left to a rule that says it itself', async () => {
    const own = rule({ type: 'Header', header: { name: 'X-Own' } }, { matches: [prefix('/own')] })
    await using one = await worker(shared(cookie, own))
    const { headers, distinct } = await send(one.port(), { path: '/own' })
    assert.match(headers['x-own'] as string, /^[\w-]{16}$/)
    assert.equal(distinct['set-cookie'], undefined)
  })

  test('is the one of the rule where several backends say the same', async () => {
    const same = (name: string) => ({
      ...backendPolicy({
        sessionPersistence: cookie,
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name }],
      }),
      metadata: { name },
    })
    const text = yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('x'), to('y')] }] }),
      backend('x', ports.slice(0, 2)),
      backend('y', ports.slice(2)),
      same('x'),
      same('y'),
    )
    await using one = await worker(text)
    for (let i = 0; i < 4; i++) {
      const first = await send(one.port())
      assert.deepEqual(await answers(one.port(), { Cookie: pairOf(first) }), {
        found: [first.body],
        told: [],
      })
    }
  })
})
