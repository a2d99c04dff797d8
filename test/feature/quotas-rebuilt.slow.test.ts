import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { requirePeer } from '../support/peer.ts'
import { petsPlans, petsSite, quota } from '../support/pets.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { ours } from '../support/published.ts'
import { RedisServer } from '../support/redis.ts'
import { yamlOf } from '../support/resources.ts'
import { engines, opened, Places } from '../support/stores.ts'

// Quotas that were not kept are counted by the ledger of usage: on the real program, with what a client sees.

const TOKEN = 'a-token-that-is-long-enough'

const plans: Readonly<Record<string, readonly object[]>> = {
  free: [
    quota('yearly', 20),
    quota('each', 9, { scope: 'Operation' }),
    quota('key', 40, { scope: 'Credential' }),
    quota('data', 1_000_000, { unit: 'Bytes', operations: ['list'] }),
    quota('ever', 1_000, { per: 'Lifetime' }),
    quota('together', 500, { counters: 'Exact' }),
  ],
  // Nothing of it has the name and the period of a limit of the other.
  gold: [quota('big', 100, { anchor: 'Subscription' }), quota('lot', 30, { counters: 'Exact' })],
}

const site = (port: number, upstream: number, of = plans): string => {
  const specs = Object.entries(of).map(([name, limits]) => [name, { limits }])
  return [petsSite(port, upstream), petsPlans(Object.fromEntries(specs) as Record<string, object>)].join(
    '\n---\n',
  )
}

/** For whatever comes to the Gateway, which no ledger has. */
const limits = yamlOf(
  ours('RateLimitPolicy', 'limits', {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
    limits: [
      quota('whole', 100, { by: 'All' }),
      quota('apps', 200, { by: 'Application', counters: 'Exact' }),
      quota('keys', 300, { by: 'Identity' }),
    ],
  }),
)

interface Told {
  readonly name: string
  readonly operation: string | null
  readonly used: number
  readonly known: boolean
}

/** A gateway that ends and begins again, on one store. */
class World {
  readonly port: number
  readonly upstream: number
  readonly resources = new Folder()
  readonly secrets = new Folder()
  readonly redis: RedisServer
  url: string
  data = new Folder()
  run: RunProcess | null = null

  private constructor(
    t: TestContext,
    given: { port: number; upstream: number; redis: RedisServer; url: string },
  ) {
    this.port = given.port
    this.upstream = given.upstream
    this.redis = given.redis
    this.url = given.url
    writeFileSync(join(this.secrets.path, 'admin-token'), TOKEN)
    const pepper = Buffer.alloc(32, 7).toString('base64')
    this.secrets.write('peppers.json', JSON.stringify({ current: 1, peppers: { 1: pepper } }))
    this.resources.write('site.yaml', site(this.port, this.upstream))
    t.after(() => this.close())
  }

  static async make(t: TestContext, places: Places): Promise<World | null> {
    const program = requirePeer(t, 'redis-server')
    if (program === null) return null
    const url = await places.url(t)
    if (url === null) return null
    const redis = await RedisServer.start(program)
    t.after(() => redis[Symbol.asyncDispose]())
    const server = createServer((request, response) => request.resume().on('end', () => response.end('ok')))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    return new World(t, {
      port: await freePort(),
      upstream: (server.address() as AddressInfo).port,
      redis,
      url,
    })
  }

  /** The file of the store is apart from what the gateway keeps of its own. */
  async start(): Promise<void> {
    const { data, secrets, url, redis } = this
    const store = url.startsWith('postgres') ? ['--store', url] : []
    const args = ['--data', data.path, '--secrets', secrets.path, '--counters', redis.url, '--workers', '2']
    this.run = await RunProcess.start([this.resources.path], ...args, ...store)
    await this.run.started()
  }

  /** Another folder of data: of another gateway. */
  move(data: Folder): void {
    this.data[Symbol.dispose]()
    this.data = data
  }

  get place(): string {
    return this.url.startsWith('postgres') ? this.url : join(this.data.path, 'store.db')
  }

