import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { manifestOf } from '../composition.ts'
import { reply, testGateway } from '../testing.ts'
import { gatewayOfAggregate } from './aggregate.ts'

type Names = 'users' | 'shop'

/** With a route of these parts, and what else is said of it. */
const gatewayWith = (parts: string, route = '', more = '') =>
  gatewayOfAggregate<Names>(
    parse(`
backends: { users: {}, shop: { url: http://shop/api, relay: [authorization] } }
${more}
routes:
  - path: /me/{id}
${route.replace(/^/gm, '    ')}
    parts:
${parts.replace(/^/gm, '      ')}
`),
  )

const ada = {
  id: '7',
  name: 'Ada',
  tier: 'gold',
  address: { street: 'Long', zip: '1010', city: 'Wien', geo: { lat: 1, lon: 2 } },
  orders: [
    { id: 'o1', total: 3, margin: 1 },
    { id: 'o2', total: 4, margin: 2 },
  ],
}

suite('what is shown of an answer', () => {
  for (const [what, part, expected] of [
    ['all of it, by the name of the part', '{}', { user: ada }],
    ['below another name', '{ group: customer }', { customer: ada }],
    ['what is picked', '{ pick: address.geo }', { user: { lat: 1, lon: 2 } }],
    ['of a list that of each', '{ pick: orders.id }', { user: ['o1', 'o2'] }],
    ['one of a list', '{ pick: orders.1.total }', { user: 4 }],
    [
      'what is allowed',
      '{ allow: [name, address.city] }',
      { user: { name: 'Ada', address: { city: 'Wien' } } },
    ],
    [
      'what is allowed of each of a list',
      '{ allow: [orders.id] }',
      { user: { orders: [{ id: 'o1' }, { id: 'o2' }] } },
    ],
    ['nothing of what is no object', '{ allow: [id.x, name.y.z, tier] }', { user: { tier: 'gold' } }],
    [
      'what is not denied',
      '{ deny: [address, orders.margin, orders.total, tier] }',
      { user: { id: '7', name: 'Ada', orders: [{ id: 'o1' }, { id: 'o2' }] } },
    ],
    [
      'what is allowed and not denied',
      '{ allow: [address], deny: [address.geo, address.street] }',
      { user: { address: { zip: '1010', city: 'Wien' } } },
    ],
    [
      'by other names',
      '{ allow: [name, address.zip], rename: { name: fullName, address: home, address.zip: postcode } }',
      { user: { fullName: 'Ada', home: { postcode: '1010' } } },
    ],
    [
      'flattened',
      '{ allow: [name, address.zip, address.geo.lat], flatten: [address, address.geo] }',
      { user: { name: 'Ada', zip: '1010', lat: 1 } },
    ],
    [
      'flattened, by other names',
      '{ pick: address, deny: [street], rename: { geo.lat: latitude }, flatten: [geo] }',
      { user: { zip: '1010', city: 'Wien', latitude: 1, lon: 2 } },
    ],
    [
      'flattened below what is open',
      '{ pick: address, flatten: [geo] }',
      { user: { street: 'Long', zip: '1010', city: 'Wien', lat: 1, lon: 2 } },
    ],
    ['as the whole answer', '{ pick: address.geo, merge: true }', { lat: 1, lon: 2 }],
    [
      'a list as the whole answer',
      '{ pick: orders, allow: [id], merge: true }',
      [{ id: 'o1' }, { id: 'o2' }],
    ],
  ] as const)
    test(what, async () => {
      await using t = await testGateway(
        gatewayWith(`user: ${part.replace('{', "{ backend: users, path: '/users/{params.id}', ")}`),
      )
      t.users.stub('GET /users/{id}', ada)
      await t.get('/me/7').expect(200).partial([]).json(expected)
    })

  for (const [what, part, answer] of [
    ['what is picked is not there', 'pick: data.user', ada],
    ['what is to be flattened is no object', 'flatten: [name]', ada],
    ['it is no object, of which members are allowed', 'allow: [name]', '"Ada"'],
    ['it is no JSON', '', reply(200, 'Ada', { 'content-type': 'text/html' })],
    ['it is broken JSON', '', reply(200, '{"a":', { 'content-type': 'application/json' })],
    ['it is empty', '', reply(204)],
  ] as const)
    test(`502 where ${what}`, async () => {
      await using t = await testGateway(gatewayWith(`user: { backend: users, path: /user, ${part} }`))
      t.users.stub('GET /user', answer)
      await t.get('/me/7').expect(502).problem({ reason: 'backend_response_invalid' })
    })
})

