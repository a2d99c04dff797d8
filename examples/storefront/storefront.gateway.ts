// The API of the storefront's app: made of a REST API, a gRPC service, a feed by WebSocket and a store of pictures.
import { Type as T } from 'typebox'
import {
  all,
  defineGateway,
  grpc,
  http,
  merged,
  rest,
  shared,
  soft,
  websocket,
  type Clients,
} from 'portcullis/composition'
import type { paths as Shop } from './.portcullis/shop.d.ts'
import { Stock } from './.portcullis/stock/v1/stock_pb.ts'

// What leaves the gateway: clients get what these name, and nothing else.
const Order = T.Object({ id: T.String(), sku: T.String(), price: T.Number() })
const Home = T.Object({
  name: T.String(),
  orders: T.Array(Order),
  offer: T.Union([T.Null(), T.Object({ title: T.String(), inStock: T.Integer() })]),
})
const Live = T.Object({ price: T.Optional(T.Number()), inStock: T.Optional(T.Integer()) })

const backends = {
  shop: rest<Shop>({
    url: 'http://shop',
    timeoutMs: 800,
    retry: { attempts: 2 },
    deadlineHeader: 'X-Deadline-Ms',
  }),
  stock: grpc(Stock, { url: 'h2c://stock', timeoutMs: 500, retry: { attempts: 2 } }),
  prices: websocket({ url: 'ws://prices', receives: T.Object({ sku: T.String(), price: T.Number() }) }),
  pictures: http({ url: 'http://pictures' }),
}

/** Each change of a price. */
async function* pricesOf(c: Clients<typeof backends>, sku: string) {
  for await (const { price } of await c.prices.connect('/ticks', { query: { sku } })) yield { price }
}

/** Each change of what there is. */
async function* levelsOf(c: Clients<typeof backends>, sku: string) {
  for await (const { count } of c.stock.watchLevel({ sku })) yield { inStock: count }
}

// One subscription of each backend for all who look at a product. Who is slow is given the newest of each kind.
const live = shared(backends, {
  run: (c, sku: string) => merged([pricesOf(c, sku), levelsOf(c, sku)]),
  slow: { policy: { coalesce: change => Object.keys(change).join() } },
})

export const gateway = defineGateway({
  title: 'Storefront',
  version: '1',
  backends,
  timeoutMs: 2_000,
  failures: [
    { backend: 'shop', status: 404, answer: { status: 404, title: 'No such customer' } },
    { backend: 'shop', status: 409, answer: { status: 409, title: 'The price has changed' } },
    { backend: 'stock', grpc: 'not_found', answer: { status: 404, title: 'No such product' } },
  ],
  routes: r => [
    r.get('/me/{id}/home', {
      summary: 'The first page',
      out: Home,
      async run({ c, params }) {
        // Both begin now.
        const customer = c.shop.get('/customers/{id}', { path: { id: params.id } })
        const orders = c.shop.get('/customers/{id}/orders', { path: { id: params.id } })
        // These when what they need is here: by REST, then by gRPC.
        const offer = customer
          .then(({ tier }) => c.shop.get('/offers/{tier}', { path: { tier } }))
          .then(({ sku, title }) =>
            c.stock.getLevel({ sku }).then(({ count }) => ({ title, inStock: count })),
          )
        // Without a customer there is no page; without the others there is, and it says what is missing.
        const x = await all({ customer, orders: soft(orders, []), offer: soft(offer, null) })
        return { name: x.customer.name, orders: x.orders, offer: x.offer }
      },
    }),
    r.post('/me/{id}/orders', {
      summary: 'Orders something, once however often it is sent with the same key',
      in: {
        headers: T.Object({ 'idempotency-key': T.String({ minLength: 8 }) }),
        body: T.Object({ sku: T.String({ minLength: 1 }), price: T.Number({ minimum: 0 }) }),
      },
      out: Order,
      status: 201,
      async run({ c, params, body, headers }) {
        const idempotencyKey = headers['idempotency-key']
        return await c.shop.post('/customers/{id}/orders', { path: { id: params.id }, body, idempotencyKey })
      },
    }),
    // Events, lines of JSON or a WebSocket, as the client asks.
    r.stream('/products/{sku}/live', {
      summary: 'Price and stock of a product, as they change',
      out: Live,
      run: ({ params, lastEventId }) => live.of(params.sku, { lastEventId }),
    }),
    // GET /v1/stock/{sku}, GET /v1/stock/{sku}:watch and POST /v1/stock/{sku}:reserve, as stock.proto says.
    r.transcode('stock'),
    r.proxy('/pictures/{rest=**}', 'pictures', { rewrite: '/img/{rest=**}' }),
  ],
})
