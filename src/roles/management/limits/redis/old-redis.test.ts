// Who cannot count as we need it says so at once; who merely is old counts.
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { trialKit } from '../../../../filters/trial-kit.ts'
import { quotaRow } from '../../../../../test/support/limit-rows.ts'
import { requirePeer } from '../../../../../test/support/peer.ts'
import { RedisFront } from '../../../../../test/support/redis-front.ts'
import { RedisServer } from '../../../../../test/support/redis.ts'
import { Limit } from '../limit.ts'
import { Meter } from '../meter.ts'
import { RedisStore } from './redis-store.ts'

/** Budgets are twenty times as long. */
const clock = {
  ...trialKit.clock,
  now: () => performance.now() / 20,
  wallMs: () => Date.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

const counted = { whose: 'known', key: 'one', crowd: '', sinceMs: 0 } as const
const hourly = new Meter(new Limit(quotaRow('hourly', 3, { per: 'Hour' })), counted)

class Opened {
  readonly told: string[] = []
  readonly store: RedisStore

  constructor(t: TestContext, url: string) {
    const log = {
      info: (event: string) => void this.told.push(event),
      warn: (event: string, { message }: { message?: unknown } = {}) =>
        void this.told.push(`${event}: ${String(message)}`),
    }
    this.store = new RedisStore({ url, node: 'node', clock, log })
    t.after(() => this.store.drain())
  }

  async outcomes(): Promise<string> {
    while (this.store.away) await later(5)
    const seen = []
    for (let i = 0; i < 4; i++) seen.push((await this.store.take([hourly], [1]))[0]!.outcome)
    return seen.join(' ')
  }

  async untilTold(pattern: RegExp): Promise<void> {
    while (!this.told.some(line => pattern.test(line))) await later(5)
  }
}

async function server(t: TestContext, more: readonly string[] = []): Promise<RedisServer | null> {
  const program = requirePeer(t, 'redis-server')
  if (program === null) return null
  const redis = await RedisServer.start(program, more)
  t.after(() => redis[Symbol.asyncDispose]())
  return redis
}

suite('a Redis', () => {
  for (const [what, settings, password] of [
    ['without a password', [], ''],
    ['with a password', ['--requirepass', 'secret'], ':secret@'],
  ] as const)
    test(`of version 5, ${what}, which does not know HELLO nor names of users, counts`, async t => {
      const redis = await server(t, settings)
      if (redis === null) return
      await using front = await RedisFront.start(redis.port, ([name = '', ...words]) => {
        if (name.toLowerCase() === 'hello')
          return `ERR unknown command \`HELLO\`, with args beginning with: ${words.map(word => `\`${word}\`, `).join('')}`
        if (name.toLowerCase() === 'auth' && words.length > 1)
          return "ERR wrong number of arguments for 'auth' command"
        return null
      })
      const opened = new Opened(t, front.url.replace('//', `//${password}`))
      assert.equal(await opened.outcomes(), 'taken taken taken denied')
      assert.deepEqual(opened.told, ['counters.available'])
      assert.equal(front.seen.has('hello'), false)
    })

  test('of version 4, whose scripts may not write what depends on the clock, says so once, and is asked again', async t => {
    const redis = await server(t)
    if (redis === null) return
    const error =
      'ERR Error running script (call to f_1): @user_script:2: @user_script: 2: Write commands not allowed after non deterministic commands. Call redis.replicate_commands() at the start of your script in order to switch to single commands replication mode.'
    await using front = await RedisFront.start(redis.port, ([name = '']) =>
      name.toLowerCase().startsWith('eval') ? error : null,
    )
    const opened = new Opened(t, front.url)
    await opened.untilTold(
      /^counters\.unavailable: it cannot count: .*; Redis 5 or newer, or Valkey, is needed$/,
    )
    await assert.rejects(async () => opened.store.take([hourly], [1]), /Redis 5 or newer/)
    assert.equal(opened.told.length, 1)
    front.refuses = () => null
    assert.equal(await opened.outcomes(), 'taken taken taken denied')
  })

  test('that is a replica says so', async t => {
    const primary = await server(t)
    if (primary === null) return
    const replica = await server(t, ['--replicaof', '127.0.0.1', String(primary.port)])
    const opened = new Opened(t, replica!.url)
    await opened.untilTold(/it cannot count: READONLY .*--counters must be the URL of the primary$/)
    assert.ok(opened.store.away)
  })
})
