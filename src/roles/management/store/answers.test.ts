import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Places, engines } from '../../../../test/support/stores.ts'
import { systemClock, type Clock } from '../../../upstream/clock.ts'
import { actor, consumer } from './testing/consumer.ts'

const dayMs = 86_400_000

for (const engine of engines)
  suite(`answers that are kept in ${engine}`, () => {
    const places = new Places(engine)

    test('of many who come with one key at the same time, one has it', async t => {
      const store = await places.store(t)
      if (store === null) return
      const row = asked('k')
      const begun = await Promise.all(Array.from({ length: 8 }, () => store.idempotency.begin(row)))
      assert.equal(begun.filter(one => one === null).length, 1)
      assert.ok(begun.every(one => one === null || one.status === null))
      assert.equal(await store.idempotency.begin({ ...row, actor: 'user:b' }), null)
    })

    test('the answer is there if, and only if, what it is of has happened', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      const answer = { status: 201, headers: '{"etag":"1"}', body: '{"id":1}' }
      const row = asked('k')
      await store.idempotency.begin(row)
      const failing = store.change(actor, async tx => {
        await tx.accounts.update(account.id, { title: 'x' })
        await tx.idempotency.finish(row, answer)
        throw new Error('no')
      })
      await assert.rejects(failing, /no/)
      assert.equal((await store.idempotency.begin(row))?.status, null)
      await store.change(actor, async tx => {
        await tx.accounts.update(account.id, { title: 'x' })
        await tx.idempotency.finish(row, answer)
      })
      const { status, headers, body, requestHash } = (await store.idempotency.begin(asked('k', 'other')))!
      assert.deepEqual({ status, headers, body }, answer)
      assert.equal(requestHash, 'h')
    })

    test('what failed may be tried again, what was answered is not forgotten', async t => {
      const store = await places.store(t)
      if (store === null) return
      const row = asked('k')
      await store.idempotency.begin(row)
      await store.idempotency.forget(row)
      assert.equal(await store.idempotency.begin(row), null)
      await store.idempotency.finish(row, { status: 204, headers: null, body: null })
      await store.idempotency.forget(row)
      assert.equal((await store.idempotency.begin(row))?.status, 204)
    })

    test('who has died over a request does not keep its key, and an answer goes in time', async t => {
      const clock = new SetClock()
      const store = await places.store(t, clock)
      if (store === null) return
      const row = asked('k', 'h', clock.now() + dayMs)
      assert.equal(await store.idempotency.begin(row), null)
      clock.ms += 59_000
      assert.notEqual(await store.idempotency.begin(row), null)
      clock.ms += 1_000
      assert.equal(await store.idempotency.begin(row), null)
      await store.idempotency.finish(row, { status: 200, headers: null, body: null })
      assert.equal(await store.idempotency.prune(), 0)
      clock.ms += dayMs
      assert.equal(await store.idempotency.begin(asked('k', 'h', clock.now() + dayMs)), null)
      clock.ms += dayMs
      assert.equal(await store.idempotency.prune(), 1)
    })
  })

for (const engine of engines)
  suite(`leases in ${engine}`, () => {
    const places = new Places(engine)

    test('of many, one has it, and keeps it for as long as it says so', async t => {
      const store = await places.store(t)
      if (store === null) return
      const takers = Array.from({ length: 8 }, (_, i) => `node-${i}`)
      const took = await Promise.all(takers.map(holder => store.leases.take('roll-up', holder, 60_000)))
      assert.equal(took.filter(Boolean).length, 1)
      const holder = takers[took.indexOf(true)]!
      assert.equal(await store.leases.take('roll-up', holder, 60_000), true)
      assert.equal(await store.leases.take('roll-up', 'another', 60_000), false)
      assert.equal(await store.leases.take('another', 'another', 60_000), true)
    })

    test('one that was given back or has run out can be taken', async t => {
      const store = await places.store(t)
      if (store === null) return
      await store.leases.take('job', 'a', 60_000)
      await store.leases.release('job', 'b')
      assert.equal(await store.leases.take('job', 'b', 60_000), false)
      await store.leases.release('job', 'a')
      assert.equal(await store.leases.take('job', 'b', 20), true)
      // By the clock of the database, for which there is no other.
      while (!(await store.leases.take('job', 'c', 60_000)));
      assert.equal(await store.leases.take('job', 'b', 60_000), false)
    })
  })

function asked(key: string, requestHash = 'h', expires = Date.now() + dayMs) {
  return { actor: 'user:a', key, requestHash, expires }
}

class SetClock implements Clock {
  ms = Date.now()
  readonly after = systemClock.after
  readonly now = (): number => this.ms
}
