import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { gatewayOfAggregate } from '../../src/composition/composition.ts'
import { reply, testGateway } from '../../src/composition/testing.ts'
import { parse } from 'yaml'
import { send } from '../support/client.ts'
import { Example } from '../support/example.ts'

const { spec } = parse(
  readFileSync(new URL('../../examples/aggregate/portcullis/storefront.yaml', import.meta.url), 'utf8'),
) as {
  readonly spec: { readonly aggregate: unknown }
}
const gateway = gatewayOfAggregate<'users' | 'offers'>(spec.aggregate)

const ada = { id: '7', name: 'Ada', tier: 'gold', address: { city: 'Wien', street: 'Long' } }

test('the first page', async () => {
  await using t = await testGateway(gateway)
  t.users.stub('GET /users/{id}', ada)
  t.users.stub('GET /users/{id}/orders', ({ query }) => ({
    items: [{ id: `o${query.get('limit') ?? ''}`, total: 3, margin: 2 }],
  }))
  t.offers.stub('GET /tiers/{tier}/best', ({ path }) => ({ title: `for ${path['tier'] ?? ''}` }))
  await t
    .get('/me/7/home')
    .expect(200)
    .partial([])
    .json({ name: 'Ada', city: 'Wien', orders: [{ id: 'o10', total: 3 }], offer: { title: 'for gold' } })
  t.trace
    .expectParallel('users GET /users/{params.id}', 'users GET /users/{params.id}/orders')
    .expectSequence('users GET /users/{params.id}', 'offers GET /tiers/{parts.user.tier}/best')
})

test('the first page where orders and offers are down', async () => {
  await using t = await testGateway(gateway)
  t.users.stub('GET /users/{id}', ada)
  t.users.fail('GET /users/{id}/orders', { status: 503, afterMs: 100 })
  t.offers.fail('GET /tiers/{tier}/best', {})
  await t
    .get('/me/7/home')
    .expect(200)
    .partial(['orders', 'offer'])
    .json({ name: 'Ada', city: 'Wien', orders: [] })
})

test('somebody who is not there', async () => {
  await using t = await testGateway(gateway)
  t.users.fail('GET /users/{id}', { status: 404 })
  t.users.stub('GET /users/{id}/orders', { items: [] }, { afterMs: 500 })
  await t.get('/me/8/home').expect(404).problem({ title: 'No such user' })
  t.trace.expectOutcome('users GET /users/{params.id}/orders', 'cancelled')
})

test('an order, which may be repeated since it has a key', async () => {
  await using t = await testGateway(gateway)
  t.users.stub('GET /users/{id}', ada)
  t.users.stub('POST /users/{id}/orders', ({ body }) => ({ id: 'o1', total: 3, was: body }))
  t.users.stub('POST /users/{id}/orders', reply(503), { times: 1 })
  const headers = { 'idempotency-key': 'k1' }
  await t
    .post('/me/7/orders', { headers, body: { items: ['tea'] } })
    .expect(201)
    .json({ id: 'o1', total: 3 })
  t.trace.expectAttempts('users POST /users/{params.id}/orders', 2)
  await t.post('/me/7/orders', { body: { items: ['tea'] } }).expect(400)
})

// With its services, over sockets: what its README and start.ts tell people to try.
suite('the example of an aggregate', () => {
  let example: Example

  before(async () => {
    example = await Example.start('aggregate')
  })

  after(async () => {
    await example.stop()
  })

  const ask = async (path: string, more: object = {}) => {
    const { status, headers, body } = await send(example.gateway, { path, ...more })
    return { status, partial: headers['x-portcullis-partial'], body: JSON.parse(body) as unknown }
  }

  test('one page of two services', async () => {
    const body = {
      name: 'Ada',
      city: 'Wien',
      orders: [{ id: 'o-1', total: 12.5 }],
      offer: { title: 'Tea, first flush', price: 4 },
    }
    assert.deepEqual(await ask('/me/7/home'), { status: 200, partial: undefined, body }, example.output)
  })

  test('a page without what is missing, and none without a user', async () => {
    const body = { name: 'Bob', city: 'Graz', orders: [] }
    assert.deepEqual(await ask('/me/8/home'), { status: 200, partial: 'offer', body })
    const nobody = await ask('/me/9/home')
    assert.equal(nobody.status, 404)
    assert.partialDeepStrictEqual(nobody.body, { title: 'No such user' })
  })

  test('an order is one however often it is sent', async () => {
    const order = () =>
      ask('/me/8/orders', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
        body: '{"items":["tea","bread"]}',
      })
    const first = await order()
    assert.deepEqual(first, { status: 201, partial: undefined, body: { id: 'o-2', total: 10 } })
    assert.deepEqual(await order(), first)
    const page = (await ask('/me/8/home')).body as { readonly orders: readonly unknown[] }
    assert.deepEqual(page.orders, [first.body])
  })
})
