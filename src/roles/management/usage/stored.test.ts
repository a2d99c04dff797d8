import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { engines, opened, Places } from '../../../../test/support/stores.ts'
import type { UsageSums } from '../../../api/shapes/usage.ts'
import { usageDimensions, type UsageDimension } from '../../../api/shapes/usage-names.ts'
import type { Store } from '../store/store.ts'
import { usageRows, usageTotal } from './answer.ts'
import { cellOf } from './cell.ts'
import { DAY_MS, Entry, HOUR_MS, MINUTE_MS } from './entry.ts'
import { StoredEntries } from './entry-store.ts'
import type { Flush } from './flush.ts'
import { outwards } from './pieces.ts'
import type { UsageQuestion } from './question.ts'
import { defaultRetention, removeOld } from './retention.ts'
import { anyFlush } from '../../../../test/support/flushes.ts'
import { usedSince, type Used } from './used.ts'

const midnightMs = Date.UTC(2026, 2, 4)

function entryOf(number: number, flushes: readonly Flush[], writer = 'writer1'): Entry {
  const entry = new Entry({ writer, number })
  for (const flush of flushes) entry.add(flush)
  return entry
}

interface Row {
  readonly minuteMs?: number
  readonly subscription?: string
  readonly application?: string
  readonly account?: string
  readonly product?: string
  readonly api?: string
  readonly operation?: string
  readonly credential?: string
  readonly requests?: number
  readonly code?: number
  readonly cost?: number
}

function flushOf({
  minuteMs = midnightMs,
  subscription = 's1',
  application = 'app1',
  account = 'acc1',
  product = 'default/p',
  api = 'default/a',
  operation = 'get',
  credential = '',
  requests = 1,
  code = 0,
  cost = 0,
}: Row): Flush {
  const operations = [{ operation, cells: [code, requests, 10 * requests, 100 * requests, cost] }]
  const who = { subscription, application, account, product, plan: 'default/gold', credential }
  const consumers = [{ ...who, operations }]
  return { book: 'b', number: 1, minuteMs, apis: [{ api, version: 'v1', consumers }] }
}

const everything: UsageQuestion = {
  fromMs: midnightMs - 2 * DAY_MS,
  toMs: midnightMs + 2 * DAY_MS,
  step: 'total',
  groupBy: [],
  chosen: {},
  scope: null,
  order: 'key',
  limit: 10_000,
  after: null,
}

async function write(store: Store, rows: readonly Row[], number = 1, nowMs = midnightMs): Promise<void> {
  await new StoredEntries(store, () => nowMs).write(entryOf(number, rows.map(flushOf)))
}

/** What flushes sum up to, by a loop. */
function sumOf(flushes: readonly Flush[], counts: (minuteMs: number) => boolean = () => true): UsageSums {
  const sums = { requests: 0, denied: 0, errors: 0, overQuota: 0, requestBytes: 0, responseBytes: 0, cost: 0 }
  for (const { minuteMs, apis } of flushes)
    for (const { consumers } of apis)
      for (const { operations } of consumers)
        for (const { cells } of operations)
          for (let i = 0; i < cells.length; i += 5) {
            if (!counts(minuteMs)) continue
            const [code = 0, requests = 0, requestBytes = 0, responseBytes = 0, cost = 0] = cells.slice(i)
            const { outcome, status, overQuota } = cellOf(code)
            sums.requests += requests
            if (outcome.startsWith('denied')) sums.denied += requests
            if (status === '5xx' || outcome === 'upstream_error' || outcome === 'gateway_error')
              sums.errors += requests
            if (overQuota) sums.overQuota += requests
            sums.requestBytes += requestBytes
            sums.responseBytes += responseBytes
            sums.cost += cost
          }
  return sums
}

function plus(a: UsageSums, b: UsageSums): UsageSums {
  const keys = Object.keys(a) as (keyof UsageSums)[]
  return Object.fromEntries(keys.map(key => [key, a[key] + b[key]])) as unknown as UsageSums
}

const none = sumOf([])
const groupings = fc.subarray([...usageDimensions])
const steps = fc.constantFrom('minute', 'hour', 'day', 'total' as const)

