import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { trialKit } from '../../../../filters/trial-kit.ts'
import { requirePeer } from '../../../../../test/support/peer.ts'
import { RedisServer } from '../../../../../test/support/redis.ts'
import { Limit } from '../limit.ts'
import { Meter } from '../meter.ts'
import type { Window } from '../windows/windows.ts'
import type { LimitRow } from '../../rows.ts'
import { limitRow, quotaRow } from '../../../../../test/support/limit-rows.ts'
import type { ExactLevel } from '../store/exact-store.ts'
import { RedisStore } from './redis-store.ts'

const clock = {
  ...trialKit.clock,
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Its budget is twenty times as long: for what is about counting, on a machine that has much else to do. */
const patient = { ...clock, now: () => performance.now() / 20 }

const HOUR_MS = 3_600_000

const counted = { whose: 'known', key: 'one', crowd: '', sinceMs: 0 } as const

function quota(name: string, amount: number, more: Partial<LimitRow> = {}): Meter {
  return new Meter(new Limit(quotaRow(name, amount, { per: 'Hour', ...more })), counted)
}

/** So many in an hour, `burst` at once. */
function rate(name: string, amount: number, burst: number, more: Partial<LimitRow> = {}): Meter {
  return new Meter(new Limit(limitRow(name, amount, { per: 'Hour', burst, ...more })), counted)
}

async function available(store: RedisStore): Promise<RedisStore> {
  while (store.away) await later(5)
  return store
}

class Stores implements AsyncDisposable {
  readonly server: RedisServer
  readonly logged: string[] = []
  private readonly all: RedisStore[] = []

  constructor(server: RedisServer) {
    this.server = server
  }

  async open(node = 'node', time = clock): Promise<RedisStore> {
    const write = (event: string) => void this.logged.push(event)
    const store = new RedisStore({
      url: this.server.url,
      node,
      clock: time,
      log: { info: write, warn: write },
    })
    this.all.push(store)
    return available(store)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.all) store.drain()
    await this.server[Symbol.asyncDispose]()
  }
}

