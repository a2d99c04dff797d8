// The pages as a composition in code.
import { Type as T } from 'typebox'
import { all, defineGateway, rest, soft } from 'portcullis/composition'
import type { Clients } from 'portcullis/composition'

import { noPart, PAGE_TIMEOUT_MS, PART_TIMEOUT_MS } from './part.ts'
import type { Part } from './part.ts'

interface OfPart {
  get: {
    parameters: { path: { name: string; id: string } }
    responses: { 200: { content: { 'application/json': Part } } }
  }
}
interface Paths {
  '/parts/{name}/{id}': OfPart
  '/slow/{name}/{id}': OfPart
  '/failing/{name}/{id}': OfPart
}

const Shown = T.Object({
  name: T.String(),
  items: T.Array(T.Object({ id: T.String(), total: T.Number() })),
})
const Three = T.Object({ profile: Shown, orders: Shown, offers: Shown })
const Ten = T.Object({
  ...Three.properties,
  cart: Shown,
  wishes: Shown,
  reviews: Shown,
  points: Shown,
  messages: Shown,
  devices: Shown,
  addresses: Shown,
})

const backends = { parts: rest<Paths>({ url: 'http://backend', timeoutMs: PART_TIMEOUT_MS }) }
const part = (c: Clients<typeof backends>, name: string, id: string) =>
  c.parts.get('/parts/{name}/{id}', { path: { name, id } })

export const gateway = defineGateway({
  title: 'Pages',
  version: '1',
  timeoutMs: PAGE_TIMEOUT_MS,
  backends,
  routes: r => [
    r.get('/one/{id}', {
      out: T.Object({ profile: Shown }),
      run: ({ c, params: { id } }) => all({ profile: part(c, 'profile', id) }),
    }),
    r.get('/three/{id}', {
      out: Three,
      run: ({ c, params: { id } }) =>
        all({
          profile: part(c, 'profile', id),
          orders: part(c, 'orders', id),
          offers: part(c, 'offers', id),
        }),
    }),
    r.get('/ten/{id}', {
      out: Ten,
      run: ({ c, params: { id } }) =>
        all({
          profile: part(c, 'profile', id),
          orders: part(c, 'orders', id),
          offers: part(c, 'offers', id),
          cart: part(c, 'cart', id),
          wishes: part(c, 'wishes', id),
          reviews: part(c, 'reviews', id),
          points: part(c, 'points', id),
          messages: part(c, 'messages', id),
          devices: part(c, 'devices', id),
          addresses: part(c, 'addresses', id),
        }),
    }),
    r.get('/slow/{id}', {
      out: Three,
      run: ({ c, params: { id } }) =>
        all({
          profile: part(c, 'profile', id),
          orders: c.parts.get('/slow/{name}/{id}', { path: { name: 'orders', id } }),
          offers: part(c, 'offers', id),
        }),
    }),
    r.get('/failing/{id}', {
      out: Three,
      run: ({ c, params: { id } }) =>
        all({
          profile: part(c, 'profile', id),
          orders: part(c, 'orders', id),
          offers: soft(c.parts.get('/failing/{name}/{id}', { path: { name: 'offers', id } }), noPart),
        }),
    }),
  ],
})