suite('several parts', () => {
  const both = `
user: { backend: users, path: '/users/{params.id}', merge: true, allow: [name] }
book: { backend: shop, path: '/tiers/{parts.user.tier}/books', query: { near: '{parts.user.address.city}', x: '{parts.user.none}' }, default: none }
news: { backend: shop, path: /news, required: false }
`
  test('go out at once, but for one that needs another, of which also that is had which is not shown', async () => {
    await using t = await testGateway(gatewayWith(both))
    t.users.stub('GET /users/{id}', ada)
    t.shop.stub('GET /tiers/{tier}/books', ({ path, target }) => ({ ...path, target }))
    t.shop.stub('GET /news', ['none'])
    await t
      .get('/me/7')
      .expect(200)
      .partial([])
      .json({
        name: 'Ada',
        book: { tier: 'gold', target: '/api/tiers/gold/books?near=Wien' },
        news: ['none'],
      })
    t.trace
      .expectParallel('users GET /users/{params.id}', 'shop GET /news')
      .expectSequence('users GET /users/{params.id}', 'shop GET /tiers/{parts.user.tier}/books')
  })

  test('may fail where they say so: what stands there then, or nothing', async () => {
    await using t = await testGateway(gatewayWith(both))
    t.users.stub('GET /users/{id}', ada)
    t.shop.fail('GET /tiers/{tier}/books', { status: 404 })
    t.shop.fail('GET /news', {})
    const res = await t.get('/me/7')
    res.expect(200).partial(['book', 'news']).json({ name: 'Ada', book: 'none' })
    res.header('cache-control', 'no-store')
  })

  test('fail with one that is required, and the others are cancelled', async () => {
    await using t = await testGateway(
      gatewayWith(
        both,
        'failures: [{ backend: users, status: 404, answer: { status: 404, title: No such user } }]',
      ),
    )
    t.users.fail('GET /users/{id}', { status: 404, afterMs: 10 })
    t.shop.stub('GET /news', [], { afterMs: 500 })
    await t.get('/me/8').expect(404).problem({ title: 'No such user' })
    t.trace
      .expectCalls('users GET /users/{params.id}', 'shop GET /news')
      .expectOutcome('shop GET /news', 'cancelled')
  })

  test('one that needs what has failed fails as that has', async () => {
    await using t = await testGateway(
      gatewayWith(`
user: { backend: users, path: /user, required: false }
book: { backend: shop, path: '/books/{parts.user.tier}', default: [] }
tier: { value: { is: 'tier {parts.user.tier}' }, default: unknown }
`),
    )
    t.users.fail('GET /user', { reset: true })
    await t.get('/me/7').expect(200).partial(['user', 'book', 'tier']).json({ book: [], tier: 'unknown' })
    t.trace.expectCalls('users GET /user')
  })

  test('one that needs what has failed has its default', async () => {
    await using t = await testGateway(
      gatewayWith(`
user: { backend: users, path: /user, hide: true, default: { tier: tin } }
book: { backend: shop, path: '/books/{parts.user.tier}', merge: true }
`),
    )
    t.users.fail('GET /user', { status: 500 })
    t.shop.stub('GET /books/{tier}', ({ path }) => path)
    await t.get('/me/7').expect(200).partial(['user']).json({ tier: 'tin' })
  })

  test('come one after another where the route says so, or "after"', async () => {
    for (const [route, after] of [
      ['sequential: true', ''],
      ['', ', after: [first]'],
    ] as const) {
      await using t = await testGateway(
        gatewayWith(
          `
first: { backend: users, path: /first }
second: { backend: shop, path: /second${after} }
`,
          route,
        ),
      )
      t.users.stub('GET /first', 1, { afterMs: 10 })
      t.shop.stub('GET /second', 2)
      await t.get('/me/7').expect(200).json({ first: 1, second: 2 })
      t.trace.expectSequence('users GET /first', 'shop GET /second')
    }
  })

  test('a value is static, or made of others', async () => {
    await using t = await testGateway(
      gatewayWith(`
kind: { value: { kind: person, '{{': '}}', list: [1, null, '{parts.user.orders.1.id}'] } }
user: { backend: users, path: /user, hide: true }
who: { value: '{parts.user.name} of {parts.user.address.city}, {params.id}' }
full: { value: { address: '{parts.user.address.geo}', none: '{parts.user.none}' }, merge: true, allow: [address] }
`),
    )
    t.users.stub('GET /user', ada)
    await t
      .get('/me/7')
      .expect(200)
      .json({
        kind: { kind: 'person', '{{': '}', list: [1, null, 'o2'] },
        who: 'Ada of Wien, 7',
        address: { lat: 1, lon: 2 },
      })
  })

  test('so many equal calls as it says, of which the first counts', async () => {
    await using t = await testGateway(
      gatewayWith('user: { backend: users, path: /user, concurrent: 3, merge: true }'),
    )
    let asked = 0
    t.users.stub('GET /user', () => (++asked === 2 ? { asked: 'second' } : reply(503, null)))
    await t.get('/me/7').expect(200).json({ asked: 'second' })
    t.trace.expectCalls('users GET /user', 'users GET /user', 'users GET /user')
  })

  test('members that are not listed give way to those that others have', async () => {
    await using t = await testGateway(
      gatewayWith(`
user: { backend: users, path: /user, merge: true }
tier: { value: other }
more: { value: { id: mine, x: hidden }, merge: true, allow: [id] }
`),
    )
    t.users.stub('GET /user', { id: '7', name: 'Ada', tier: 'gold' })
    await t.get('/me/7').expect(200).json({ name: 'Ada', tier: 'other', id: 'mine' })
  })
})

