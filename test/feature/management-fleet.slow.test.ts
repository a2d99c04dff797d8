import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { Postgres } from '../support/postgres.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'

const declared = (port: number, upstream: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec: { gatewayClassName: portcullis, listeners: [{ name: http, protocol: HTTP, port: ${port} }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: pets }
spec:
  parentRefs: [{ name: web }]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: pets }] }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: pets }
spec: { endpoints: [{ address: 127.0.0.1, port: ${upstream} }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: API
metadata: { name: pets }
spec: { routeRefs: [{ name: pets }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Product
metadata: { name: pets }
spec: { apis: [{ name: pets }], plans: [{ name: free }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: free }
spec: { limits: [{ name: burst, kind: Rate, amount: 100000, per: Second }] }
`

/** Gateways that share a database and secrets, each with resources and data of its own. */
class Fleet implements AsyncDisposable {
  readonly secrets = new Folder()
  private readonly folders: Folder[] = [this.secrets]
  private readonly running: RunProcess[] = []
  private readonly store: string
  private readonly upstream: number

  constructor(store: string, upstream: number) {
    this.store = store
    this.upstream = upstream
    writeFileSync(join(this.secrets.path, 'admin-token'), 'a-token-that-is-long-enough')
    const pepper = Buffer.alloc(32, 7).toString('base64')
    this.secrets.write('peppers.json', JSON.stringify({ current: 1, peppers: { 1: pepper } }))
  }

  async add(): Promise<Member> {
    const [resources, data] = [new Folder(), new Folder()]
    this.folders.push(resources, data)
    const port = await freePort()
    resources.write('all.yaml', declared(port, this.upstream))
    return this.begin({ resources: resources.path, data: data.path, port })
  }

  /** One that was there before, with what it has kept. */
  async begin(place: Place): Promise<Member> {
    const { secrets, store } = this
    const args = ['--data', place.data, '--secrets', secrets.path, '--store', store, '--workers', '2']
    const process = await RunProcess.start([place.resources], ...args)
    this.running.push(process)
    await process.started()
    return new Member(process, place)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.running) await process[Symbol.asyncDispose]()
    for (const folder of this.folders) folder[Symbol.dispose]()
  }
}

interface Place {
  readonly resources: string
  readonly data: string
  readonly port: number
}

class Member {
  readonly process: RunProcess
  readonly place: Place

  constructor(process: RunProcess, place: Place) {
    this.process = process
    this.place = place
  }

  async status(key: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.place.port}/`, { headers: { 'x-api-key': key } })
    await response.arrayBuffer()
    return response.status
  }

  async until(key: string, status: number): Promise<void> {
    while ((await this.status(key)) !== status) await later(10)
  }

  async ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.process.admin}/v1${path}`, {
      method,
      headers: {
        authorization: 'Bearer a-token-that-is-long-enough',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
}

test('gateways that share a database', async t => {
  const postgres = await Postgres.start(t)
  if (postgres === null) return
  await using database = postgres
  const upstream = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.after(() => upstream.close())
  await using fleet = new Fleet(database.url(), (upstream.address() as AddressInfo).port)
  const [a, b] = [await fleet.add(), await fleet.add()]

  const account = await a.ask('POST', '/accounts', { name: 'acme' })
  const application = await a.ask('POST', '/applications', { account: account['id'], name: 'shop' })
  const keys = `/applications/${String(application['id'])}/credentials`
  const first = await a.ask('POST', keys, { kind: 'api-key' })
  const second = await b.ask('POST', keys, { kind: 'api-key' })
  await b.ask('POST', '/subscriptions', {
    application: application['id'],
    product: 'default/pets',
    plan: 'default/free',
  })
  const [one, two] = [String(first['key']), String(second['key'])]
  for (const member of [a, b]) for (const key of [one, two]) await member.until(key, 200)

  // When it was used last is seen by all, whichever was asked.
  while (
    !((await b.ask('GET', keys))['items'] as { readonly lastUsedAt: string | null }[]).every(
      ({ lastUsedAt }) => lastUsedAt !== null,
    )
  )
    await later(50)

  // What one is told, all know.
  const { id } = first as { readonly id?: string }
  await a.ask('POST', `/credentials/${id ?? ''}/revoke`, {})
  await b.until(one, 401)
  assert.deepEqual([await a.status(one), await a.status(two), await b.status(two)], [401, 200, 200])

  // Both have written what they know by the time that they end.
  assert.equal(await b.process.stop(), 0)
  await database.down()
  for (let i = 0; i < 20; i++) assert.deepEqual([await a.status(two), await a.status(one)], [200, 401])
  const again = await fleet.begin(b.place)
  assert.deepEqual([await again.status(two), await again.status(one)], [200, 401])
  await again.process.event('store.last_known')

  // One that knows nothing says that it does not, and not that keys are wrong.
  const fresh = await fleet.add()
  assert.equal(await fresh.status(two), 503)
  await database.up()
  await fresh.until(two, 200)
  assert.equal(await fresh.status(one), 401)
  const third = await a.ask('POST', keys, { kind: 'api-key' })
  for (const member of [a, again, fresh]) await member.until(String(third['key']), 200)
})
