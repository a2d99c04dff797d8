import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { components } from '../.portcullis/shop.d.ts'

type Schemas = components['schemas']

const customers: readonly Schemas['Customer'][] = [
  { id: '7', name: 'Ada', tier: 'gold', email: 'ada@example.com' },
  { id: '8', name: 'Bob', tier: 'tin' },
]

const offers: Readonly<Record<Schemas['Tier'], Schemas['Offer']>> = {
  gold: { sku: 'tea', title: 'Tea, first flush' },
  tin: { sku: 'mug', title: 'A mug' },
}

const PRICES: Readonly<Record<string, number>> = { tea: 4, mug: 9 }

/** The REST API of contracts/shop.yaml, which keeps its orders in memory. */
export function shopServer(): Server {
  const orders = new Map<string, Schemas['Order'][]>([
    ['7', [{ id: 'o-1', sku: 'mug', price: 9, margin: 5 }]],
  ])
  /** What was ordered by a key that is sent again. */
  const done = new Map<string, Schemas['Order']>()

  const order = async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
    const key = String(request.headers['idempotency-key'])
    const { sku, price } = (await json(request)) as Schemas['NewOrder']
    if (PRICES[sku] !== price) return say(response, 409, { title: 'Another price' })
    const made = done.get(key) ?? { id: `o-${done.size + 2}`, sku, price, margin: 1 }
    if (!done.has(key)) orders.set(id, [made, ...(orders.get(id) ?? [])])
    done.set(key, made)
    say(response, 201, made)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [what, id = '', more] = (request.url ?? '').split('/').slice(1)
    const customer = customers.find(one => one.id === id)
    if (what === 'offers') return say(response, 200, offers[id as Schemas['Tier']])
    if (what !== 'customers' || customer === undefined) return say(response, 404, { title: 'Not found' })
    if (more === undefined) return say(response, 200, customer)
    if (request.method === 'POST') return await order(request, response, id)
    say(response, 200, orders.get(id) ?? [])
  }
  return createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
}

function say(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
