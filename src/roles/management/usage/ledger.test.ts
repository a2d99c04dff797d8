import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { Logger } from '../../../telemetry/log.ts'
import { MetricsWriter } from '../../../telemetry/metrics.ts'
import { Entry } from './entry.ts'
import type { Flush } from './flush.ts'
import { Ledger, type EntryStore } from './ledger.ts'
import { Spill } from './spill.ts'
import { anyFlush } from '../../../../test/support/flushes.ts'

/** Why a test's store has not taken an entry. */
class Fault extends Error {
  readonly isFinal: boolean

  constructor(isFinal = false) {
    super('fault')
    this.isFinal = isFinal
  }
}

/** Takes each entry once, and does what a test says in between. */
class TestStore implements EntryStore {
  readonly rows = new Map<string, number>()
  private readonly ids = new Set<string>()
  writes = 0
  /** Before and after it is in. */
  before: (entry: Entry) => void | Promise<void> = () => {}
  after: (entry: Entry) => void = () => {}

  async write(entry: Entry): Promise<void> {
    this.writes++
    await this.before(entry)
    const id = JSON.stringify(entry.id)
    if (!this.ids.has(id))
      for (const { minuteMs, dimensions, requests } of entry.rows()) {
        const key = `${minuteMs} ${JSON.stringify(dimensions)}`
        this.rows.set(key, (this.rows.get(key) ?? 0) + requests)
      }
    this.ids.add(id)
    this.after(entry)
  }

  get requests(): number {
    return [...this.rows.values()].reduce((a, b) => a + b, 0)
  }
}

/** Time is what a test lets pass. */
class TestClock {
  private readonly timers = new Set<() => void>()
  now = (): number => 0

  after = (_: number, run: () => void): (() => void) => {
    this.timers.add(run)
    return () => void this.timers.delete(run)
  }

  /** Runs what is due one after another, until nothing is left. */
  async run(until: () => boolean = () => this.timers.size === 0): Promise<void> {
    // Files are written meanwhile, and a disk may take its time.
    const endNs = process.hrtime.bigint() + 60_000_000_000n
    while (process.hrtime.bigint() < endNs) {
      const [first] = this.timers
      if (first !== undefined) {
        this.timers.delete(first)
        first()
      }
      await setImmediate()
      if (until()) return
    }
    assert.fail('it goes on for ever')
  }
}

class TestLedger {
  readonly clock = new TestClock()
  readonly store: TestStore
  readonly ledger: Ledger
  readonly logged: string[] = []

  constructor(store = new TestStore(), path: string | null = null) {
    this.store = store
    const log = new Logger({ human: false, windowMs: 0, write: line => void this.logged.push(line) })
    this.ledger = new Ledger({
      kit: { log, calendar: this.clock, metrics: new MetricsWriter(undefined, () => {}) },
      store,
      spill: path === null ? null : new Spill(path),
      isAway: error => error instanceof Fault && !error.isFinal,
    })
  }

