import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { AccessRecord } from '../access-record.ts'
import { RecentMemories } from './recent-memories.ts'
import { RecentReader } from './recent-reader.ts'
import { RecentWriter } from './recent-writer.ts'
import type { RecentFilter } from './recent-filter.ts'

function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const memories = new RecentMemories(1)
  const writer = new RecentWriter(memories.take(), 1)
  const reader = new RecentReader(memories)
  let at = 0
  return {
    memories,
    reader,
    write(fields: Partial<AccessRecord>, to = writer): void {
      const usual = { method: 'GET', status: 200, clientAddress: '203.0.113.7' }
      at += 0.001
      to.write(Object.assign(new AccessRecord(), usual, fields), at)
    },
    poll: () => t.mock.timers.tick(250),
    follow(filter: RecentFilter) {
      const seen = { paths: [] as string[], lost: 0, leave: () => {} }
      seen.leave = reader.tail({
        filter,
        onRecords: records => seen.paths.push(...records.map(({ path }) => path)),
        onLost: count => (seen.lost += count),
      })
      return seen
    },
  }
}

suite('who follows recent requests', () => {
  test('is told of what ends from then on, the oldest first, and of nothing any more when he has left', t => {
    const all = begin(t)
    all.write({ path: '/before' })
    const seen = all.follow({})
    all.write({ path: '/one' })
    all.write({ path: '/two' })
    assert.deepEqual(seen.paths, [])
    all.poll()
    assert.deepEqual(seen.paths, ['/one', '/two'])
    all.poll()
    all.write({ path: '/three' })
    seen.leave()
    all.poll()
    assert.deepEqual([seen.paths, seen.lost], [['/one', '/two'], 0])
  })

  test('is told of what he asks for', t => {
    const all = begin(t)
    const errors = all.follow({ status: [500, 599] })
    const cart = all.follow({ path: '/cart' })
    all.write({ path: '/cart/1' })
    all.write({ path: '/items', status: 502 })
    all.poll()
    assert.deepEqual([errors.paths, cart.paths, errors.lost], [['/items'], ['/cart/1'], 0])
  })

  test('is told of a worker that came later, and of one that goes on in the memory of a dead one', t => {
    const all = begin(t)
    const seen = all.follow({})
    const later = new RecentWriter(all.memories.take(), 1)
    all.write({ path: '/later' }, later)
    all.poll()
    assert.deepEqual(seen.paths, ['/later'])
  })

  test('is told how many are left out where more come than are shown, and of errors first', t => {
    const all = begin(t)
    const seen = all.follow({})
    const errors = all.follow({ keep: 'errors' })
    all.write({ path: '/broken', status: 500 })
    for (let i = 0; i < 3_000; i++) all.write({ path: `/${i}` })
    all.poll()
    assert.equal(seen.paths.length, 50)
    assert.equal(seen.paths[0], '/broken')
    assert.equal(seen.paths[49], '/2999')
    assert.equal(seen.lost, 3_001 - 50)
    assert.deepEqual(errors.paths, ['/broken'])
  })

  test('is told of what was written over before he could be', t => {
    const all = begin(t)
    const seen = all.follow({})
    for (let i = 0; i < 10_000; i++) all.write({ path: `/${i}` })
    all.poll()
    assert.equal(seen.paths.length + seen.lost, 10_000)
    assert.equal(seen.paths.at(-1), '/9999')
  })
})
