import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { identityOf, planRow, quotaRow, subscriptionRow } from '../../../../../test/support/limit-rows.ts'
import { asked, fieldsOf, LimitsNode, meet, product } from '../../../../../test/support/limits-node.ts'
import { Folder } from '../../../../../test/support/process.ts'
import { serviceKit } from '../../../../../test/support/service-kit.ts'
import { engines, opened, Places } from '../../../../../test/support/stores.ts'
import type { Store } from '../../store/store.ts'
import { QuotaKeeper } from './quota-keeper.ts'

const app = identityOf('app')
const plan = planRow([quotaRow('monthly', 10), quotaRow('ever', 8, { per: 'Lifetime' })])

/** A gateway: one worker, and the keeper of the main thread; its clocks stand until they are moved on. */
class Gateway {
  readonly worker = new LimitsNode()
  readonly keeper: QuotaKeeper
  private readonly timers: (() => void)[] = []
  private hear: (message: unknown) => void = () => {}
  private readonly filter = this.worker.plan(product('pets'))

  constructor(dataDir = '') {
    this.worker.plans({ 'default/free': plan })
    this.worker.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
    const kit = serviceKit()
    this.keeper = new QuotaKeeper(
      serviceKit({
        settings: { ...kit.settings, dataDir, hasData: dataDir !== '' },
        counters: (name, whose) => this.worker.state.counters(name, whose),
        sharedUs: () => this.worker.nowUs,
        calendar: {
          now: () => this.worker.wallMs,
          after: (_ms, run) => {
            this.timers.push(run)
            return () => this.timers.splice(this.timers.indexOf(run) >>> 0, 1)
          },
        },
        listen: (_channel, hear) => void (this.hear = message => hear(message, 1)),
      }),
    )
  }

  /** What is left after one more request: of the month, and for ever. */
  ask(): string {
    const x = asked(app)
    meet(x, this.filter)
    return [...(fieldsOf(x)[1] ?? '').matchAll(/r=(\d+)/g)].map(([, left]) => left).join(' ')
  }

  /** The worker tells what has changed. */
  tell(): void {
    this.worker.tick()
    for (const { message } of this.worker.told.splice(0)) this.hear(message)
  }

  /** Its timer is due. */
  write(): void {
    for (const run of this.timers.splice(0)) run()
  }

  async end(): Promise<void> {
    this.tell()
    this.keeper.stop()
    await this.keeper.ended()
  }
}

for (const engine of engines)
  suite(`quotas in ${engine}`, () => {
    const places = new Places(engine)

    /** Two gateways, one after the other, on the same store. */
    async function pair(t: TestContext): Promise<[Store, Store] | null> {
      const url = await places.url(t)
      return url === null ? null : [await opened(t, url), await opened(t, url)]
    }

    test('go on where they were after a restart, and not after their window', async t => {
      const stores = await pair(t)
      if (stores === null) return
      const [one, two] = stores
      const folder = new Folder()
      t.after(() => folder[Symbol.dispose]())
      const before = new Gateway(folder.path)
      await before.keeper.opened(one)
      for (const left of ['9 7', '8 6', '7 5']) assert.equal(before.ask(), left)
      await before.end()
      const after = new Gateway(folder.path)
      await after.keeper.opened(two)
      assert.equal(after.ask(), '6 4')
      await after.end()
      const late = new Gateway(folder.path)
      late.worker.pass(6 * 86_400_000)
      await late.keeper.opened(two)
      assert.equal(late.ask(), '9 3')
    })

    test('are written now and then, each as it is at that moment', async t => {
      const store = await places.store(t)
      if (store === null) return
      const gateway = new Gateway()
      await gateway.keeper.opened(store)
      gateway.ask()
      gateway.tell()
      gateway.ask()
      gateway.write()
      await gateway.keeper.ended()
      const rows = await store.db.selectFrom('quotaCounters').selectAll().orderBy('window', 'desc').execute()
      const [start, end] = [Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 1)]
      assert.deepEqual(
        rows.map(({ key, window, ends, used }) => [key.replace(/^\S+ /, ''), window, ends, used]),
        [
          ['s1 Quota/Requests/Month monthly', start, end, 2],
          ['s1 Quota/Requests/Lifetime ever', 0, null, 2],
        ],
      )
    })

    test('that were counted before the store was there are not lost, and what it has is added once', async t => {
      const stores = await pair(t)
      if (stores === null) return
      const folder = new Folder()
      t.after(() => folder[Symbol.dispose]())
      const before = new Gateway(folder.path)
      await before.keeper.opened(stores[0])
      before.ask()
      await before.end()
      const after = new Gateway(folder.path)
      assert.equal(after.ask(), '9 7')
      after.tell()
      await after.keeper.opened(stores[1])
      await after.keeper.opened(stores[1])
      assert.equal(after.ask(), '7 5')
      await after.end()
      const last = new Gateway(folder.path)
      await last.keeper.opened(stores[1])
      assert.equal(last.ask(), '6 4')
    })

    test('that cannot be written are written when they can be', async t => {
      const store = await places.store(t)
      if (store === null) return
      const gateway = new Gateway()
      const broken = new Proxy(store, {
        get: (of, name) =>
          name === 'write' && isDown
            ? () => Promise.reject(new Error('down'))
            : (of[name as keyof Store] as unknown),
      })
      let isDown = true
      await gateway.keeper.opened(broken)
      gateway.ask()
      gateway.tell()
      gateway.write()
      await new Promise(resolve => setImmediate(resolve))
      assert.equal((await store.db.selectFrom('quotaCounters').selectAll().execute()).length, 0)
      isDown = false
      gateway.ask()
      await gateway.end()
      const rows = await store.db.selectFrom('quotaCounters').select('used').execute()
      assert.deepEqual(rows, [{ used: 2 }, { used: 2 }])
    })

    test('of more than a page come back, all of them', async t => {
      const stores = await pair(t)
      if (stores === null) return
      const folder = new Folder()
      t.after(() => folder[Symbol.dispose]())
      const gateway = new Gateway(folder.path)
      await gateway.keeper.opened(stores[0])
      const counters = gateway.worker.shared.counters('limits', 'known')
      const keys = Array.from({ length: 12_001 }, (_, i) => `s${i} Quota/Requests/Month monthly 1`)
      for (const key of keys) counters.aim(key, key).swap(0, 7, 1e15, gateway.worker.nowUs)
      gateway.worker.told.push({
        channel: 'limits changed',
        message: { keys, endsMs: keys.map(() => Infinity) },
      })
      await gateway.end()
      const after = new Gateway(folder.path)
      await after.keeper.opened(stores[1])
      const read = after.worker.shared.counters('limits', 'known')
      for (const key of keys) assert.equal(read.aim(key, key).read(after.worker.nowUs), 7)
    })

    test('whose windows are over for a day are forgotten', async t => {
      const store = await places.store(t)
      if (store === null) return
      const gateway = new Gateway()
      const ends = [gateway.worker.wallMs - 86_400_001, gateway.worker.wallMs - 1, null]
      await store.write(async ({ db }) => {
        const rows = ends.map((end, i) => ({ key: `local s${i}`, window: 0, ends: end, used: 1, updated: 1 }))
        await db.insertInto('quotaCounters').values(rows).execute()
      })
      await gateway.keeper.opened(store)
      await gateway.end()
      const left = await store.db.selectFrom('quotaCounters').select('key').orderBy('key').execute()
      assert.deepEqual(
        left.map(({ key }) => key),
        ['local s1', 'local s2'],
      )
    })
  })
