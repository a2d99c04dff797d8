import { Type as T } from 'typebox'
import { all, defineGateway, http, rest, soft } from '../../src/composition/composition.ts'

/** Contracts as openapi-typescript and `composition gen` write them. */
export interface Users {
  '/users/{id}': {
    parameters: { query?: never; header?: never; path: { id: string }; cookie?: never }
    get: {
      parameters: { query?: never; header?: never; path: { id: string }; cookie?: never }
      requestBody?: never
      responses: {
        200: {
          headers: Record<string, unknown>
          content: { 'application/json': { id: string; name: string; tier: 'gold' | 'tin'; email?: string } }
        }
        404: { headers: Record<string, unknown>; content: { 'application/problem+json': { title: string } } }
      }
    }
    put?: never
    post?: never
    delete: {
      parameters: { path: { id: string } }
      responses: { 204: { headers: Record<string, unknown>; content?: never } }
    }
  }
  '/users/{id}/orders': {
    get: {
      parameters: { query?: { limit?: number }; path: { id: string } }
      responses: { 200: { content: { 'application/json': { id: string; total: number }[] } } }
    }
    post: {
      parameters: { path: { id: string } }
      requestBody: { content: { 'application/json': { item: string } } }
      responses: { 201: { content: { 'application/json': { id: string; total: number } } } }
    }
  }
}

export interface Shop {
  '/tiers/{name}/book': {
    get: {
      parameters: { path: { name: string } }
      responses: { 200: { content: { 'application/json': { title: string; price: number } } } }
    }
  }
}

export const Order = T.Object({ id: T.String(), total: T.Number() })
export const Home = T.Object({
  name: T.String(),
  orders: T.Array(Order),
  book: T.Union([T.Null(), T.Object({ title: T.String() })]),
})

/** A page of three calls, of which one depends on another and two may fail. */
export const storefront = defineGateway({
  title: 'Storefront',
  version: '1.0.0',
  backends: {
    users: rest<Users>({ url: 'http://users/api', timeoutMs: 800, retry: { attempts: 2, budget: 0.1 } }),
    shop: rest<Shop>({
      url: 'http://shop',
      timeoutMs: 500,
      deadlineHeader: 'X-Deadline-Ms',
      relay: ['authorization'],
    }),
    legacy: http({ url: 'http://legacy' }),
  },
  timeoutMs: 1_000,
  failures: [{ backend: 'users', status: 404, answer: { status: 404, title: 'No such user' } }],
  routes: r => [
    r.get('/me/{id}/home', {
      summary: 'What the first page shows',
      operationId: 'getHome',
      out: Home,
      calls: ['users GET /users/{id}', 'users GET /users/{id}/orders', 'shop GET /tiers/{name}/book'],
      async run({ c, params }) {
        const user = c.users.get('/users/{id}', { path: { id: params.id } })
        const orders = c.users.get('/users/{id}/orders', { path: { id: params.id } })
        const book = user.then(u => c.shop.get('/tiers/{name}/book', { path: { name: u.tier } }))
        const x = await all({ user, orders: soft(orders, []), book: soft(book, null) })
        return { name: x.user.name, orders: x.orders, book: x.book }
      },
    }),
    r.post('/me/{id}/orders', {
      in: { body: T.Object({ item: T.String({ minLength: 1 }) }) },
      out: Order,
      status: 201,
      async run({ c, params, body }) {
        return await c.users.post('/users/{id}/orders', { path: { id: params.id }, body })
      },
    }),
    r.get('/report', {
      in: { query: T.Object({ year: T.Integer(), tags: T.Optional(T.Array(T.String())) }) },
      out: T.Object({ lines: T.Integer() }),
      async run({ c, query }) {
        const answer = await c.legacy.get('/report/{year}', { path: { year: query.year } })
        return { lines: answer.text().split('\n').length }
      },
    }),
  ],
})