suite('what a part is called with', () => {
  test('of the path, the query, fields and the body of the request', async () => {
    const gateway = gatewayWith(
      `
made:
  backend: shop
  method: POST
  path: '/{params.id}/{params.id}.json'
  query: { limit: '{query.limit}', tag: '{query.tag}', q: 'is:{query.q}', fixed: a&b }
  headers: { X-Tier: 'tier-{headers.x-tier}', X-None: '{headers.x-none}' }
  body: { items: '{body.items}', first: 'the {body.items.0}', all: [true, '{query.limit}'], none: '{query.q}' }
  idempotencyKey: '{headers.idempotency-key}'
  merge: true
`,
      `
method: POST
params: { id: { type: integer } }
query: { limit: { type: integer, default: 10, maximum: 99 }, tag: { list: true }, q: {} }
headers: { x-tier: { required: true }, x-none: {}, idempotency-key: {} }
body: { type: object, required: [items], properties: { items: { type: array, items: { type: string } } } }
status: 201
answerHeaders: { Cache-Control: max-age=60 }
`,
    )
    await using t = await testGateway(gateway)
    t.shop.stub('POST /{a}/{b}', ({ target, headers, body }) => ({ target, headers, body }))
    const headers = { 'x-tier': 'gold', authorization: 'Bearer x', 'idempotency-key': 'k', cookie: 'c' }
    const res = await t.post('/me/7?tag=a&tag=b%20c&limit=5&other=1', {
      headers,
      body: { items: ['x', 'y'], more: 1 },
    })
    res
      .expect(201)
      .header('cache-control', 'max-age=60')
      .json({
        target: '/api/7/7.json?limit=5&tag=a&tag=b%20c&fixed=a%26b',
        headers: {
          accept: 'application/json',
          authorization: 'Bearer x',
          'x-tier': 'tier-gold',
          'idempotency-key': 'k',
          'content-type': 'application/json',
        },
        body: { items: ['x', 'y'], first: 'the x', all: [true, 5] },
      })
    const other = await t.post('/me/7?q=%26', { headers: { 'x-tier': 'x' }, body: { items: [] } })
    other.expect(201)
    assert.match(other.text, /"target":"\/api\/7\/7.json\?limit=10&q=is%3A%26&fixed=a%26b"/)
    await t.post('/me/x?limit=100', { body: {} }).expect(400)
  })

  for (const [what, target, answer, status, reason] of [
    ['a parameter that would make another path', '/me/..%2fadmin', {}, 400, 'path_parameter_refused'],
    ['a value of a part that would', '/me/7', { tier: '../admin' }, 502, 'backend_response_invalid'],
    ['a value of a part that is none', '/me/7', { tier: { a: 1 } }, 502, 'backend_response_invalid'],
    ['a value of a part that is not there', '/me/7', {}, 502, 'backend_response_invalid'],
    [
      'a value that would make another field',
      '/me/7?q=a%0d%0ab',
      { tier: 'gold' },
      400,
      'call_value_refused',
    ],
  ] as const)
    test(`${what} is refused`, async () => {
      await using t = await testGateway(
        gatewayWith(
          `
user: { backend: users, path: '/users/{params.id}' }
book: { backend: shop, path: '/books/{parts.user.tier}', headers: { x-q: '{query.q}' } }
`,
          'query: { q: {} }',
        ),
      )
      t.users.stub('GET /users/{id}', answer)
      await t.get(target).expect(status).problem({ reason })
    })
})

