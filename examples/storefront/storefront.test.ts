import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grpcError, reply, testFilter, testGateway } from 'portcullis/composition/testing'
import { filter } from './app-version.filter.ts'
import { gateway } from './storefront.gateway.ts'

const ada = { id: '7', name: 'Ada', tier: 'gold', email: 'ada@example.com' } as const
const order = { id: 'o-1', sku: 'tea', price: 4, margin: 1 }

test('the first page', async () => {
  await using t = await testGateway(gateway)
  t.shop.stub('GET /customers/{id}', ada)
  t.shop.stub('GET /customers/{id}/orders', [order])
  t.shop.stub('GET /offers/{tier}', ({ path }) => ({ sku: 'tea', title: `Tea for ${path['tier'] ?? ''}` }))
  t.stock.stub('getLevel', ({ sku }) => ({ sku, count: 3 }))
  await t
    .get('/me/7/home')
    .expect(200)
    .partial([])
    // Neither the customer's address nor the shop's margin is for clients.
    .json({
      name: 'Ada',
      orders: [{ id: 'o-1', sku: 'tea', price: 4 }],
      offer: { title: 'Tea for gold', inStock: 3 },
    })
  t.trace
    .expectParallel('shop GET /customers/{id}', 'shop GET /customers/{id}/orders')
    .expectSequence('shop GET /customers/{id}', 'shop GET /offers/{tier}', 'stock getLevel')
})

test('the first page while orders are slow and the stock is down', async () => {
  await using t = await testGateway(gateway)
  t.shop.stub('GET /customers/{id}', ada)
  t.shop.stub('GET /customers/{id}/orders', [order], { afterMs: 5_000 })
  t.shop.stub('GET /offers/{tier}', { sku: 'tea', title: 'Tea' })
  t.stock.fail('getLevel', { code: 'unavailable' })
  await t
    .get('/me/7/home')
    .expect(200)
    .partial(['orders', 'offer'])
    .json({ name: 'Ada', orders: [], offer: null })
  t.trace.expectAttempts('stock getLevel', 3)
})

test('a customer whom nobody knows', async () => {
  await using t = await testGateway(gateway)
  t.shop.fail('GET /customers/{id}', { status: 404 })
  t.shop.stub('GET /customers/{id}/orders', [], { afterMs: 300 })
  await t.get('/me/8/home').expect(404).problem({ title: 'No such customer' })
  t.trace.expectOutcome('shop GET /customers/{id}/orders', 'cancelled')
})

test('an order', async () => {
  await using t = await testGateway(gateway)
  const headers = { 'idempotency-key': 'k-1234567' }
  // The answer to the first is lost: it is sent again, since it has a key.
  t.shop.stub('POST /customers/{id}/orders', ({ body }) => reply(201, { ...order, ...(body as object) }))
  t.shop.fail('POST /customers/{id}/orders', { reset: true, times: 1 })
  await t
    .post('/me/7/orders', { headers, body: { sku: 'tea', price: 5 } })
    .expect(201)
    .json({ id: 'o-1', sku: 'tea', price: 5 })
  t.trace.expectAttempts('shop POST /customers/{id}/orders', 2)

  t.shop.fail('POST /customers/{id}/orders', { status: 409 })
  await t
    .post('/me/7/orders', { headers, body: { sku: 'tea', price: 1 } })
    .expect(409)
    .problem({ title: 'The price has changed' })
  await t.post('/me/7/orders', { headers, body: { sku: '' } }).expect(400)
  await t.post('/me/7/orders', { body: { sku: 'tea', price: 1 } }).expect(400)
})

test('price and stock, of one subscription for two clients', async () => {
  await using t = await testGateway(gateway)
  let subscribed = 0
  t.prices.accept('/ticks', async ({ socket, pause }) => {
    subscribed++
    await socket.send({ sku: 'tea', price: 4 })
    await pause(2_000)
    await socket.send({ sku: 'tea', price: 5 })
    await pause(60_000)
  })
  t.stock.stub('watchLevel', async function* ({ sku }, call) {
    await call.wait(1_000)
    yield { sku, count: 3 }
    await call.wait(60_000)
  })
  await using first = t.stream('/products/tea/live')
  assert.deepEqual(await first.data(1), [{ price: 4 }])
  await using second = t.stream('/products/tea/live')
  assert.deepEqual(await first.data(2), [{ inStock: 3 }, { price: 5 }])
  assert.deepEqual(await second.data(2), [{ inStock: 3 }, { price: 5 }])
  assert.equal(subscribed, 1)
})

test('the stock as REST', async () => {
  await using t = await testGateway(gateway)
  t.stock.stub('getLevel', ({ sku }) => {
    if (sku !== 'tea') throw grpcError('not_found', `no ${sku} here`)
    return { sku, count: 3 }
  })
  t.stock.stub('reserve', ({ sku, count }) => ({ sku, count: 3 - count }))
  await t.get('/v1/stock/tea').expect(200).json({ sku: 'tea', count: 3 })
  await t
    .post('/v1/stock/tea:reserve', { body: { count: 2 } })
    .expect(200)
    .json({ sku: 'tea', count: 1 })
  await t.get('/v1/stock/coal').expect(404).json({ code: 5, message: 'no coal here', details: [] })
})

test('pictures, as they are', async () => {
  await using t = await testGateway(gateway)
  t.pictures.stub('GET /img/{name=**}', ({ path }) =>
    reply(200, `<svg id="${path['name'] ?? ''}"/>`, { 'content-type': 'image/svg+xml' }),
  )
  const { text } = await t.get('/pictures/tea.svg').expect(200).header('content-type', 'image/svg+xml')
  assert.equal(text, '<svg id="tea.svg"/>')
})

test('an app that is too old', async () => {
  await using t = await testFilter(filter, { config: { least: 3 } })
  await t
    .get('/me/7/home', { headers: { 'user-agent': 'shop-app/2 (Android 17)' } })
    .expect(403)
    .problem({ reason: 'app_outdated' })
  await t.get('/me/7/home', { headers: { 'user-agent': 'shop-app/3' } }).passes()
  await t.get('/me/7/home', { headers: { 'user-agent': 'curl/8' } }).passes()
})
