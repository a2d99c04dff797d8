import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SUBSCRIPTIONS } from '../../src/roles/management/rows.ts'
import { send, type Answer } from '../support/client.ts'
import { putKey, putPeppers } from '../support/credentials.ts'
import { subscriptionRow } from '../support/limit-rows.ts'
import { petsPlans, petsSite, quota } from '../support/pets.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { ours } from '../support/published.ts'
import { yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { opened } from '../support/stores.ts'
import { TestUpstream } from '../support/upstream.ts'

// Two workers on real sockets; keys and subscriptions as the service writes them into tables.

const plans = (limits: readonly object[], more: object = {}, product: object = {}): string =>
  petsPlans({ free: { limits, ...more } }, product)

/** An application that has subscribed, and its key. */
function subscribe({ workers: { tables } }: Served, application: string, plan = 'default/free'): string {
  putPeppers(tables)
  const row = subscriptionRow(`subscription of ${application}`, plan)
  tables.patch(SUBSCRIPTIONS, { put: [[`${application} default/pets`, { ...row }]] })
  return putKey(tables, { application, credential: `key of ${application}` }).text
}

const withKey = (key: string, more: object = {}): Parameters<typeof send>[1] => ({
  path: '/pets',
  headers: { 'X-API-Key': key },
  ...more,
})

/** Asks so often, a few at a time, and tells how many were answered by each status. */
async function ask(times: number, one: () => Promise<Answer>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  let left = times
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const { status } = await one()
      counts[status] = (counts[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 6 }, client))
  return counts
}

suite('a plan', () => {
  test('is held by the workers together, for each subscription, and told in every answer', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    const limits = [quota('yearly', 40), { name: 'burst', kind: 'Rate', amount: 1_000, per: 'Day' }]
    await using served = await Served.start({
      'site.yaml': petsSite(port, upstream.port),
      'plans.yaml': plans(limits),
    })
    const [one, two] = [subscribe(served, 'one'), subscribe(served, 'two')]
    const first = await send(port, withKey(one))
    assert.equal(first.status, 200)
    assert.match(
      String(first.headers['ratelimit-policy']),
      /^"yearly";q=40;w=31\d{6}, "burst";q=1000;w=86400$/,
    )
    assert.match(String(first.headers['ratelimit']), /^"yearly";r=39;t=\d+, "burst";r=999;t=\d+$/)
    assert.deepEqual(await ask(60, () => send(port, withKey(one))), { 200: 39, 429: 21 })
    const denied = await send(port, withKey(one))
    assert.equal(denied.headers['content-type'], 'application/problem+json')
    const retry = Number(denied.headers['retry-after'])
    assert.ok(retry > 0 && retry <= 366 * 86_400)
    // What is refused took nothing of the burst: forty of it are paid for in an hour.
    assert.match(String(denied.headers['ratelimit']), /^"yearly";r=0;t=\d+, "burst";r=96\d;t=\d+$/)
    const { exchange: _, ...problem } = JSON.parse(denied.body) as Record<string, unknown>
    assert.deepEqual(problem, {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'The quota of the plan is used up',
      status: 429,
      reason: 'plan_quota_exceeded',
      'violated-policies': ['yearly'],
    })
    assert.equal((await send(port, withKey(two))).status, 200)
    // A worker that takes the place of another knows what was counted.
    await served.workers.replace(served.workers.ids[0]!)
    assert.deepEqual(await ask(4, () => send(port, withKey(one))), { 429: 4 })
    // More of the same limit: what was used stays used.
    await served.change('plans.yaml', plans([quota('yearly', 50)]))
    assert.deepEqual(await ask(20, () => send(port, withKey(one))), { 200: 10, 429: 10 })
  })

  test('opens what its product has, to who has subscribed to it, as long as that is active', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    const product = { apis: [{ name: 'pets', operations: ['list'] }] }
    await using served = await Served.start({
      'site.yaml': petsSite(port, upstream.port),
      'plans.yaml': plans([], {}, product),
    })
    const key = subscribe(served, 'one')
    const reason = async (options: Parameters<typeof send>[1]): Promise<unknown> => {
      const { status, body } = await send(port, options)
      return status === 200 ? 200 : [status, (JSON.parse(body) as { reason: string }).reason]
    }
    assert.equal(await reason(withKey(key)), 200)
    assert.deepEqual(await reason(withKey(key, { method: 'POST' })), [403, 'operation_not_in_product'])
    const stranger = putKey(served.workers.tables, { application: 'stranger', credential: 'other' }).text
    assert.deepEqual(await reason(withKey(stranger)), [403, 'subscription_required'])
    assert.equal(((await reason({ path: '/pets' })) as unknown[])[0], 401)
    const { tables } = served.workers
    const row = { ...subscriptionRow('s', 'default/free') }
    tables.patch(SUBSCRIPTIONS, { put: [['one default/pets', { ...row, status: 'suspended' }]] })
    assert.deepEqual(await reason(withKey(key)), [403, 'subscription_inactive'])
    tables.patch(SUBSCRIPTIONS, { put: [['one default/pets', row]] })
    assert.equal(await reason(withKey(key)), 200)
  })

  test('has what a request costs from the backend, and bytes when they have passed', async () => {
    await using upstream = await TestUpstream.start((_, response) => {
      response.setHeader('X-Cost', '7')
      response.end('x'.repeat(1_000))
    })
    const port = await freePort()
    const limits = [quota('units', 20, { unit: 'Cost' }), quota('traffic', 5_000, { unit: 'Bytes' })]
    await using served = await Served.start({
      'site.yaml': petsSite(port, upstream.port),
      'plans.yaml': plans(limits, { costHeader: 'X-Cost' }),
    })
    const key = subscribe(served, 'one')
    const states: unknown[] = []
    for (let i = 0; i < 4; i++) {
      const { status, headers } = await send(port, withKey(key))
      assert.equal(headers['x-cost'], undefined)
      states.push([status, String(headers['ratelimit']).replaceAll(/;t=\d+/g, '')])
    }
    assert.deepEqual(states, [
      [200, '"units";r=13, "traffic";r=5000'],
      [200, '"units";r=6, "traffic";r=4000'],
      [200, '"units";r=0, "traffic";r=3000'],
      [429, '"units";r=0, "traffic";r=2000'],
    ])
  })

  test('for who brings no credential counts each client', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    await using served = await Served.start({
      'site.yaml': petsSite(port, upstream.port),
      'plans.yaml': plans([quota('trial', 3)], {}, { anonymousPlan: { name: 'free' } }),
    })
    const key = subscribe(served, 'one')
    assert.deepEqual(await ask(5, () => send(port, { path: '/pets' })), { 200: 3, 429: 2 })
    assert.equal((await send(port, withKey(key))).status, 200)
    assert.equal((await send(port, withKey(`${key}x`))).status, 401)
  })
})