for (const engine of engines)
  describe(engine, () => {
    const places = new Places(engine)
    const storeOf = (t: TestContext): Promise<Store | null> => places.store(t)

    test('the parts of any division sum up to all', async t => {
      const store = await storeOf(t)
      if (store === null) return
      const stored = new StoredEntries(store, () => midnightMs)
      let number = 0
      const all: Flush[] = []
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyFlush, { maxLength: 3 }),
          groupings,
          steps,
          async (flushes, groupBy, step) => {
            all.push(...flushes)
            await stored.write(entryOf(++number, flushes))
            const question = { ...everything, groupBy, step }
            const { items } = await usageRows(store.db, question)
            const keys = items.map(({ at, by }) => JSON.stringify([at, ...groupBy.map(name => by[name])]))
            assert.equal(new Set(keys).size, keys.length)
            const sum = items.map(({ at: _, by: __, ...sums }) => sums).reduce(plus, none)
            assert.deepEqual(sum, sumOf(all))
            assert.deepEqual(await usageTotal(store.db, question), sumOf(all))
          },
        ),
        { numRuns: 25 },
      )
    })

    test('any span has what ended in it, whatever tables that comes from', async t => {
      const store = await storeOf(t)
      if (store === null) return
      const stored = new StoredEntries(store, () => midnightMs)
      const flushes = fc.sample(anyFlush, { numRuns: 40, seed: 1 })
      await stored.write(entryOf(1, flushes))
      const minute = fc.integer({ min: -3 * 24 * 60, max: 3 * 24 * 60 }).map(n => midnightMs + n * MINUTE_MS)
      await fc.assert(
        fc.asyncProperty(minute, minute, async (a, b) => {
          const span = { fromMs: Math.min(a, b), toMs: Math.max(a, b) }
          const counts = (minuteMs: number): boolean => minuteMs >= span.fromMs && minuteMs < span.toMs
          assert.deepEqual(await usageTotal(store.db, { ...everything, ...span }), sumOf(flushes, counts))
        }),
        { numRuns: 40 },
      )
    })

    test('entries in any order, some of them again and from several processes, are in once each', async t => {
      const url = await places.url(t)
      if (url === null) return
      const [one, other] = [await opened(t, url), await opened(t, url)]
      const writers = [one, other].map(store => new StoredEntries(store, () => midnightMs))
      const flushes = fc.sample(anyFlush, { numRuns: 24, seed: 2 })
      const entries = flushes.map((flush, i) => entryOf(1 + (i >> 1), [flush], `writer${i % 2}`))
      const [order] = fc.sample(fc.shuffledSubarray([...entries, ...entries], { minLength: 48 }), {
        numRuns: 1,
        seed: 3,
      })
      const turns = [order!.slice(0, 24), order!.slice(24)]
      await Promise.all(
        turns.map(async (turn, i) => {
          for (const entry of turn) await writers[i]!.write(entry)
        }),
      )
      assert.deepEqual(await usageTotal(one.db, everything), sumOf(flushes))
      for (const step of ['minute', 'hour', 'day'] as const) {
        const { items } = await usageRows(other.db, { ...everything, step })
        const sum = items.map(({ at: _, by: __, ...sums }) => sums).reduce(plus, none)
        assert.deepEqual(sum, sumOf(flushes), step)
      }
    })

    test('what was rolled back is as if it had never been tried', async t => {
      const store = await storeOf(t)
      if (store === null) return
      let broken = true
      const stored = new StoredEntries(
        {
          write: work =>
            store.write(async tx => {
              const result = await work(tx)
              if (broken) throw new Error('the connection broke')
              return result
            }),
        },
        () => midnightMs,
      )
      const entry = entryOf(1, [flushOf({ requests: 3 })])
      await assert.rejects(stored.write(entry), /broke/)
      assert.equal((await usageTotal(store.db, everything)).requests, 0)
      broken = false
      await stored.write(entry)
      await stored.write(entry)
      assert.equal((await usageTotal(store.db, everything)).requests, 3)
    })

    test('pages, one after another, have each row once, and in order', async t => {
      const store = await storeOf(t)
      if (store === null) return
      const rows = Array.from({ length: 25 }, (_, i) => ({
        minuteMs: midnightMs + (i % 5) * HOUR_MS,
        application: `app${i % 7}`,
        operation: i % 3 === 0 ? '' : `op"${i % 3},ü`,
      }))
      await write(store, rows)
      for (const step of ['hour', 'total'] as const) {
        const question = { ...everything, step, groupBy: ['application', 'operation'] as UsageDimension[] }
        const whole = await usageRows(store.db, question)
        const paged: unknown[] = []
        let after: UsageQuestion['after'] = null
        do {
          const page = await usageRows(store.db, { ...question, after, limit: 3 })
          paged.push(...page.items)
          after = page.next
        } while (after !== null)
        assert.deepEqual(paged, whole.items)
        assert.equal(whole.next, null)
      }
    })

    test('those with most requests come first where that is asked for', async t => {
      const store = await storeOf(t)
      if (store === null) return
      await write(store, [
        { application: 'a', requests: 2 },
        { application: 'b', requests: 9 },
        { application: 'c', requests: 5 },
      ])
      const question = { ...everything, groupBy: ['application'], order: 'requests', limit: 2 } as const
      const { items, next } = await usageRows(store.db, question)
      assert.deepEqual(
        items.map(({ by, requests }) => [by['application'], requests]),
        [
          ['b', 9],
          ['c', 5],
        ],
      )
      assert.equal(next, null)
    })

    const rows: readonly Row[] = [
      { subscription: 's1', application: 'app1', account: 'acc1', api: 'default/a', requests: 1 },
      { subscription: 's2', application: 'app2', account: 'acc2', api: 'default/a', requests: 10 },
      { subscription: 's3', application: 'app3', account: 'acc3', api: 'default/b', requests: 100 },
      { subscription: '', application: '', account: '', api: 'default/b', requests: 1_000, code: 1 },
    ]
    const scope = { organizations: [], accounts: [], apis: [] }
    for (const [what, asked, expected] of [
      ['all', {}, 1_111],
      ['one value', { chosen: { application: ['app2'] } }, 10],
      ['one of several', { chosen: { application: ['app2', 'app3'] } }, 110],
      ['of two dimensions', { chosen: { application: ['app2', 'app3'], api: ['default/b'] } }, 100],
      ['nobody', { chosen: { subscription: [''] } }, 1_000],
      ['over quota', { chosen: { overQuota: ['true'] } }, 1_000],
      ['text that is not there', { chosen: { api: ["' or 1=1 --"] } }, 0],
      ['of no scope', { scope }, 0],
      ['of an account', { scope: { ...scope, accounts: ['acc1', 'acc9'] } }, 1],
      ['of an API', { scope: { ...scope, apis: ['default/b'] } }, 1_100],
      ['of either', { scope: { ...scope, accounts: ['acc1'], apis: ['default/b'] } }, 1_101],
      ['of an organization that has none', { scope: { ...scope, organizations: ['x'] } }, 0],
      [
        'a choice within a scope',
        { scope: { ...scope, accounts: ['acc1'] }, chosen: { api: ['default/b'] } },
        0,
      ],
    ] as const satisfies readonly (readonly [string, Partial<UsageQuestion>, number])[])
      test(`usage that is asked for: ${what}`, async t => {
        const store = await storeOf(t)
        if (store === null) return
        await write(store, rows)
        assert.equal((await usageTotal(store.db, { ...everything, ...asked })).requests, expected)
      })

    test('accounts of an organization are its', async t => {
      const store = await storeOf(t)
      if (store === null) return
      const actor = { actor: 'test', by: 'socket', request: null }
      const [organization, account] = await store.change(actor, async tx => {
        const { id } = await tx.organizations.insert({ name: 'shop', title: '' })
        const made = await tx.accounts.insert({ organization: id, name: 'acme', title: '', status: 'active' })
        return [id, made.id]
      })
      await write(store, [{ account, requests: 7 }, ...rows])
      const own = { ...scope, organizations: [organization] }
      assert.equal((await usageTotal(store.db, { ...everything, scope: own })).requests, 7)
    })

    test('an empty store has used nothing', async t => {
      const store = await storeOf(t)
      if (store === null) return
      assert.deepEqual(await usageTotal(store.db, everything), none)
      assert.deepEqual(await usageTotal(store.db, { ...everything, toMs: everything.fromMs }), none)
      assert.deepEqual(await usageRows(store.db, { ...everything, step: 'hour' }), { items: [], next: null })
    })

    test('days begin at midnight UTC', async t => {
      const store = await storeOf(t)
      if (store === null) return
      await write(store, [
        { minuteMs: midnightMs - MINUTE_MS, requests: 1 },
        { minuteMs: midnightMs, requests: 2 },
      ])
      const { items } = await usageRows(store.db, { ...everything, step: 'day' })
      assert.deepEqual(
        items.map(({ at, requests }) => [at, requests]),
        [
          ['2026-03-03T00:00:00.000Z', 1],
          ['2026-03-04T00:00:00.000Z', 2],
        ],
      )
    })

    test('what is old is removed, level by level, and series with their last row', async t => {
      const store = await storeOf(t)
      if (store === null) return
      const ages = [10 * MINUTE_MS, 60 * HOUR_MS, 60 * DAY_MS, 500 * DAY_MS, 1_200 * DAY_MS]
      const nowMs = midnightMs + 30 * MINUTE_MS
      for (const [i, age] of ages.entries())
        await write(store, [{ minuteMs: nowMs - age, application: `app${i}` }], i + 1, nowMs - age)
      await removeOld(store, defaultRetention, nowMs)
      const left = async (table: 'usageMinutes' | 'usageHours' | 'usageDays' | 'usageSeries') =>
        (await store.db.selectFrom(table).selectAll().execute()).length
      assert.deepEqual(
        [
          await left('usageMinutes'),
          await left('usageHours'),
          await left('usageDays'),
          await left('usageSeries'),
        ],
        [1, 3, 4, 4],
      )
      assert.equal(await removeOld(store, defaultRetention, nowMs), 0)
      // What was removed comes again: it is a series like any other.
      await write(store, [{ minuteMs: nowMs, application: 'app4' }], 9, nowMs)
      const { requests } = await usageTotal(store.db, { ...everything, chosen: { application: ['app4'] } })
      assert.equal(requests, 1)
    })

    test('an application has used what was neither denied nor failed here, whichever subscription it had', async t => {
      const store = await storeOf(t)
      if (store === null) return
      const nowMs = midnightMs + 90 * MINUTE_MS
      const mine = { application: 'app1', product: 'default/p', operation: 'get' }
      await write(store, [
        { ...mine, minuteMs: midnightMs - MINUTE_MS, requests: 1_000 },
        { ...mine, requests: 5, cost: 2.5, credential: 'key1' },
        {
          ...mine,
          subscription: 's9',
          minuteMs: midnightMs + 80 * MINUTE_MS,
          requests: 2,
          operation: 'put',
          cost: 1,
        },
        { ...mine, requests: 7, code: codeOf('denied_limit') },
        { ...mine, requests: 9, code: codeOf('gateway_error') },
        { ...mine, product: 'default/other', requests: 50 },
        { ...mine, application: 'app2', requests: 100 },
      ])
      const used = async (
        unit: 'Requests' | 'Bytes' | 'Cost',
        fromMs = midnightMs,
        counts: Parameters<Used['sum']>[3] = () => true,
      ) => {
        const all = await usedSince(
          store.db,
          { applications: ['app1', 'nobody'], fromMs, nowMs },
          defaultRetention,
        )
        assert.equal(
          all.sum('app2', 'default/p', 'Requests', () => true),
          0,
        )
        return all.sum('app1', 'default/p', unit, counts)
      }
      assert.equal(await used('Requests'), 7)
      assert.equal(await used('Bytes'), 7 * 110)
      assert.equal(await used('Cost'), 4)
      assert.equal(await used('Requests', midnightMs, ({ operation }) => operation === 'put'), 2)
      assert.equal(await used('Requests', midnightMs, ({ credential }) => credential === 'key1'), 5)
      assert.equal(await used('Requests', midnightMs + 2 * MINUTE_MS), 2)
      assert.equal(await used('Requests', nowMs), 0)
    })

    test('where minutes are gone, a window begins with its hour', async t => {
      const store = await storeOf(t)
      if (store === null) return
      const nowMs = midnightMs + 10 * DAY_MS
      await write(store, [{ requests: 5 }, { minuteMs: midnightMs + 40 * MINUTE_MS, requests: 3 }], 1, nowMs)
      await removeOld(store, defaultRetention, nowMs)
      const question = { applications: ['app1'], fromMs: midnightMs + 30 * MINUTE_MS, nowMs }
      const used = await usedSince(store.db, question, defaultRetention)
      assert.equal(
        used.sum('app1', 'default/p', 'Requests', () => true),
        8,
      )
    })
  })

function codeOf(outcome: string): number {
  for (let code = 0; code < 2_000; code++) if (cellOf(code).outcome === outcome) return code
  throw new Error(`no code is of ${outcome}`)
}

test('a span is moved outwards', () => {
  const span = outwards({ fromMs: midnightMs + 1, toMs: midnightMs + HOUR_MS + 1 }, HOUR_MS)
  assert.deepEqual(span, { fromMs: midnightMs, toMs: midnightMs + 2 * HOUR_MS })
})
