import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Places, engines, opened } from '../../../../test/support/stores.ts'
import type { Cancel, Clock } from '../../../upstream/clock.ts'
import { consumer } from './testing/consumer.ts'
import { Upkeep } from './upkeep.ts'

const hourMs = 3_600_000

for (const engine of engines)
  suite(`upkeep of ${engine}`, () => {
    const places = new Places(engine)

    test('what is old goes, by one of those who share the store', async t => {
      const url = await places.url(t)
      if (url === null) return
      const clock = new SetClock()
      const stores = [await opened(t, url, clock), await opened(t, url, clock)]
      const [store] = stores
      assert.ok(store)
      await consumer(store)
      await store.idempotency.begin({ actor: 'a', key: 'k', requestHash: 'h', expires: clock.now() + hourMs })
      const upkeep = stores.map(one => {
        const part = new Upkeep({ calendar: clock, log: silent })
        part.opened(one)
        return part
      })

      const left = async () => {
        const changes = await store.db.selectFrom('changes').select('id').execute()
        const answers = await store.db.selectFrom('idempotency').select('key').execute()
        return [changes.length, answers.length]
      }
      clock.pass(hourMs / 2)
      assert.deepEqual(await left(), [4, 1])
      clock.pass(hourMs)
      await Promise.all(upkeep.map(part => part.stop()))
      assert.deepEqual(await left(), [4, 0])

      upkeep.forEach((part, i) => part.opened(stores[i]!))
      clock.pass(7 * 24 * hourMs)
      await Promise.all(upkeep.map(part => part.stop()))
      assert.deepEqual(await left(), [0, 0])
      clock.pass(hourMs)
      assert.equal(clock.waiting.size, 0, 'nothing begins after the end')
    })
  })

const silent = { warn: (_: string, fields: object) => assert.fail(JSON.stringify(fields)) } as never

class SetClock implements Clock {
  readonly waiting = new Map<() => void, number>()
  private ms = 1_800_000_000_000

  readonly now = (): number => this.ms

  after(ms: number, run: () => void): Cancel {
    this.waiting.set(run, this.ms + ms)
    return () => void this.waiting.delete(run)
  }

  pass(ms: number): void {
    this.ms += ms
    for (const [run, at] of this.waiting) if (at <= this.ms && this.waiting.delete(run)) run()
  }
}
