// What a gateway counts of an API: every request, whoever asked and however it ended, once.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'
import type { Usage, UsageItem } from '../../src/api/shapes/usage.ts'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { ours } from '../support/published.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { engines, Places } from '../support/stores.ts'
import { TestUpstream } from '../support/upstream.ts'

const does = (operationId: string): object => ({
  operationId,
  responses: { 200: { description: '' } },
})

const document = {
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1' },
  paths: {
    '/pets': { get: does('listPets'), post: does('createPet') },
    '/broken': { get: does('breakPet') },
  },
}

const yaml = (port: number, upstream: number, nobody: number): string =>
  yamlOf(
    gateway([{ name: 'http', port }]),
    backend('pets', [upstream]),
    backend('nobody', [nobody]),
    httpRoute('pets', {
      rules: [{ matches: [prefix('/broken')], backendRefs: [to('nobody')] }, { backendRefs: [to('pets')] }],
    }),
    ours('API', 'petstore', { routeRefs: [{ name: 'pets' }], openapi: { document } }),
    ours('Product', 'pets', { apis: [{ name: 'petstore' }], plans: [{ name: 'gold' }, { name: 'tiny' }] }),
    ours('Plan', 'gold', { title: 'Gold' }),
    ours('Plan', 'tiny', { limits: [{ name: 'daily', kind: 'Quota', amount: 2, per: 'Lifetime' }] }),
  )

/** A gateway with an API, whose users come by commands. */
class Shop implements AsyncDisposable {
  readonly port: number
  run: RunProcess
  private readonly folder: Folder
  private readonly store: string
  private readonly backend: TestUpstream
  private readonly sockets: WebSocketServer

  private constructor(port: number, run: RunProcess, folder: Folder, store: string, upstream: TestUpstream) {
    this.port = port
    this.run = run
    this.folder = folder
    this.store = store
    this.backend = upstream
    this.sockets = new WebSocketServer({ noServer: true })
    upstream.server.on('upgrade', (request, socket, head) => {
      this.sockets.handleUpgrade(request, socket, head, opened => {
        opened.on('message', data => opened.send(data))
      })
    })
  }

  static async open(store: string): Promise<Shop> {
    const upstream = await TestUpstream.start((request, response) => {
      request.resume().on('end', () => {
        // In two pieces, of a length that nobody knows before.
        response.write('hello ')
        response.end('world')
      })
    })
    const port = await freePort()
    const folder = new Folder({ 'shop.yaml': yaml(port, upstream.port, await freePort()) })
    shareSecrets(join(folder.path, '.data', 'secrets'))
    return new Shop(port, await Shop.start(folder, store), folder, store, upstream)
  }

  async again(): Promise<void> {
    this.run = await Shop.start(this.folder, this.store)
    await this.run.started()
  }

  /** What a command writes. */
  async ask(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await portcullis([...args, '--data', this.data])
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }

  /** An application on a plan; its key. */
  async consumer(name: string, plan: string): Promise<string> {
    await this.ask('apps', 'create', name)
    await this.ask('subscriptions', 'create', name, 'pets', '--plan', plan)
    return (await this.ask('keys', 'create', name)).trim()
  }

  async status(method: string, path: string, key: string, body = ''): Promise<number> {
    const headers = key === '' ? {} : { 'x-api-key': key }
    return (await send(this.port, { method, path, headers, ...(body !== '' && { body }) })).status
  }

  async usage(...args: readonly string[]): Promise<Usage> {
    return JSON.parse(await this.ask('usage', '-o', 'json', ...args)) as Usage
  }

