import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send, type Answer } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const allow = 'access-control-allow-'

async function ask(cors: object, method: string, headers: Record<string, string>, path = '/') {
  let asked = 0
  await using upstream = await TestUpstream.start((_, response) => {
    asked++
    // Two opinions in one response allow nothing: the upstream's own must not come through.
    response.setHeader('Access-Control-Allow-Origin', 'https://upstream.example')
    response.setHeader('X-Own', '1')
    response.end('body')
  })
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [
          { matches: [prefix('/')], filters: [{ type: 'CORS', cors }], backendRefs: [to('up')] },
          { matches: [prefix('/broken')], filters: [{ type: 'CORS', cors }], backendRefs: [to('nobody')] },
          { matches: [prefix('/refused')], filters: [{ type: 'CORS', cors }], backendRefs: [to('refused')] },
        ],
      }),
      backend('up', [upstream.port]),
      backend('refused', [1]),
    ),
  )
  return { answer: await send(portcullis.port(), { method, headers, path }), asked }
}

const preflight = (cors: object, origin: string, more: Record<string, string> = {}) =>
  ask(cors, 'OPTIONS', { Origin: origin, 'Access-Control-Request-Method': 'PUT', ...more })

function corsFields({ headers }: Answer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')))
}

const shop = { allowOrigins: ['https://shop.example', 'https://*.shop.example'] }

test('a preflight is answered here, with what is allowed', async () => {
  const cors = {
    ...shop,
    allowMethods: ['GET', 'PUT'],
    allowHeaders: ['X-One', 'X-Two'],
    allowCredentials: true,
    maxAge: 600,
  }
  const { answer, asked } = await preflight(cors, 'https://shop.example')
  assert.deepEqual([answer.status, answer.body, asked], [204, '', 0])
  assert.deepEqual(corsFields(answer), {
    [`${allow}origin`]: 'https://shop.example',
    [`${allow}credentials`]: 'true',
    [`${allow}methods`]: 'GET, PUT',
    [`${allow}headers`]: 'X-One, X-Two',
    'access-control-max-age': '600',
  })
  assert.match(answer.headers.vary ?? '', /origin/i)
})

for (const [origin, allowed] of [
  ['https://shop.example', true],
  ['https://a.shop.example', true],
  ['https://a.b.shop.example', true],
  ['https://shop.example:443', true],
  ['https://shop.example:8443', false],
  ['http://shop.example', false],
  ['https://evilshop.example', false],
  ['https://shop.example.evil.test', false],
  ['null', false],
] as const)
  test(`${origin} is ${allowed ? 'allowed' : 'refused'}, before and with the request`, async () => {
    const before = (await preflight(shop, origin)).answer
    const actual = (await ask(shop, 'GET', { Origin: origin })).answer
    const expected = allowed ? origin : undefined
    assert.equal(before.status, 204)
    assert.equal(before.headers[`${allow}origin`], expected)
    // The request itself is served in any case: it is the browser that keeps the answer from the page.
    assert.deepEqual([actual.status, actual.body], [200, 'body'])
    assert.equal(actual.headers[`${allow}origin`], expected)
    assert.equal(actual.headers['x-own'], '1')
    assert.match(actual.headers.vary ?? '', /origin/i)
  })

test('anyone without credentials is a star, with credentials the origin', async () => {
  const star = (await ask({ allowOrigins: ['*'] }, 'GET', { Origin: 'https://any.example' })).answer
  assert.deepEqual([star.headers[`${allow}origin`], star.headers[`${allow}credentials`]], ['*', undefined])
  const named = (
    await ask({ allowOrigins: ['*'], allowCredentials: true }, 'GET', { Origin: 'https://any.example' })
  ).answer
  assert.deepEqual(
    [named.headers[`${allow}origin`], named.headers[`${allow}credentials`]],
    ['https://any.example', 'true'],
  )
})

test('a star of methods and headers is answered with what was asked for', async () => {
  const cors = { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'] }
  const { answer } = await preflight(cors, 'https://any.example', {
    'Access-Control-Request-Headers': 'authorization, x-one',
  })
  assert.equal(answer.headers[`${allow}methods`], 'PUT')
  assert.equal(answer.headers[`${allow}headers`], 'authorization, x-one')
})

test('headers that scripts may read are named with the response', async () => {
  const cors = { ...shop, exposeHeaders: ['X-Own', 'X-Other'] }
  const { answer } = await ask(cors, 'GET', { Origin: 'https://shop.example' })
  assert.equal(answer.headers['access-control-expose-headers'], 'X-Own, X-Other')
})

for (const [path, status] of [
  ['/broken', 500],
  ['/refused', 502],
] as const)
  test(`a page can read why its request got ${status}`, async () => {
    const { answer } = await ask(shop, 'GET', { Origin: 'https://shop.example' }, path)
    assert.deepEqual([answer.status, answer.headers[`${allow}origin`]], [status, 'https://shop.example'])
  })

test('without Origin nothing is allowed, and caches are told', async () => {
  const { answer } = await ask(shop, 'GET', {})
  assert.equal(answer.headers[`${allow}origin`], 'https://upstream.example')
  assert.match(answer.headers.vary ?? '', /origin/i)
})

test('what other filters put into the response is judged too: CORS has the last word', async () => {
  const modifier = {
    set: [
      { name: 'X-Added', value: '1' },
      { name: 'Access-Control-Allow-Origin', value: 'https://evil.example' },
    ],
  }
  const cors = { ...shop, allowCredentials: true, exposeHeaders: ['*'] }
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [
          {
            filters: [
              { type: 'ResponseHeaderModifier', responseHeaderModifier: modifier },
              { type: 'CORS', cors },
            ],
            backendRefs: [to('up')],
          },
        ],
      }),
      backend('up', [upstream.port]),
    ),
  )
  const { headers } = await send(portcullis.port(), { headers: { Origin: 'https://shop.example' } })
  assert.equal(headers[`${allow}origin`], 'https://shop.example')
  assert.match(headers['access-control-expose-headers'] ?? '', /\bX-Added\b/)
})

test('OPTIONS that is no preflight is the upstream’s business', async () => {
  const { answer, asked } = await ask(shop, 'OPTIONS', { Origin: 'https://shop.example' })
  assert.deepEqual([answer.status, answer.body, asked], [200, 'body', 1])
})