  async ask<T = Record<string, string>>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.run!.admin}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }

  async subscribe(application: string, plan = 'free'): Promise<string> {
    return (await this.ask('POST', '/subscriptions', { application, product: 'pets', plan }))['id']!
  }

  /** What is used of each limit, as it is counted where it is counted. */
  async used(subscription: string): Promise<Readonly<Record<string, number>>> {
    const { items } = await this.ask<{ items: readonly Told[] }>(
      'GET',
      `/subscriptions/${subscription}/limits`,
    )
    return Object.fromEntries(
      items
        .filter(({ known }) => known)
        .map(({ name, operation, used }) => [operation === null ? name : `${name} ${operation}`, used]),
    )
  }

  /** Until these have these numbers; tells the last that was seen where that takes too long. */
  async untilUsed(subscription: string, wanted: Readonly<Record<string, number>>): Promise<void> {
    for (let i = 0; ; i++) {
      const used = await this.used(subscription)
      const found = Object.fromEntries(Object.keys(wanted).map(name => [name, used[name]]))
      if (isDeepStrictEqual(found, wanted)) return
      if (i === 600) assert.deepEqual(found, wanted)
      await later(50)
    }
  }

  /** So many requests are in the ledger. */
  async untilInLedger(requests: number): Promise<void> {
    for (;;) {
      const { total } = await this.ask<{ total: { requests: number } }>('GET', '/usage')
      if (total.requests >= requests) return
      await later(50)
    }
  }

  /** What is left of limits for who has the key, without taking any, by their names. */
  async left(key: string, ...names: readonly string[]): Promise<readonly (number | undefined)[]> {
    const { text } = await this.ask<{ text: string }>('POST', '/explain', {
      method: 'GET',
      url: `http://127.0.0.1:${this.port}/pets`,
      headers: [{ name: 'X-API-Key', value: key }],
      client: '127.0.0.1',
    })
    return names.map(name => {
      const found = new RegExp(`^ +${name}: .*left (\\d+)`, 'm').exec(text)
      return found === null ? undefined : Number(found[1])
    })
  }

  async untilLeft(key: string, wanted: Readonly<Record<string, number>>): Promise<void> {
    for (let i = 0; ; i++) {
      const left = await this.left(key, ...Object.keys(wanted))
      if (isDeepStrictEqual(left, Object.values(wanted))) return
      if (i === 600) assert.deepEqual(left, Object.values(wanted))
      await later(50)
    }
  }

  async send(key: string, method = 'GET'): Promise<number> {
    const body = method === 'POST' ? { body: '12345' } : {}
    return (await send(this.port, { method, path: '/pets', headers: { 'X-API-Key': key }, ...body })).status
  }

  private async close(): Promise<void> {
    await this.run?.[Symbol.asyncDispose]()
    for (const folder of [this.resources, this.secrets, this.data]) folder[Symbol.dispose]()
  }
}

const free = { yearly: 6, key: 6, 'each list': 4, 'each create': 2, data: 8, ever: 6, together: 6 }