  /** Once so many requests are in the store. */
  async counted(requests: number, ...args: readonly string[]): Promise<Usage> {
    for (;;) {
      const usage = await this.usage(...args)
      if (usage.total!.requests >= requests) return usage
      await setTimeout(50)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run[Symbol.asyncDispose]()
    this.sockets.close()
    await this.backend[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }

  private get data(): string {
    return join(this.folder.path, '.data')
  }

  private static start(folder: Folder, store: string): Promise<RunProcess> {
    const data = join(folder.path, '.data')
    const named = store.startsWith('postgres:') ? ['--store', store] : []
    return RunProcess.start([folder.path], '--data', data, ...named, '--workers', '2')
  }
}

/** Beside a database there are none that a gateway makes by itself: others would have others. */
function shareSecrets(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const peppers = { current: 1, peppers: { 1: randomBytes(32).toString('base64') } }
  writeFileSync(join(folder, 'peppers.json'), JSON.stringify(peppers), { mode: 0o600 })
}

async function openShop(t: TestContext, places: Places): Promise<Shop | null> {
  const url = await places.url(t)
  if (url === null) return null
  const shop = await Shop.open(url)
  t.after(() => shop[Symbol.asyncDispose]())
  await shop.run.started()
  return shop
}

async function times(count: number, act: () => Promise<number>): Promise<readonly number[]> {
  const statuses: number[] = []
  for (let i = 0; i < count; i++) statuses.push(await act())
  return statuses
}

for (const engine of engines)
  describe(engine, () => {
    const places = new Places(engine)

    test('requests of all kinds are counted once, by whom, for what, and how they ended', async t => {
      const shop = await openShop(t, places)
      if (shop === null) return
      const [mobile, web] = [await shop.consumer('mobile', 'gold'), await shop.consumer('web', 'tiny')]
      assert.deepEqual(await times(5, () => shop.status('GET', '/pets', mobile)), [200, 200, 200, 200, 200])
      assert.equal(await shop.status('POST', '/pets', mobile, 'x'.repeat(1_000)), 200)
      assert.equal(await shop.status('GET', '/cats', mobile), 200)
      assert.deepEqual(await times(2, () => shop.status('GET', '/broken', mobile)), [502, 502])
      assert.deepEqual(await times(3, () => shop.status('GET', '/pets', '')), [401, 401, 401])
      assert.deepEqual(await times(2, () => shop.status('GET', '/pets', 'pc_live_no_key')), [401, 401])
      assert.deepEqual(await times(4, () => shop.status('GET', '/pets', web)), [200, 200, 429, 429])
      const socket = new WebSocket(`ws://127.0.0.1:${shop.port}/pets`, { headers: { 'x-api-key': mobile } })
      await once(socket, 'open')
      socket.send('ping')
      await once(socket, 'message')
      socket.close()
      await once(socket, 'close')

      const by = ['--by', 'application,plan,operation,outcome,status', '--api', 'petstore']
      const { items, names, total } = await shop.counted(19, ...by)
      const told = items.map(({ by: own, requests }) => {
        const { application = '', plan = '', operation = '', outcome = '', status = '' } = own
        return [
          names[application] ?? '',
          plan.replace('default/', ''),
          operation,
          outcome,
          status,
          requests,
        ].join(' ')
      })
      assert.deepEqual(told.toSorted(), [
        '  listPets denied_authentication 4xx 5',
        'mobile gold  answered 2xx 1',
        'mobile gold breakPet upstream_error 5xx 2',
        'mobile gold createPet answered 2xx 1',
        'mobile gold listPets answered 1xx 1',
        'mobile gold listPets answered 2xx 5',
        'web tiny listPets answered 2xx 2',
        'web tiny listPets denied_limit 4xx 2',
      ])
      assert.deepEqual([total!.requests, total!.denied, total!.errors], [19, 7, 2])
      const find = (operation: string, status: string): UsageItem =>
        items.find(({ by: own }) => own['operation'] === operation && own['status'] === status) ??
        assert.fail()
      assert.equal(find('createPet', '2xx').requestBytes, 1_000)
      assert.equal(find('createPet', '2xx').responseBytes, 'hello world'.length)
      assert.ok(find('listPets', '1xx').responseBytes > 0)

      const metrics = await (await shop.run.get('/metrics')).text()
      for (const [plan, status, count] of [
        ['default/gold', '2xx', 7],
        ['default/gold', '5xx', 2],
        ['default/tiny', '4xx', 2],
        ['', '4xx', 5],
      ] as const)
        assert.ok(
          metrics.includes(
            `portcullis_api_requests_total{api="default/petstore",plan="${plan}",status_class="${status}"} ${count}\n`,
          ),
          metrics
            .split('\n')
            .filter(line => line.startsWith('portcullis_api'))
            .join('\n'),
        )

      const table = await shop.ask('usage', '--by', 'application')
      assert.match(table, /^APPLICATION +REQUESTS +DENIED +ERRORS +IN +OUT\n/)
      assert.match(table, /^mobile +10 +- +2 +/m)
      assert.match(table, /^total +19 +7 +2 +/m)
      assert.match(await shop.ask('usage', '--by', 'plan', '-o', 'csv'), /^default\/tiny,4,2,0,0,/m)
      assert.match(
        await shop.ask('usage', '--application', 'web', '--step', 'hour', '--by', 'status'),
        /^total +4 /m,
      )
    })

    test('who is told to end has counted everything, and who is killed all that was in the store', async t => {
      const shop = await openShop(t, places)
      if (shop === null) return
      const key = await shop.consumer('mobile', 'gold')
      await times(20, () => shop.status('GET', '/pets', key))
      assert.equal(await shop.run.stop(), 0)
      await shop.again()
      assert.equal((await shop.usage()).total!.requests, 20)
      await times(10, () => shop.status('GET', '/pets', key))
      await shop.counted(30)
      await times(10, () => shop.status('GET', '/pets', key))
      assert.equal(await shop.run.stop('SIGKILL'), 'SIGKILL')
      await shop.again()
      const { requests } = (await shop.usage()).total!
      assert.ok(requests >= 30 && requests <= 40, String(requests))
      await shop.status('GET', '/pets', key)
      assert.equal((await shop.counted(requests + 1)).total!.requests, requests + 1)
    })
  })

describe('while the database is away', () => {
  const places = new Places('postgres')

  test('requests are served and counted, and in the store when it is back', async t => {
    const shop = await openShop(t, places)
    if (shop === null) return
    const database = await places.postgres(t)
    const key = await shop.consumer('mobile', 'gold')
    await times(5, () => shop.status('GET', '/pets', key))
    await shop.counted(5)
    await database!.down()
    assert.deepEqual(await times(4, () => shop.status('GET', '/pets', key)), [200, 200, 200, 200])
    await shop.run.event('usage.unwritten')
    await times(3, () => shop.status('GET', '/pets', key))
    await database!.up()
    await shop.run.event('usage.written')
    assert.equal((await shop.counted(12)).total!.requests, 12)
  })

  test('what could not be written before the end is written after the next start', async t => {
    const shop = await openShop(t, places)
    if (shop === null) return
    const database = await places.postgres(t)
    const key = await shop.consumer('mobile', 'gold')
    await times(5, () => shop.status('GET', '/pets', key))
    await shop.counted(5)
    await database!.down()
    await times(4, () => shop.status('GET', '/pets', key))
    await shop.run.stop()
    await database!.up()
    await shop.again()
    assert.equal((await shop.counted(9)).total!.requests, 9)
  })
})
