import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { CacheKeeper } from './keeper.ts'
import { CacheReader } from './reader.ts'
import { storedBytes, type Stored } from './stored.ts'

function answer(url: string, more: Partial<Stored> = {}): Stored {
  return {
    id: 0,
    url,
    place: '',
    vary: [],
    values: '',
    status: 200,
    fields: [],
    body: new SharedArrayBuffer(20_000),
    times: { initialAgeMs: 0, receivedMs: 0, freshMs: 60_000 },
    policy: { asks: false, strict: false, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
    tags: [],
    changePlace: 0,
    changes: 0,
    client: 'somebody',
    ...more,
  }
}

/** A keeper, and what two workers see of it. */
function cacheOf(limitBytes: number, places?: number) {
  const keeper = new CacheKeeper(limitBytes, places)
  const [one, other] = [new CacheReader(keeper.attach(1)), new CacheReader(keeper.attach(2))]
  const has = (reader: CacheReader, url: string): Stored | undefined => {
    reader.catchUp()
    return reader.find(url)?.get('')?.byValues.get('')
  }
  /** Until the keeper has answered all offers. */
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await setImmediate()
    for (const reader of [one, other]) reader.catchUp()
  }
  const put = (url: string, more: Partial<Stored> = {}): boolean =>
    one.offer(answer(url, more), one.asked(url, ''), one.known)
  return { keeper, one, other, has, settled, put }
}

suite('a cache of several workers', () => {
  test('has what one of them stores, at once there, and in the same memory in all', async () => {
    const { keeper, one, other, has, settled, put } = cacheOf(1_000_000)
    put('/a')
    assert.ok(has(one, '/a'))
    await settled()
    const there = has(other, '/a')!
    new Uint8Array(has(one, '/a')!.body!)[0] = 7
    assert.equal(new Uint8Array(there.body!)[0], 7)
    assert.deepEqual(keeper.figures, { entries: 1, bytes: storedBytes(there), limitBytes: 1_000_000 })
    // One that comes later knows it too.
    assert.ok(has(new CacheReader(keeper.attach(3)), '/a'))
  })

  test('is purged for all before the call returns, also of what is on its way', async () => {
    const { keeper, one, other, has, settled, put } = cacheOf(1_000_000)
    put('/a')
    await settled()
    const { known } = one
    put('/late')
    keeper.purge('all')
    assert.deepEqual([has(one, '/a'), has(other, '/a'), has(one, '/late')], [undefined, undefined, undefined])
    await settled()
    assert.equal(one.offer(answer('/asked-before'), 1, known), false)
    assert.deepEqual([keeper.figures.entries, has(other, '/late')], [0, undefined])
  })

  test('is never larger than its bound, and what is used stays when others ask for what nobody asks again', async () => {
    const { keeper, one, other, has, settled, put } = cacheOf(1_000_000)
    const hot = Array.from({ length: 20 }, (_, i) => `/hot/${i}`)
    for (const url of hot) put(url, { client: 'neighbour' })
    await settled()
    for (const url of hot) for (let i = 0; i < 3; i++) other.used(has(other, url)!)
    for (let i = 0; i < 2_000; i++) {
      put(`/flood/${i}`, { client: 'attacker' })
      if (i % 50 === 0) await settled()
      assert.ok(keeper.figures.bytes <= 1_000_000)
    }
    await settled()
    assert.equal(one.isFull, true)
    assert.deepEqual(
      hot.filter(url => has(other, url) === undefined),
      [],
    )
    // What is asked for again and again comes in all the same.
    for (let i = 0; i < 5; i++) put('/wanted', { client: 'neighbour' })
    await settled()
    assert.ok(has(other, '/wanted'))
  })

  test('stores on when all places have been given out, though those in a row have stayed', async () => {
    const { keeper, one, has, settled, put } = cacheOf(1_000_000, 64)
    const hot = Array.from({ length: 20 }, (_, i) => `/hot/${i}`)
    for (const url of hot) put(url)
    await settled()
    for (let i = 0; i < 300; i++) {
      for (const url of hot) one.used(has(one, url)!)
      put(`/${i}`, { body: null })
      await settled()
      assert.ok(has(one, `/${i}`), `/${i} is not stored`)
      assert.ok(keeper.figures.entries <= 64)
    }
    assert.deepEqual(
      hot.filter(url => has(one, url) === undefined),
      [],
    )
  })

  test('pushes out so many for one answer at most, and none where it would need more', async () => {
    const { keeper, one, has, settled, put } = cacheOf(10_000_000)
    for (let i = 0; i < 10_000; i++) put(`/${i}`, { body: null })
    await settled()
    const { entries } = keeper.figures
    assert.ok(entries > 9_000)
    const offer = async (url: string, bytes: number): Promise<boolean> => {
      one.offer(answer(url, { body: new SharedArrayBuffer(bytes) }), 255, one.known)
      await settled()
      return has(one, url) !== undefined
    }
    assert.equal(await offer('/large', 1_200_000), false)
    assert.equal(keeper.figures.entries, entries)
    assert.equal(await offer('/smaller', 500_000), true)
    assert.ok(keeper.figures.entries < entries - 400)
  })

  test('is full no longer than there is no room', async () => {
    const { one, has, settled, put } = cacheOf(100_000)
    const done: (() => void)[] = []
    for (const url of ['/1', '/2', '/3', '/4']) {
      put(url)
      await settled()
      done.push(one.sending(has(one, url)!))
      one.replaced(has(one, url)!)
    }
    await settled()
    put('/5')
    await settled()
    assert.deepEqual([has(one, '/5'), one.isFull], [undefined, true])
    for (const end of done) end()
    put('/5')
    await settled()
    assert.ok(has(one, '/5'))
    assert.equal(one.isFull, false)
  })

  test('has nobody wait for what a worker that has died was asking', async () => {
    const { keeper, one, other } = cacheOf(1_000_000)
    assert.equal(one.claims.take('a', 30_000).state, 'mine')
    assert.equal(other.claims.take('b', 30_000).state, 'mine')
    const passing = one.claims.take('c', 30_000)
    assert.ok(passing.state === 'mine')
    one.claims.release(passing.claim, 30_000)
    const seen = other.claims.find('a')
    assert.ok(seen.state === 'claimed')
    const over = other.claims.over(seen.claim, 30_000)
    keeper.release(1)
    assert.equal(await over, 'ok')
    const states = ['a', 'b', 'c'].map(key => other.claims.find(key).state)
    assert.deepEqual(states, ['free', 'claimed', 'passes'])
  })

  test('counts what is sent to slow clients until they have it, and no longer than their worker lives', async () => {
    const { keeper, one, has, settled, put } = cacheOf(1_000_000)
    put('/a')
    await settled()
    const sent = one.sending(has(one, '/a')!)
    keeper.purge('all')
    one.catchUp()
    assert.equal(keeper.figures.bytes, 20 * 1024)
    sent()
    sent()
    assert.equal(keeper.figures.bytes, 0)
    put('/b')
    await settled()
    one.sending(has(one, '/b')!)
    keeper.purge('all')
    one.catchUp()
    assert.equal(keeper.figures.bytes, 20 * 1024)
    keeper.release(1)
    assert.equal(keeper.figures.bytes, 0)
  })
})
