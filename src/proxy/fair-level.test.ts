import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { seeded } from '../../test/support/seeded.ts'
import { FairLevel } from './fair-level.ts'

/** So many requests of each client in each of so many looks; answers what is served of each in one, as a mean of the second half. */
function served(level: FairLevel, counts: readonly number[], share: number, looks = 200): number[] {
  const all = counts.map(() => 0)
  for (let look = 0; look < looks; look++) {
    for (const [client, count] of counts.entries())
      for (let i = 0; i < count; i++) {
        const sharer = level.met(`c${client}`)
        const odds = level.odds(sharer)
        if (look >= looks / 2 && (odds === 0 || !level.refuses(sharer, odds))) all[client]!++
      }
    level.turn(share)
  }
  return all.map(one => one / (looks / 2))
}

/** The definition: at which the least of count and level are this sum. */
function waterLevel(counts: readonly number[], sum: number): number {
  let [low, high] = [0, Math.max(...counts)]
  for (let i = 0; i < 60; i++) {
    const level = (low + high) / 2
    if (counts.reduce((all, one) => all + Math.min(one, level), 0) < sum) low = level
    else high = level
  }
  return low
}

suite('what is served of clients', () => {
  const random = seeded(3)
  const drawn = Array.from({ length: 30 }, () => ({
    counts: Array.from({ length: 1 + Math.floor(random() * 20) }, () => 1 + Math.floor(100 * random() ** 4)),
    share: 0.05 + 0.9 * random(),
  }))
  for (const { counts, share } of drawn)
    test(`is the same for all who ask for more (${counts.join(' ')}; ${(share * 100).toFixed(0)} % refused)`, () => {
      const due = (1 - share) * counts.reduce((sum, one) => sum + one, 0)
      const level = waterLevel(counts, due)
      const got = served(new FairLevel(), counts, share)
      // Those who come first in a look are judged by what they had asked for a little less: at most by a tenth.
      for (const [client, count] of counts.entries()) {
        const [one, expected] = [got[client]!, Math.min(count, level)]
        assert.ok(Math.abs(one - expected) <= 0.1 * expected + 0.05, `${one} of ${count}, not ${expected}`)
      }
    })

  test('is the same of gentle clients and of a flood whose every request is of another address', () => {
    const level = new FairLevel()
    const [gentle, flood] = [
      { came: 0, served: 0 },
      { came: 0, served: 0 },
    ]
    const ask = (client: string, tally: typeof gentle): void => {
      const sharer = level.met(client)
      const odds = level.odds(sharer)
      tally.came++
      if (odds === 0 || !level.refuses(sharer, odds)) tally.served++
    }
    for (let look = 0; look < 5_000; look++) {
      for (let i = 0; i < 10; i++) if (random() < 0.4) ask(`gentle ${i}`, gentle)
      for (let i = 0; i < 100; i++) ask(`once ${look} ${i}`, flood)
      level.turn(0.6)
    }
    const [ofGentle, ofFlood] = [gentle.served / gentle.came, flood.served / flood.came]
    assert.ok(ofGentle > 0.9 * ofFlood, `${ofGentle}, of the flood ${ofFlood}`)
  })

  test('is nothing where all is refused, and all where nothing is', () => {
    assert.deepEqual(served(new FairLevel(), [3, 50], 1), [0, 0])
    assert.deepEqual(served(new FairLevel(), [3, 50], 0), [3, 50])
  })

  test('is spread evenly as long as nothing is known of who asks', () => {
    const level = new FairLevel()
    level.turn(0.5)
    const sharer = level.met('a')
    assert.equal(level.odds(sharer), 0.5)
  })
})

suite('clients that are known', () => {
  test('are no more than so many: who comes then counts by his network, and at last with all others', () => {
    const level = new FairLevel()
    for (let i = 0; i < 100_000; i++) level.met(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    assert.ok(level.size <= 4_096 + 1_024 + 1, `${level.size}`)
    const [some, same] = ['10.1.1.1', '10.1.1.2'].map(address => level.met(address))
    assert.equal(some, same)
    for (let i = 0; i < 100_000; i++) level.met(`2001:db8:${i.toString(16)}:1::/64`)
    assert.equal(level.size, 4_096 + 1_024 + 1)
    assert.equal(level.met('2001:db8:ffff:1::/64'), level.met('192.0.2.1'))
  })

  test('are forgotten when they have not come for a while, and when shedding is over', () => {
    const level = new FairLevel()
    for (let i = 0; i < 1_000; i++) level.met(`c${i}`)
    level.turn(0.5)
    assert.equal(level.size, 1_000)
    for (let look = 0; look < 20; look++) level.turn(0.5)
    assert.equal(level.size, 0)
    level.met('a')
    level.clear()
    assert.equal(level.size, 0)
  })
})