suite('counters in Redis', () => {
  const onServer = (what: string, run: (stores: Stores) => Promise<void>): void => {
    test(what, async t => {
      const program = requirePeer(t, 'redis-server')
      if (program === null) return
      await using stores = new Stores(await RedisServer.start(program))
      await run(stores)
    })
  }

  onServer(
    'three nodes that ask at the same time let through as many as the limit has, and no more',
    async stores => {
      const nodes = await Promise.all(['a', 'b', 'c'].map(node => stores.open(node, patient)))
      const [hourly, burst] = [quota('hourly', 100), rate('burst', 1, 120)]
      const levels = await Promise.all(
        Array.from({ length: 300 }, (_, i) => Promise.resolve(nodes[i % 3]!.take([hourly, burst], [1, 1]))),
      )
      assert.equal(levels.filter(([one]) => one!.outcome === 'taken').length, 100)
      const [left, slow] = await nodes[0]!.peek([hourly, burst])
      assert.equal(left!.used, 100)
      // What the one refused cost nothing of the other.
      assert.equal(slow!.remaining, 20)
    },
  )

  onServer(
    'a request that one limit refuses costs nothing of any other, whichever comes first',
    async stores => {
      const store = await stores.open('node', patient)
      const meters = [quota('a', 5), quota('none', 0), rate('b', 1, 5)]
      const outcomes = (await store.take(meters, [1, 1, 1])).map(({ outcome }) => outcome)
      assert.deepEqual(outcomes, ['taken', 'denied', 'taken'])
      assert.deepEqual(
        (await store.peek(meters)).map(({ remaining }) => remaining),
        [5, 0, 5],
      )
    },
  )

  onServer('a rate gives back what time has earned', async stores => {
    const store = await stores.open()
    const fast = rate('fast', 120_000, 2)
    const take = async (): Promise<ExactLevel> => (await store.take([fast], [1]))[0]!
    assert.equal((await take()).outcome, 'taken')
    const second = await take()
    assert.deepEqual([second.outcome, second.remaining], ['taken', 0])
    const taken: ExactLevel[] = []
    while (taken.length < 3) {
      const level = await take()
      if (level.outcome === 'taken') taken.push(level)
      else await later(5)
    }
    assert.ok(taken.every(({ used }) => used <= 60_000))
  })

  onServer('what merely flags lets through: a quota counts on, a rate does not', async stores => {
    const store = await stores.open()
    const meters = [quota('q', 1, { exceeded: 'Flag' }), rate('r', 1, 1, { exceeded: 'Flag' })]
    await store.take(meters, [1, 1])
    const [over, fast] = await store.take(meters, [1, 1])
    assert.deepEqual([over!.outcome, over!.used, over!.remaining], ['over', 2, 0])
    assert.deepEqual([fast!.outcome, fast!.remaining], ['over', 0])
    assert.ok(fast!.used <= HOUR_MS * 1_000)
  })

  onServer('what is known at the end alone is added, and given back', async stores => {
    const store = await stores.open()
    const [bytes, pace] = [quota('bytes', 1_000), rate('pace', 1, 10)]
    store.settle([bytes, pace], [700, 4])
    store.settle([bytes, pace], [-200, -1])
    const peek = async () => (await store.peek([bytes, pace])).map(({ remaining }) => remaining)
    while ((await peek())[0] !== 500) await later(5)
    assert.deepEqual(await peek(), [500, 7])
  })

  onServer('whom a limit has refused it refuses again without asking', async stores => {
    const store = await stores.open()
    const [full, pace] = [quota('full', 1), rate('pace', 1, 10)]
    await store.take([full, pace], [1, 1])
    const refused = await store.take([full, pace], [1, 1])
    const again = store.take([full, pace], [1, 1])
    assert.equal(again instanceof Promise, false)
    assert.deepEqual(again, refused)
    assert.equal(refused[1]!.remaining, 9)
    // Of another plan, with more of it, nobody has been refused.
    const more = await store.take([quota('full', 2), pace], [1, 1])
    assert.deepEqual(
      more.map(({ outcome }) => outcome),
      ['taken', 'taken'],
    )
  })

  onServer('a window is that of the clock of Redis', async stores => {
    const store = await stores.open()
    const asked: number[] = []
    /** The first look is by a clock that is a day behind. */
    class Skewed extends Meter {
      override windowAt(wallMs: number): Window {
        return super.windowAt(asked.push(wallMs) === 1 ? wallMs - 24 * HOUR_MS : wallMs)
      }
    }
    const meter = new Skewed(quota('hour', 10).limit, counted)
    const [level] = await store.take([meter], [1])
    assert.deepEqual([level!.outcome, level!.used, asked.length], ['taken', 1, 2])
  })

  onServer(
    'while Redis is away nobody waits, and what was used meanwhile is told when it is there again',
    async stores => {
      const store = await stores.open()
      const hourly = quota('hourly', 100)
      await store.take([hourly], [1])
      await stores.server.kill()
      // What is under way fails first, and then nobody asks any more.
      while (!store.away) await Promise.resolve(store.take([hourly], [1])).catch((error: unknown) => error)
      await assert.rejects(async () => store.take([hourly], [1]), /StoreAway/)
      store.settle([hourly], [5])
      await stores.server.begin()
      await available(store)
      const used = async () => (await store.peek([hourly]))[0]!.used
      while ((await used()) !== 5) await later(5)
      assert.deepEqual(stores.logged, ['counters.available', 'counters.unavailable', 'counters.available'])
    },
  )

  onServer(
    'a Redis that does not answer is waited for as long as the budget, then not at all',
    async stores => {
      const store = await stores.open()
      const hourly = quota('hourly', 100)
      await store.take([hourly], [1])
      stores.server.pause()
      let late = 0
      for (; !store.away; late++)
        await assert.rejects(async () => store.take([hourly], [1]), /no answer|in a row/)
      assert.ok(late >= 1 && late <= 5, String(late))
      await assert.rejects(async () => store.take([hourly], [1]), /in a row/)
      stores.server.resume()
      await available(store)
      // What it was asked in vain it did in the end.
      while ((await store.peek([hourly]))[0]!.used !== 1 + late) await later(5)
    },
  )

  onServer('a node knows how many there are', async stores => {
    const [a, b] = [await stores.open('a'), await stores.open('b')]
    const again = await stores.open('b')
    while (b.share !== 0.5) await later(5)
    while (again.share !== 0.5) await later(5)
    assert.ok([1, 0.5].includes(a.share))
  })
})