test('a member that is null is as if it were not there, as in any resource', async () => {
  await using t = await testGateway(gatewayWith('user: { backend: users, path: /user, default: null }'))
  t.users.fail('GET /user', { status: 500 })
  await t.get('/me/7').expect(502)
})

test('an answer is held to "out", where that is declared', async () => {
  await using t = await testGateway(
    gatewayWith(
      'user: { backend: users, path: /user, merge: true }',
      'out: { type: object, required: [name], properties: { name: { type: string } } }',
    ),
  )
  t.users.stub('GET /user', { name: 'Ada', secret: 'x' }, { times: 1 })
  t.users.stub('GET /user', { secret: 'x' }, { times: 1 })
  await t.get('/me/7').expect(502)
  await t.get('/me/7').expect(200).json({ name: 'Ada' })
})

for (const [report, status, body] of [
  ['{ report: Member, member: missing }', 200, { user: 1, missing: ['news'] }],
  ['{ report: Member }', 200, { user: 1, partial: ['news'] }],
  ['{ report: Refuse }', 502, undefined],
] as const)
  test(`a partial answer is told of as the route says: ${report}`, async () => {
    await using t = await testGateway(
      gatewayWith(
        'user: { value: 1 }\nnews: { backend: shop, path: /news, required: false }',
        `partial: ${report}`,
      ),
    )
    t.shop.fail('GET /news', { refused: true })
    const res = await t.get('/me/7')
    res.expect(status)
    if (body !== undefined) res.json(body)
  })

test('what it is is known without running it', () => {
  const manifest = manifestOf(
    gatewayWith(
      `
user: { backend: users, path: '/users/{params.id}', allow: [name, address.city] }
news: { backend: shop, path: /news, default: [] }
`,
      'query: { limit: { type: integer, description: How many } }\nsummary: Me',
      'title: Shop\nversion: "2"',
    ) as never,
  )
  assert.deepEqual(
    manifest.routes.map(({ path, calls }) => [path, calls]),
    [
      [
        '/me/{id}',
        [
          { backend: 'users', method: 'GET', path: '/users/{params.id}' },
          { backend: 'shop', method: 'GET', path: '/news' },
        ],
      ],
    ],
  )
  const operation = manifest.openapi.paths['/me/{id}']?.['get'] as {
    readonly parameters: readonly { readonly name: string }[]
    readonly responses: Readonly<Record<string, { readonly content: object }>>
  }
  assert.deepEqual(
    operation.parameters.map(({ name }) => name),
    ['id', 'limit'],
  )
  const shown = JSON.stringify(operation.responses['200']?.content)
  assert.match(shown, /"address":.*"city"/)
  assert.doesNotMatch(shown, /zip/)
})