for (const engine of engines)
  suite(`quotas of a ledger in ${engine}`, { timeout: 170_000 }, () => {
    const places = new Places(engine)

    test('go on where they were when counters are lost, by a death, in the store, and in Redis', async t => {
      const world = await World.make(t, places)
      if (world === null) return
      await world.start()
      const account = await world.ask('POST', '/accounts', { name: 'acme' })
      const { id: app = '' } = await world.ask('POST', '/applications', {
        account: account['id'],
        name: 'shop',
      })
      const { key = '' } = await world.ask('POST', `/applications/${app}/credentials`, { kind: 'api-key' })
      const subscription = await world.subscribe(app)
      for (let i = 0; i < 4; i++) assert.equal(await world.send(key), 200)
      for (let i = 0; i < 2; i++) assert.equal(await world.send(key, 'POST'), 200)
      await world.untilInLedger(6)
      await world.untilUsed(subscription, free)

      // Without a notice; and then nothing is there of what was counted.
      await world.run!.stop('SIGKILL')
      const store = await opened(t, world.place)
      await store.write(async ({ db }) => void (await db.deleteFrom('quotaCounters').execute()))
      await store.close()
      await world.redis.kill()
      await world.redis.begin()
      await world.start()
      await world.untilUsed(subscription, free)
      assert.equal(await world.send(key), 200)
      await world.untilUsed(subscription, {
        ...free,
        yearly: 7,
        key: 7,
        'each list': 5,
        data: 10,
        ever: 7,
        together: 7,
      })

      // Redis alone, while the gateway runs: it is the same again, and goes on from there.
      await world.untilInLedger(7)
      await world.redis.kill()
      await world.redis.begin()
      await world.untilUsed(subscription, { together: 7, yearly: 7 })
      assert.equal(await world.send(key), 200)
      await world.untilUsed(subscription, { together: 8, yearly: 8 })

      // Another plan, whose limits have other names and windows; and back.
      await world.untilInLedger(8)
      await world.ask('PATCH', `/subscriptions/${subscription}`, { plan: 'gold' })
      await world.untilUsed(subscription, { big: 8, lot: 8 })
      for (let i = 0; i < 3; i++) assert.equal(await world.send(key), 200)
      await world.untilInLedger(11)
      await world.ask('PATCH', `/subscriptions/${subscription}`, { plan: 'free' })
      await world.untilUsed(subscription, { yearly: 11, together: 11, ever: 11, 'each list': 9 })
      assert.equal(await world.send(key), 429)

      // Who takes another subscription of the product has used what he has used.
      await world.ask('POST', `/subscriptions/${subscription}/cancel`, {})
      const second = await world.subscribe(app)
      await world.untilUsed(second, { yearly: 11, key: 11, together: 11, ever: 11, 'each list': 9 })
      assert.equal(await world.send(key), 429)
      assert.equal(await world.send(key, 'POST'), 200)

      // A limit that a plan has from now on.
      await world.untilInLedger(14)
      const more = { ...plans, free: [...plans['free']!, quota('posts', 50, { operations: ['create'] })] }
      world.resources.write('site.yaml', site(world.port, world.upstream, more))
      await world.untilUsed(second, { posts: 3 })

      const from = `--admin http://127.0.0.1:${world.run!.admin} --token ${TOKEN}`
      const shown = await portcullis(['subscriptions', 'show', second, ...from.split(' ')])
      assert.equal(shown.code, 0, shown.stderr)
      assert.match(shown.stdout, /^LIMIT +OF +AMOUNT +USED +LEFT +RENEWS$/m)
      assert.match(shown.stdout, /^each +list +9 a year +9 +0 +\d{4}-01-01 /m)
      assert.match(shown.stdout, /^ever +1000 ever +12 +988 +never$/m)
    })

    test('of plans and of policies are what they were in another gateway, on the same store and on one that was restored', async t => {
      const world = await World.make(t, places)
      if (world === null) return
      world.resources.write('limits.yaml', limits)
      await world.start()
      const account = await world.ask('POST', '/accounts', { name: 'acme' })
      const { id: app = '' } = await world.ask('POST', '/applications', {
        account: account['id'],
        name: 'shop',
      })
      const key = async (): Promise<string> =>
        (await world.ask('POST', `/applications/${app}/credentials`, { kind: 'api-key' }))['key']!
      const [one, two] = [await key(), await key()]
      const subscription = await world.subscribe(app)
      for (let i = 0; i < 4; i++) assert.equal(await world.send(one), 200)
      for (let i = 0; i < 2; i++) assert.equal(await world.send(two), 200)
      await world.untilInLedger(6)
      // Of the plan its quota for each key; of the policy those of all, of each application, of each key.
      const firsts = { key: 36, whole: 94, apps: 194, keys: 296 }
      const seconds = { key: 38, whole: 94, apps: 194, keys: 298 }
      await world.untilLeft(one, firsts)
      await world.untilLeft(two, seconds)
      const store = await opened(t, world.place)
      const kept = () =>
        store.db
          .selectFrom('quotaCounters')
          .select('used')
          .where('key', 'like', '%default/limits %')
          .orderBy('used')
          .execute()
      while (
        !isDeepStrictEqual(
          (await kept()).map(({ used }) => used),
          [2, 4, 6, 6],
        )
      )
        await later(50)
      await store.close()
      const from = ['--admin', `http://127.0.0.1:${world.run!.admin}`, '--token', TOKEN]
      const file = join(world.secrets.path, 'backup.jsonl')
      const backup = await portcullis(['backup', file, ...from])
      assert.equal(backup.code, 0, backup.stderr)
      await world.run!.stop()

      if (engine === 'postgres') {
        world.move(new Folder())
        await world.start()
        await world.untilLeft(one, firsts)
        await world.untilLeft(two, seconds)
        await world.run!.stop()
      }

      // Nothing is there any more but the backup; Redis has lost what it had as well.
      world.move(new Folder())
      await world.redis.kill()
      await world.redis.begin()
      if (engine === 'postgres') world.url = (await places.url(t))!
      const into = engine === 'postgres' ? ['--store', world.url] : ['--data', world.data.path]
      const restored = await portcullis(['restore', file, ...into])
      assert.equal(restored.code, 0, restored.stderr)
      await world.start()
      await world.untilUsed(subscription, { yearly: 6, ever: 6, together: 6, 'each list': 6 })
      await world.untilLeft(one, firsts)
      await world.untilLeft(two, seconds)
      assert.equal(await world.send(one), 200)
      await world.untilLeft(one, { key: 35, whole: 93, apps: 193, keys: 295 })

      // Redis alone: applications are counted there.
      await world.redis.kill()
      await world.redis.begin()
      await world.untilLeft(one, { key: 35, whole: 93, apps: 193, keys: 295 })
    })
  })
