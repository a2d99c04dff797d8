import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Places, engines, opened } from '../../../../test/support/stores.ts'
import { Seen } from '../../../../test/support/until.ts'
import type { Store } from './store.ts'
import { consumer } from './testing/consumer.ts'

const program = fileURLToPath(new URL('testing/writer.ts', import.meta.url))
const rounds = 6

for (const engine of engines)
  suite(`kill -9 at any moment, with ${engine}`, () => {
    const places = new Places(engine)

    test('nothing that was acknowledged is lost, and what is there is whole', async t => {
      const url = await places.url(t)
      if (url === null) return
      const store = await opened(t, url)
      const { account } = await consumer(store)
      await store.close()
      const acknowledged: string[] = []
      for (let round = 0; round < rounds; round++) {
        // SQLite is of one process; the rows of PostgreSQL are written by two.
        const writers = Array.from({ length: engine === 'sqlite' ? 1 : 2 }, () => new Writer(url, account.id))
        await Promise.all(writers.map(writer => writer.killedAfter(randomInt(1, 30), randomInt(0, 5))))
        acknowledged.push(...writers.flatMap(writer => writer.acknowledged))
        const again = await opened(t, url)
        await whole(again, account.id, acknowledged)
        await again.close()
      }
      assert.ok(acknowledged.length >= rounds)
    })

    test('who is killed while it makes its tables leaves a store that can be opened', async t => {
      for (let round = 0; round < 4; round++) {
        const url = await places.url(t)
        if (url === null) return
        const writer = new Writer(url, 'nobody')
        await writer.killedAt(randomInt(150, 500))
        const store = await opened(t, url)
        await whole(store, (await consumer(store)).account.id, [])
      }
    })
  })

suite('kill -9 of PostgreSQL', () => {
  const places = new Places('postgres')

  test('nothing that was acknowledged is lost', async t => {
    const url = await places.url(t)
    const server = await places.postgres(t)
    if (url === null || server === null) return
    const store = await opened(t, url)
    const { account } = await consumer(store)
    const acknowledged: string[] = []
    for (let round = 0; round < 3; round++) {
      const writer = new Writer(url, account.id)
      await writer.lines.count(randomInt(5, 30))
      await server.down()
      await writer.kill()
      await server.up()
      acknowledged.push(...writer.acknowledged)
      await whole(store, account.id, acknowledged)
    }
  })
})

class Writer {
  readonly lines = new Seen<string>()
  private readonly child
  private readonly ended: Promise<unknown>

  constructor(url: string, account: string) {
    this.child = spawn(process.execPath, [program, url, account], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.ended = once(this.child, 'close')
    createInterface(this.child.stdout).on('line', line => this.lines.push(line))
  }

  /** `revision id` of each change that it was told has happened. A line of which half came was acknowledged, too. */
  get acknowledged(): string[] {
    return this.lines.all.filter(line => /^\d+ [0-9a-f-]{36}$/.test(line))
  }

  /** A time that nobody waits for: how far it has come is as it happens. */
  async killedAt(ms: number): Promise<void> {
    await setTimeout(ms)
    await this.kill()
  }

  async killedAfter(lines: number, ms: number): Promise<void> {
    await this.lines.count(lines + 1)
    await this.killedAt(ms)
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }
}

/** All that was acknowledged is there, at its revision; of the rest each change is there wholly or not at all. */
async function whole(store: Store, account: string, acknowledged: readonly string[]): Promise<void> {
  const db = store.db
  const rows = await db
    .selectFrom('applications')
    .select(['id', 'version', 'title', 'name'])
    .where('account', '=', account)
    .where('name', '!=', 'shop')
    .execute()
  const there = new Set(rows.map(row => `${row.version} ${row.id}`))
  for (const one of acknowledged) assert.ok(there.has(one), `${one} was acknowledged`)
  assert.ok(rows.every(row => row.title === 'made'))

  const { revision, revisions } = await db
    .selectFrom('changes')
    .select(eb => [eb.fn.max('revision').as('revision'), eb.fn.count('revision').distinct().as('revisions')])
    .executeTakeFirstOrThrow()
  assert.equal(revision, await store.revision())
  assert.equal(Number(revisions), revision, 'no revision is missing')
  assert.equal(revision, rows.length + 1)

  const audit = await store.verifyAudit()
  assert.deepEqual(audit, { entries: 4 + 2 * rows.length, fault: null })
}
