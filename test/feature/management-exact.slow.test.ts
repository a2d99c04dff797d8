// Two gateways of four workers each, on one PostgreSQL and one Redis: what a key may is counted by all of them together.
import assert from 'node:assert/strict'
import { Agent, get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { Fleet, type Member } from '../support/fleet.ts'
import { requirePeer } from '../support/peer.ts'
import { Postgres } from '../support/postgres.ts'
import { RedisServer } from '../support/redis.ts'
import { TestUpstream } from '../support/upstream.ts'

/** Of a subscription. */
const QUOTA = 150
/** Of a key, which gets one more in six hours. */
const BURST = 100
/** At once, of each gateway: eight for each of its workers. */
const CONNECTIONS = 32

/** Where Redis is not heard in time a request is refused with 503, and may have been counted: never one more. */
const exact = { counters: 'Exact', onStoreError: 'Deny' }

const limits = [
  { name: 'yearly', kind: 'Quota', amount: QUOTA, per: 'Year', ...exact },
  { name: 'burst', kind: 'Rate', amount: 4, per: 'Day', burst: BURST, scope: 'Credential', ...exact },
]

test('a quota and a rate of keys are exact over two gateways of four workers', async t => {
  const program = requirePeer(t, 'redis-server')
  const postgres = program === null ? null : await Postgres.start(t)
  if (program === null || postgres === null) return
  await using database = postgres
  await using redis = await RedisServer.start(program)
  let reached = 0
  await using upstream = await TestUpstream.start((_, response) => {
    reached++
    response.end('here')
  })
  const args = ['--counters', redis.url]
  await using fleet = new Fleet({
    store: database.url(),
    upstream: upstream.port,
    limits,
    workers: 4,
    args,
  })
  const members = [await fleet.add(), await fleet.add()]
  const [a] = members as [Member, Member]
  const account = await a.ask('POST', '/accounts', { name: 'acme' })
  const { id: application } = await a.ask('POST', '/applications', { account: account['id'], name: 'shop' })
  const key = async (): Promise<string> =>
    String(
      (await a.ask('POST', `/applications/${String(application)}/credentials`, { kind: 'api-key' }))['key'],
    )
  const [one, two, other] = [await key(), await key(), await key()]
  const subscription = { application, product: 'default/pets', plan: 'default/free' }
  const { id } = await a.ask('POST', '/subscriptions', subscription)

  // Each gateway knows the last key, and each worker counts: what this takes is taken of the quota.
  let taken = 0
  let lost = 0
  for (const member of members)
    for (;;) {
      const status = await member.status(other)
      if (status === 200) taken++
      if (status === 200) break
      if (status === 503) lost++
      await later(20)
    }

  // The rate of the first key is less than what is left of the quota, which loses nothing by what the rate refuses.
  const first = await storm(members, one, 300)
  lost += first.lost
  assert.ok(first.served <= BURST && first.served + lost >= BURST, JSON.stringify(first))
  taken += first.served
  // Of the second key the quota, from which on the rate loses nothing.
  const second = await storm(members, two, 300)
  const [most, lostBefore] = [QUOTA - taken, lost]
  lost += second.lost
  assert.ok(second.served <= most && second.served + lost >= most, JSON.stringify({ second, most }))
  assert.ok(second.served <= BURST)
  assert.equal(reached, taken + second.served)
  assert.ok(lostBefore <= lost)

  const { items } = (await a.ask('GET', `/subscriptions/${String(id)}/limits`)) as {
    readonly items: readonly { readonly name: string; readonly used: number; readonly left: number }[]
  }
  const yearly = items.find(({ name }) => name === 'yearly')
  assert.deepEqual([yearly?.used, yearly?.left], [QUOTA, 0])
  // What was served has been taken of rates, and at most what was lost beside it.
  const rates = items.filter(({ name }) => name === 'burst').reduce((sum, { used }) => sum + used, 0)
  assert.ok(rates >= reached && rates <= reached + lost, `${rates} of ${reached}, ${lost} lost`)
})

interface Outcome {
  readonly served: number
  readonly refused: number
  /** Without an answer of Redis in time. */
  readonly lost: number
}

/** Until so many requests have been served or refused, over as many connections to all as there are. */
async function storm(members: readonly Member[], key: string, answers: number): Promise<Outcome> {
  const counts = { served: 0, refused: 0, lost: 0 }
  const client = async ({ place: { port } }: Member, agent: Agent): Promise<void> => {
    while (counts.served + counts.refused < answers) {
      const asking = get({ port, host: '127.0.0.1', agent, headers: { 'x-api-key': key } })
      const [response] = (await once(asking, 'response')) as [IncomingMessage]
      await once(response.resume(), 'end')
      const { statusCode } = response
      assert.ok([200, 429, 503].includes(statusCode ?? 0), String(statusCode))
      counts[statusCode === 200 ? 'served' : statusCode === 429 ? 'refused' : 'lost']++
      if (statusCode === 503) await later(20)
    }
  }
  await Promise.all(
    members.flatMap(member =>
      Array.from({ length: CONNECTIONS }, async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        await client(member, agent).finally(() => agent.destroy())
      }),
    ),
  )
  return counts
}
