/**
 * What the engine takes for a request that becomes three calls: microseconds of CPU, the same route in code and in YAML,
 * over a transport that has the answers already. `node bench/micro/aggregate.ts [rounds]`
 */
import assert from 'node:assert/strict'
import { Type as T } from 'typebox'
import { all, defineGateway, http } from '../../src/composition/composition.ts'
import { gatewayOfAggregate } from '../../src/composition/aggregate/aggregate.ts'
import { Engine } from '../../src/composition/engine/engine.ts'
import type { Gateway } from '../../src/composition/routes/gateway.ts'
import type { Transport } from '../../src/composition/transport/transport.ts'
import { WholeBody } from '../../src/composition/transport/whole-body.ts'
import { systemClock } from '../../src/upstream/clock.ts'

const rounds = Number(process.argv[2] ?? 20)
const BATCH = 64
const BATCHES = 100

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const answers: Record<string, Uint8Array> = {
  '/users/7': json({ id: '7', name: 'Ada', tier: 'gold', email: 'ada@example.com' }),
  '/users/7/orders': json(Array.from({ length: 5 }, (_, i) => ({ id: `o${i}`, total: i, margin: i / 2 }))),
  '/users/7/offers': json({ best: 'books', until: '2027-01-01' }),
}
const headers = { 'content-type': 'application/json' }
const transport: Transport = {
  retries: true,
  send: ({ call, target }) =>
    Promise.resolve({ status: 200, headers, body: new WholeBody(call, answers[target]!) }),
}

const inCode = defineGateway({
  backends: { users: http({ url: 'http://users' }) },
  routes: r => [
    r.get('/me/{id}/home', {
      out: T.Object({
        user: T.Object({ name: T.String(), tier: T.String() }),
        orders: T.Array(T.Object({ id: T.String(), total: T.Number() })),
        offers: T.Object({ best: T.String() }),
      }),
      async run({ c, params }) {
        const path = { id: params.id }
        const { user, orders, offers } = await all({
          user: c.users.get('/users/{id}', { path }),
          orders: c.users.get('/users/{id}/orders', { path }),
          offers: c.users.get('/users/{id}/offers', { path }),
        })
        return { user: user.json(), orders: orders.json(), offers: offers.json() } as never
      },
    }),
  ],
})

const inYaml = gatewayOfAggregate({
  backends: { users: {} },
  routes: [
    {
      path: '/me/{id}/home',
      parts: {
        user: { backend: 'users', path: '/users/{params.id}', allow: ['name', 'tier'] },
        orders: { backend: 'users', path: '/users/{params.id}/orders', allow: ['id', 'total'] },
        offers: { backend: 'users', path: '/users/{params.id}/offers', allow: ['best'] },
      },
    },
  ],
})

/** Both are to answer the same. */
const EXPECTED = JSON.stringify({
  user: { name: 'Ada', tier: 'gold' },
  orders: Array.from({ length: 5 }, (_, i) => ({ id: `o${i}`, total: i })),
  offers: { best: 'books' },
})

async function measure(gateway: unknown): Promise<number> {
  const engine = new Engine(gateway as Gateway, { transport, clock: systemClock })
  const ask = () =>
    engine.answer({
      method: 'GET',
      target: '/me/7/home',
      headers: {},
      body: null,
      signal: new AbortController().signal,
    })
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < BATCHES; i++) await Promise.all(Array.from({ length: BATCH }, ask))
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / (BATCH * BATCHES))
  }
  const { body } = await ask()
  assert.equal(body, EXPECTED)
  return times.sort((a, b) => a - b)[Math.floor(rounds / 4)]!
}

console.log('in code', (await measure(inCode)).toFixed(1), 'µs')
console.log('in YAML', (await measure(inYaml)).toFixed(1), 'µs')
