import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'

interface User {
  readonly id: string
  readonly name: string
  readonly tier: string
  readonly address: { readonly city: string; readonly street: string }
}

interface Order {
  readonly id: string
  readonly total: number
  /** What clients must not see. */
  readonly margin: number
}

const users: readonly User[] = [
  { id: '7', name: 'Ada', tier: 'gold', address: { city: 'Wien', street: 'Lange Gasse' } },
  { id: '8', name: 'Bob', tier: 'tin', address: { city: 'Graz', street: 'Am Damm' } },
]

/** Users and their orders, which it keeps in memory. */
export function usersServer(): Server {
  const orders = new Map<string, Order[]>([['7', [{ id: 'o-1', total: 12.5, margin: 5 }]]])
  /** What was ordered by a key that is sent again. */
  const done = new Map<string, Order>()

  const order = async (request: IncomingMessage, id: string): Promise<Order> => {
    const { items, tier } = (await json(request)) as {
      readonly items: readonly string[]
      readonly tier: string
    }
    const key = String(request.headers['idempotency-key'])
    const known = done.get(key)
    if (known !== undefined) return known
    const made = { id: `o-${done.size + 2}`, total: items.length * (tier === 'gold' ? 4 : 5), margin: 1 }
    done.set(key, made)
    orders.set(id, [made, ...(orders.get(id) ?? [])])
    return made
  }

  return serving(async request => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://users')
    const [, id, isOrders] = /^\/users\/(\w+)(\/orders)?$/.exec(pathname) ?? []
    const user = users.find(one => one.id === id)
    if (user === undefined) return null
    if (isOrders === undefined) return user
    if (request.method === 'POST') return await order(request, user.id)
    return { items: (orders.get(user.id) ?? []).slice(0, Number(searchParams.get('limit') ?? 10)) }
  })
}

/** The best offer of each tier; there is none for tin. */
export function offersServer(): Server {
  return serving(request =>
    Promise.resolve(request.url === '/tiers/gold/best' ? { title: 'Tea, first flush', price: 4 } : null),
  )
}

/** What it answers as JSON; null is 404. */
function serving(answer: (request: IncomingMessage) => Promise<object | null>): Server {
  const say = (response: ServerResponse, value: object | null): void => {
    response.writeHead(value === null ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value ?? { title: 'Not found' }))
  }
  return createServer((request, response) => {
    answer(request).then(
      value => say(response, value),
      () => response.destroy(),
    )
  })
}
