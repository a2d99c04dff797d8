import { Type as T } from 'typebox'
import { storefront } from './storefront.ts'
import { defineGateway, http } from '../../src/composition/composition.ts'
import { testGateway } from '../../src/composition/testing.ts'

export const ada = { id: '7', name: 'Ada', tier: 'gold' } as const

/** The storefront with stubs that answer well. */
export async function storefrontUp() {
  const t = await testGateway(storefront)
  t.users.stub('GET /users/{id}', { ...ada, email: 'ada@example.com' })
  t.users.stub('GET /users/{id}/orders', [{ id: 'o1', total: 3 }])
  t.shop.stub('GET /tiers/{name}/book', ({ path }) => ({ title: `of ${path['name'] ?? ''}`, price: 9 }))
  return t
}

/** A gateway of one route, GET /, with backends `a` and `b`. */
export const one = (run: Parameters<typeof routeOf>[0], more: Parameters<typeof routeOf>[1] = {}) =>
  routeOf(run, more)

function routeOf(
  run: (c: { a: Http; b: Http }) => unknown,
  more: { readonly timeoutMs?: number; readonly partial?: 'header' | 'refuse' },
) {
  return defineGateway({
    backends: {
      a: http({ url: 'http://a', timeoutMs: 5_000 }),
      b: http({ url: 'http://b', timeoutMs: 5_000 }),
    },
    routes: r => [r.get('/', { out: T.Unknown(), ...more, run: ({ c }) => run(c) as Promise<unknown> })],
  })
}

export type Http = NonNullable<ReturnType<typeof http>['contract']>['client']