/** Waits until so much of a quota is in the store, while the gateway goes on. */
async function written(t: TestContext, file: string, used: number): Promise<void> {
  const store = await opened(t, file)
  for (;;) {
    const rows = await store.db.selectFrom('quotaCounters').select('used').execute()
    if (rows.some(row => row.used === used)) return
    await setImmediate()
  }
}

suite('quotas', () => {
  const policy = yamlOf(
    ours('RateLimitPolicy', 'all', {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'r' }],
      limits: [quota('yearly', 1_000_000, { by: 'All' })],
    }),
  )
  const left = async (port: number): Promise<number> => {
    const { headers } = await send(port, { path: '/pets' })
    return Number(/r=(\d+)/.exec(String(headers['ratelimit']))?.[1])
  }

  test('survive an end, and a death without notice but for its last moment', async t => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    using folder = new Folder({ 'site.yaml': petsSite(port, upstream.port), 'limits.yaml': policy })
    using data = new Folder()
    const start = async (): Promise<RunProcess> => {
      const run = await RunProcess.start([folder.path], '--data', data.path, '--workers', '2')
      t.after(() => run[Symbol.asyncDispose]())
      await run.started()
      return run
    }
    const first = await start()
    await ask(50, () => send(port, { path: '/pets' }))
    assert.equal(await left(port), 1_000_000 - 51)
    await first.stop()
    const second = await start()
    assert.equal(await left(port), 1_000_000 - 52)
    await ask(300, () => send(port, { path: '/pets' }))
    await written(t, `${data.path}/store.db`, 352)
    // Asks until it dies.
    const answered: number[] = []
    const asking = ask(1_000_000, async () => {
      const answer = await send(port, { path: '/pets' })
      answered.push(performance.now())
      return answer
    }).catch(() => {})
    while (answered.length < 500) await setImmediate()
    const killedMs = performance.now()
    await second.stop('SIGKILL')
    await asking
    await start()
    const counted = 1_000_000 - (await left(port)) - 1 - 352
    assert.ok(counted >= 0 && counted <= answered.length + 6, `${counted} of ${answered.length}`)
    const oldestMs = Math.round(killedMs - (answered[counted] ?? killedMs))
    t.diagnostic(
      `${answered.length - counted} of ${answered.length} were forgotten, the oldest of ${oldestMs} ms ago`,
    )
  })
})
