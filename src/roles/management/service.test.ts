import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseResources } from '../../../test/support/declared.ts'
import { serviceKit } from '../../../test/support/service-kit.ts'
import { Resources } from '../../model/resources.ts'
import type { ServiceKit } from '../../translation/service.ts'
import type { RowValue } from '../../shared/table-writer.ts'
import type { TablePatch } from '../../shared/tables.ts'
import { APPLICATIONS, CREDENTIALS, SUBSCRIPTIONS } from './rows.ts'
import { Management } from './service.ts'
import type { ChangeTx, Store } from './store/store.ts'

/** Tables as plain maps. */
class Tables {
  readonly all = new Map<string, Map<string, RowValue>>()

  of(name: string): Record<string, RowValue> {
    return Object.fromEntries(this.all.get(name) ?? [])
  }

  replace(name: string, rows: ReadonlyMap<string, RowValue>): void {
    this.all.set(name, new Map(rows))
  }

  patch(name: string, { put = [], remove = [] }: TablePatch): void {
    const rows = this.all.get(name) ?? new Map<string, RowValue>()
    for (const key of remove) rows.delete(key)
    for (const [key, row] of put) rows.set(key, row)
    this.all.set(name, rows)
  }
}

class World implements AsyncDisposable {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'portcullis-management-'))
  readonly tables = new Tables()
  management: Management

  constructor() {
    this.management = this.make()
  }

  private make(): Management {
    const { settings } = serviceKit()
    return new Management(
      serviceKit({
        tables: this.tables,
        settings: { ...settings, dataDir: this.dataDir, secretsDir: this.dataDir, hasData: true },
      }),
    )
  }

  async change<T>(work: (tx: ChangeTx) => Promise<T>): Promise<T> {
    const store: Store = await this.management.store()
    const done = await store.change({ actor: 'socket', by: 'socket', request: null }, work)
    await this.management.consumers.caughtUp()
    return done
  }

  async restart(): Promise<void> {
    await this.stop()
    this.tables.all.clear()
    this.management = this.make()
    await this.management.start()
  }

  private async stop(): Promise<void> {
    await this.management.stop()
    await this.management.ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

async function consumer(world: World) {
  return world.change(async tx => {
    const organization = (await tx.organizations.find({ name: 'default' }))!.id
    const account = await tx.accounts.insert({ organization, name: 'acme', title: '', status: 'active' })
    const application = await tx.applications.insert({
      account: account.id,
      name: 'shop',
      title: '',
      status: 'active',
    })
    const key = await tx.credentials.insert({
      application: application.id,
      name: '',
      kind: 'api-key',
      keyId: 'abc',
      prefix: 'pc_live_abc',
      hash: 'h',
      pepper: 1,
      scopes: 'read write',
      expires: null,
      notBefore: null,
      lastUsed: null,
      revoked: null,
      replaces: null,
    })
    const subscription = await tx.subscriptions.insert({
      application: application.id,
      product: 'default/pets',
      plan: 'default/free',
      status: 'active',
      since: 5,
      planSince: 5,
      previousPlan: null,
      previousSince: null,
      approvedBy: null,
      reason: null,
    })
    return { account: account.id, application: application.id, key: key.id, subscription: subscription.id }
  })
}

test('workers know of a consumer from the change on, and after a restart', async () => {
  await using world = new World()
  const { account, application, key, subscription } = await consumer(world)
  const rows = () => [CREDENTIALS, SUBSCRIPTIONS, APPLICATIONS].map(name => world.tables.of(name))
  const expected = [
    {
      'key abc': {
        credential: key,
        application,
        account,
        kind: 'api-key',
        hash: 'h',
        pepper: 1,
        notBeforeMs: 0,
        expiresMs: null,
        scopes: ['read', 'write'],
      },
    },
    {
      [`${application} default/pets`]: {
        subscription,
        plan: 'default/free',
        status: 'active',
        sinceMs: 5,
        planSinceMs: 5,
      },
    },
    { [application]: { name: 'shop', account, accountName: 'acme' } },
  ]
  assert.deepEqual(rows(), expected)
  await world.restart()
  assert.deepEqual(rows(), expected)
})

test('what is revoked, cancelled or suspended is there no more, and what is resumed is again', async () => {
  await using world = new World()
  const { account, application, key, subscription } = await consumer(world)
  const counts = () =>
    [CREDENTIALS, SUBSCRIPTIONS, APPLICATIONS].map(name => Object.keys(world.tables.of(name)).length)
  await world.change(tx => tx.accounts.update(account, { status: 'suspended' }))
  assert.deepEqual(counts(), [0, 1, 0])
  await world.change(tx => tx.accounts.update(account, { status: 'active' }))
  assert.deepEqual(counts(), [1, 1, 1])
  await world.change(tx => tx.applications.update(application, { status: 'suspended' }))
  assert.deepEqual(counts(), [0, 1, 0])
  await world.change(tx => tx.applications.update(application, { status: 'active' }))
  await world.change(tx => tx.subscriptions.update(subscription, { status: 'cancelled' }))
  assert.deepEqual(counts(), [1, 0, 1])
  await world.change(tx => tx.credentials.update(key, { revoked: 9 }))
  assert.deepEqual(counts(), [0, 0, 1])
})

test('limits that several gateways are to count together are told of where this one counts alone', async () => {
  const told: string[] = []
  const log = Object.assign(Object.create(serviceKit().log) as ServiceKit['log'], {
    warn: (event: string, fields: { readonly objects?: string }) =>
      told.push(`${event} ${fields.objects ?? ''}`),
  })
  const management = new Management(serviceKit({ log }))
  const plan = (name: string, counters: string) =>
    parseResources(
      'a.yaml',
      `
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: ${name} }
spec: { limits: [{ name: monthly, kind: Quota, amount: 5, per: Month, counters: ${counters} }] }
`,
    ).resources
  const declare = (...plans: ReturnType<typeof plan>[]) => management.applied({}, Resources.of(plans.flat()))
  declare(plan('a', 'Local'))
  assert.equal(told.length, 0)
  declare(plan('a', 'Exact'))
  declare(plan('a', 'Exact'))
  assert.deepEqual(
    told.filter(line => line.startsWith('counters')),
    ['counters.missing Plan/default/a'],
  )
  await management.stop()
})