  static async started(store?: TestStore, path?: string): Promise<TestLedger> {
    const made = new TestLedger(store, path)
    await made.ledger.start()
    return made
  }
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'portcullis-usage-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

function flush(number: number, requests = 1, book = 'book1'): Flush {
  const operations = [{ operation: 'get', cells: [0, requests, 0, 0, 0] }]
  const who = { subscription: 's', application: 'a', account: 'c', product: 'p', plan: 'l', credential: '' }
  const consumers = [{ ...who, operations }]
  return { book, number, minuteMs: 60_000, apis: [{ api: 'default/a', version: 'v1', consumers }] }
}

const away = (): never => {
  throw new Fault()
}

test('flushes in any order, some of them again, are in the store once each', async () => {
  const many = fc.array(anyFlush, { maxLength: 8 }).chain(flushes => {
    const numbered = flushes.map((one, i) => ({ ...one, number: i + 1 }))
    return fc.record({
      once: fc.constant(numbered),
      order: fc.shuffledSubarray([...numbered, ...numbered], { minLength: numbered.length * 2 }),
    })
  })
  await fc.assert(
    fc.asyncProperty(
      many,
      fc.array(fc.constantFrom('ok', 'lost', 'unheard'), { maxLength: 6 }),
      async ({ once, order }, fates) => {
        const whole = await TestLedger.started()
        for (const one of once) whole.ledger.hear(one)
        await whole.ledger.stop()
        const { ledger, store, clock } = await TestLedger.started()
        const next = (fate: string) => {
          if (fates[0] === fate) {
            fates = fates.slice(1)
            throw new Fault()
          }
          if (fates[0] === 'ok' && fate === 'unheard') fates = fates.slice(1)
        }
        store.before = () => next('lost')
        store.after = () => next('unheard')
        for (const [i, one] of order.entries()) {
          ledger.hear(one)
          if (i % 3 === 0) await clock.run(() => true)
        }
        await clock.run()
        await ledger.stop()
        assert.deepEqual(store.rows, whole.store.rows)
      },
    ),
    { numRuns: 60 },
  )
})

test('what comes while the store is away is added up, and written when it is back', async () => {
  const { ledger, store, clock } = await TestLedger.started()
  store.before = away
  ledger.hear(flush(1))
  await clock.run(() => store.writes > 0)
  for (let i = 2; i <= 500; i++) ledger.hear(flush(i))
  store.before = () => {}
  const before = store.writes
  await clock.run()
  assert.equal(store.requests, 500)
  // One that was tried, and one of all the rest.
  assert.equal(store.writes - before, 2)
})

test('it says once that the store is away, and once that it is back', async () => {
  const { ledger, store, clock, logged } = await TestLedger.started()
  store.before = away
  ledger.hear(flush(1))
  await clock.run(() => store.writes > 3)
  store.before = () => {}
  await clock.run()
  assert.equal(logged.filter(line => line.includes('usage.unwritten')).length, 1)
  assert.equal(logged.filter(line => line.includes('usage.written')).length, 1)
})

test('what waits is on disk, and the next process writes it once', async t => {
  const path = await folder(t)
  const store = new TestStore()
  const first = await TestLedger.started(store, path)
  // It is in the store, and nobody has heard of it.
  store.after = away
  first.ledger.hear(flush(1))
  await first.clock.run(() => store.writes > 0)
  store.before = away
  first.ledger.hear(flush(2))
  await first.ledger.stop()
  store.before = store.after = () => {}
  const second = await TestLedger.started(store, path)
  second.ledger.hear(flush(1))
  await second.clock.run(() => store.requests === 3)
  await second.ledger.stop()
  assert.equal(store.requests, 3)
  assert.deepEqual(await readdir(path), [])
})

test('files of entries that were written and not removed change nothing', async t => {
  const path = await folder(t)
  const store = new TestStore()
  const entry = new Entry({ writer: 'w', number: 1 })
  entry.add(flush(1))
  for (let i = 0; i < 3; i++) {
    await new Spill(path).save(entry)
    const { ledger, clock } = await TestLedger.started(store, path)
    await clock.run(() => store.writes > i)
    await ledger.stop()
  }
  assert.equal(store.requests, 1)
})

test('an entry that the store will never take is set aside, and others go on', async t => {
  const path = await folder(t)
  const { ledger, store, clock, logged } = await TestLedger.started(new TestStore(), path)
  store.before = () => {
    throw new Fault(true)
  }
  ledger.hear(flush(1))
  await clock.run(() => logged.some(line => line.includes('usage.refused')))
  store.before = () => {}
  ledger.hear(flush(2))
  await clock.run(() => store.requests > 0)
  await ledger.stop()
  assert.equal(store.requests, 1)
  assert.equal(logged.filter(line => line.includes('usage.refused')).length, 1)
  assert.match((await readdir(path)).join(), /^[0-9a-f-]{36}-1\.json\.refused$/)
})

test('a file that is no entry is set aside', async t => {
  const path = await folder(t)
  await writeFile(join(path, 'x-1.json'), '{"format":1')
  const { ledger, clock, logged } = await TestLedger.started(new TestStore(), path)
  ledger.hear(flush(1))
  await clock.run(() => logged.some(line => line.includes('usage.refused')))
  await ledger.stop()
  assert.deepEqual(await readdir(path), ['x-1.json.refused'])
})

test('while a write hangs, what comes is saved', async t => {
  const path = await folder(t)
  const { ledger, store, clock } = await TestLedger.started(new TestStore(), path)
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  store.before = () => answer
  ledger.hear(flush(1))
  await clock.run(() => store.writes > 0)
  t.mock.method(performance, 'now', () => 1e9)
  ledger.hear(flush(2))
  t.mock.restoreAll()
  while ((await readdir(path)).filter(name => name.endsWith('.json')).length < 2) await setImmediate()
  resolve()
  await clock.run(() => store.requests === 2)
  await ledger.stop()
  assert.deepEqual(await readdir(path), [])
})

test('before there is a store what comes is kept, and saved', async t => {
  const path = await folder(t)
  const store = new TestStore()
  const first = new TestLedger(store, path)
  first.ledger.hear(flush(1))
  await first.ledger.stop()
  const { ledger, clock } = new TestLedger(store, path)
  ledger.hear(flush(1, 10, 'book2'))
  assert.equal(store.writes, 0)
  await ledger.start()
  await clock.run(() => store.requests === 11)
  await ledger.stop()
  assert.deepEqual(await readdir(path), [])
})
