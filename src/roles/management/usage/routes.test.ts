import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { Ajv } from 'ajv'
import { fastify } from 'fastify'
import { engines, Places } from '../../../../test/support/stores.ts'
import type { Api, SchemaTypes } from '../../../api/api.ts'
import { Usage } from '../../../api/shapes/usage.ts'
import { validationError, validatorOf } from '../../../api/validator.ts'
import type { Store } from '../store/store.ts'
import { Entry } from './entry.ts'
import { StoredEntries } from './entry-store.ts'
import type { UsageScope } from './question.ts'
import { usageRoutes } from './routes.ts'

const nowMs = Date.parse('2026-03-04T13:42:11Z')
const isUsage = new Ajv({ strict: true }).compile(Usage)

interface Answer {
  readonly status: number
  readonly type: string
  readonly link: string
  readonly body: string
}

async function app(store: Store, scope: UsageScope | null = null) {
  const made: Api = fastify({
    schemaErrorFormatter: validationError,
    schemaController: {
      compilersFactory: { buildValidator: () => validatorOf, buildSerializer: () => () => JSON.stringify },
    },
  }).withTypeProvider<SchemaTypes>()
  usageRoutes(made, {
    store: () => Promise.resolve(store),
    nowMs: () => nowMs,
    scopeOf: () => scope,
  })
  await made.ready()
  return async (query: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const { statusCode, headers: fields, body } = await made.inject({ url: `/v1/usage${query}`, headers })
    return { status: statusCode, type: String(fields['content-type']), link: String(fields['link']), body }
  }
}

/** Of two applications of an account. */
async function filled(
  t: TestContext,
  places: Places,
): Promise<{ store: Store; ids: string[]; account: string } | null> {
  const store = await places.store(t)
  if (store === null) return null
  const actor = { actor: 'test', by: 'socket', request: null }
  const ids = await store.change(actor, async tx => {
    const organization = await tx.organizations.insert({ name: 'shop', title: '' })
    const account = await tx.accounts.insert({
      organization: organization.id,
      name: 'acme',
      title: '',
      status: 'active',
    })
    const made = [account.id]
    for (const name of ['mobile', 'web'])
      made.push((await tx.applications.insert({ account: account.id, name, title: '', status: 'active' })).id)
    return made
  })
  const [account = '', ...applications] = ids
  const entry = new Entry({ writer: 'w', number: 1 })
  const operations = [{ operation: '=evil()', cells: [0, 3, 10, 100, 0.5] }]
  const who = {
    subscription: 's',
    account,
    product: 'default/p',
    plan: 'default/gold',
    credential: '',
    operations,
  }
  const consumers = applications.map(application => ({ ...who, application }))
  const minuteMs = nowMs - 3_600_000
  entry.add({ book: 'b', number: 1, minuteMs, apis: [{ api: 'default/a', version: 'v1', consumers }] })
  await new StoredEntries(store, () => nowMs).write(entry)
  return { store, ids: applications, account }
}

for (const engine of engines)
  describe(engine, () => {
    const places = new Places(engine)

    test('usage by application, with names', async t => {
      const made = await filled(t, places)
      if (made === null) return
      const get = await app(made.store)
      const { status, body } = await get('?groupBy=application,status')
      assert.equal(status, 200, body)
      const usage = JSON.parse(body) as Usage
      assert.ok(isUsage(usage), JSON.stringify(isUsage.errors))
      assert.equal(usage.items.length, 2)
      assert.deepEqual(Object.values(usage.names).toSorted(), ['mobile', 'web'])
      assert.deepEqual(usage.total, {
        requests: 6,
        denied: 0,
        errors: 0,
        overQuota: 0,
        requestBytes: 20,
        responseBytes: 200,
        cost: 1,
      })
    })

    test('values of a dimension, once or several times', async t => {
      const made = await filled(t, places)
      if (made === null) return
      const get = await app(made.store)
      const requests = async (query: string): Promise<number> =>
        (JSON.parse((await get(query)).body) as Usage).total!.requests
      const [one = '', other = ''] = made.ids
      assert.equal(await requests(`?application=${one}`), 3)
      assert.equal(await requests(`?application=${one}&application=${other}`), 6)
      assert.equal(await requests(`?application=${one}&status=4xx`), 0)
      assert.equal(await requests(`?overQuota=false`), 6)
    })

    test('pages of CSV, one after another', async t => {
      const made = await filled(t, places)
      if (made === null) return
      const get = await app(made.store)
      const first = await get('?groupBy=operation,application&limit=1', { accept: 'text/csv' })
      assert.equal(first.type, 'text/csv; charset=utf-8; header=present')
      const [head, line] = first.body.split('\r\n')
      assert.match(head!, /^operation,application,applicationName,requests,/)
      assert.match(line!, /^'=evil\(\),[0-9a-f-]+,(mobile|web),3,0,0,0,10,100,0.5$/)
      const next = /^<\/v1\/usage(.*)>; rel="next"$/.exec(first.link)?.[1] ?? assert.fail(first.link)
      const second = await get(next, { accept: 'text/csv' })
      assert.equal(second.link, 'undefined')
      const [, other] = second.body.split('\r\n')
      assert.notEqual(other, line)
      assert.match(other!, /^'=evil/)
    })

    test('who may see nothing gets nothing', async t => {
      const made = await filled(t, places)
      if (made === null) return
      const get = await app(made.store, { organizations: [], accounts: [], apis: [] })
      const usage = JSON.parse((await get('?groupBy=application')).body) as Usage
      assert.deepEqual([usage.items, usage.total?.requests, usage.names], [[], 0, {}])
    })

    for (const [accept, query, type] of [
      ['text/csv', '', 'text/csv'],
      ['text/csv', '?format=json', 'application/json'],
      ['application/json', '?format=csv', 'text/csv'],
      ['*/*', '', 'application/json'],
      ['text/html', '', 'application/json'],
      ['application/json, text/csv', '', 'application/json'],
      ['text/csv, */*;q=0.1', '', 'text/csv'],
    ] as const)
      test(`Accept: ${accept} of ${query} gets ${type}`, async t => {
        const store = await places.store(t)
        if (store === null) return
        const answer = await (await app(store))(query, { accept })
        assert.equal(answer.type.split(';')[0], type)
      })

    // 400 is what schemas refuse, 422 what they cannot say.
    for (const [query, status] of [
      ['?step=week', 400],
      ['?limit=0', 400],
      ['?limit=10001', 400],
      ['?colour=red', 400],
      ['?groupBy=x', 422],
      ['?from=now', 422],
    ] as const)
      test(`${query} is refused`, async t => {
        const store = await places.store(t)
        if (store === null) return
        assert.equal((await (await app(store))(query)).status, status)
      })
  })
