export const gatewayTs = (name: string): string => `import { Type as T } from 'typebox'
import { all, defineGateway, rest, soft } from 'portcullis/composition'
import type { paths as Shop } from './.portcullis/shop.d.ts'
import type { paths as Users } from './.portcullis/users.d.ts'

// What leaves the gateway: the compiler checks it, clients get nothing else, and the OpenAPI document has it.
const Home = T.Object({
  name: T.String(),
  orders: T.Array(T.Object({ id: T.String(), total: T.Number() })),
  offer: T.Union([T.Null(), T.Object({ title: T.String(), price: T.Number() })]),
})

export const gateway = defineGateway({
  title: ${JSON.stringify(name)},
  version: '1',
  backends: {
    users: rest<Users>({ url: 'http://users', timeoutMs: 800, retry: { attempts: 2 } }),
    shop: rest<Shop>({ url: 'http://shop', timeoutMs: 500 }),
  },
  failures: [{ backend: 'users', status: 404, answer: { status: 404, title: 'No such user' } }],
  routes: r => [
    r.get('/me/{id}', {
      summary: 'The first page',
      out: Home,
      async run({ c, params }) {
        // Both begin now.
        const user = c.users.get('/users/{id}', { path: { id: params.id } })
        const orders = c.shop.get('/customers/{id}/orders', { path: { id: params.id } })
        // This one when the user is here.
        const offer = user.then(u => c.shop.get('/offers/{tier}', { path: { tier: u.tier } }))
        // Without a user there is no page; without the others there is, and it says what is missing.
        const x = await all({ user, orders: soft(orders, []), offer: soft(offer, null) })
        return { name: x.user.name, orders: x.orders, offer: x.offer }
      },
    }),
  ],
})
`

export const testTs = (name: string): string => `import { test } from 'node:test'
import { testGateway } from 'portcullis/composition/testing'
import { gateway } from './${name}.gateway.ts'

const ada = { id: '7', name: 'Ada', tier: 'gold' } as const

test('the first page', async () => {
  await using t = await testGateway(gateway)
  t.users.stub('GET /users/{id}', ada)
  t.shop.stub('GET /customers/{id}/orders', [{ id: 'o-1', total: 12.5, margin: 4 }])
  t.shop.stub('GET /offers/{tier}', { title: 'A book', price: 9 })
  await t
    .get('/me/7')
    .expect(200)
    .json({ name: 'Ada', orders: [{ id: 'o-1', total: 12.5 }], offer: { title: 'A book', price: 9 } })
  t.trace
    .expectParallel('users GET /users/{id}', 'shop GET /customers/{id}/orders')
    .expectSequence('users GET /users/{id}', 'shop GET /offers/{tier}')
})

test('the first page while the shop is down', async () => {
  await using t = await testGateway(gateway)
  t.users.stub('GET /users/{id}', ada)
  t.shop.fail('GET /customers/{id}/orders', { refused: true })
  t.shop.fail('GET /offers/{tier}', { status: 503, afterMs: 200 })
  await t
    .get('/me/7')
    .expect(200)
    .partial(['orders', 'offer'])
    .json({ name: 'Ada', orders: [], offer: null })
})

test('somebody whom nobody knows', async () => {
  await using t = await testGateway(gateway)
  t.users.fail('GET /users/{id}', { status: 404 })
  t.shop.stub('GET /customers/{id}/orders', [], { afterMs: 300 })
  await t.get('/me/8').expect(404).problem({ title: 'No such user' })
  t.trace.expectOutcome('shop GET /customers/{id}/orders', 'cancelled')
})
`
