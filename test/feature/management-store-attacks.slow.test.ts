// What stands where Redis should: whatever it answers, nobody is refused for it, and nobody pays for it in memory.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { send } from '../support/client.ts'
import { flood, HostileRedis, taken, type Misdeed } from '../support/hostile-redis.ts'
import { say } from '../support/redis-server.ts'
import { requirePeer } from '../support/peer.ts'
import { Published } from '../support/published.ts'
import { RedisServer } from '../support/redis.ts'
import { TestUpstream } from '../support/upstream.ts'

const yearly = (name: string, more: object = {}): object => ({
  name,
  kind: 'Quota',
  amount: 100_000,
  per: 'Year',
  counters: 'Exact',
  ...more,
})

const answering = (text: string | Buffer): Misdeed => {
  return socket => say(socket, text)
}

const misdeeds: Readonly<Record<string, Misdeed>> = {
  'a text': answering('+OK\r\n'),
  'a number': answering(':0\r\n'),
  nothing: answering('_\r\n'),
  'an array of nothing': answering('*0\r\n'),
  'words for numbers': answering('*3\r\n+abc\r\n+xyz\r\n+q\r\n'),
  'too little': answering(`*2\r\n+${Date.now() * 1000}\r\n:0\r\n`),
  'too much': answering(`*5\r\n+${Date.now() * 1000}\r\n:0\r\n+5\r\n:2\r\n+5\r\n`),
  'arrays in arrays': answering('*3\r\n*1\r\n:1\r\n*0\r\n*0\r\n'),
  'an outcome that is none': answering(taken(undefined, ':9')),
  'less than nothing': answering(taken(undefined, ':0', '+-5')),
  'a number without end': answering(taken(undefined, ':2', `+${'9'.repeat(400)}`)),
  'not a number': answering(taken(undefined, ',nan')),
  'another millennium': answering(taken('99999999999999999', ':2')),
  'the beginning of time': answering(taken(0, ':2')),
  'the address of another': answering('-MOVED 1 127.0.0.1:1\r\n'),
  'that it wants a password': answering('-NOAUTH Authentication required.\r\n'),
  'that it has forgotten the script': answering('-NOSCRIPT No matching script.\r\n'),
  'that nobody may write': answering("-READONLY You can't write against a read only replica.\r\n"),
  'half of it': answering('*3\r\n$16\r\n17'),
  'what is no protocol': answering(Buffer.from([0, 255, 254, 13, 10, 7])),
  'another protocol': answering('HTTP/1.1 200 OK\r\n\r\n'),
  'all answers fifty times': answering(taken(undefined, ':2').repeat(50)),
  'an end': socket => void socket.destroy(),
  'a gigabyte': socket => flood(socket, '$1000000000\r\n', Buffer.alloc(1 << 20, 120)),
  'a hundred million numbers': socket =>
    flood(socket, '*100000000\r\n', Buffer.from(':1\r\n'.repeat(1 << 18))),
}

/** Megabytes that a process has of the machine's memory. */
const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024

suite('limits that are counted in Redis', () => {
  test('stay what they are, whatever answers in its place', async t => {
    await using redis = await HostileRedis.start()
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const limits = [yearly('local')]
    await using site = await Published.start(upstream.port, { limits, args: ['--counters', redis.url] })
    const { key } = await site.subscriber('shop')
    const ask = () => send(site.port, { headers: { 'X-API-Key': key } })
    /** Asks until Redis has been asked so often. */
    const asked = async (times: number): Promise<void> => {
      const from = redis.calls
      while (redis.calls < from + times) {
        const { status, headers, body } = await ask()
        assert.equal(status, 200, body)
        assert.match(String(headers['ratelimit']), /^"local";r=\d+;t=\d+/)
        await later(5)
      }
    }
    await asked(4)
    const beforeMb = residentMb(site.process.child.pid!)
    for (const [what, misdeed] of Object.entries(misdeeds))
      await t.test(what, async () => {
        redis.misdeed = misdeed
        await asked(3)
      })
    const usedMb = residentMb(site.process.child.pid!) - beforeMb
    assert.ok(usedMb < 500, `${usedMb} MB`)
    // And once it is Redis again, it is believed again.
    redis.misdeed = null
    const isBelieved = async (): Promise<boolean> =>
      String((await ask()).headers['ratelimit']).startsWith('"local";r=99995;')
    while (!(await isBelieved())) await later(20)
  })

  test('answer 503 where they say so, and 401, 403 and 429 never', async () => {
    await using redis = await HostileRedis.start()
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const limits = [yearly('deny', { onStoreError: 'Deny' })]
    await using site = await Published.start(upstream.port, { limits, args: ['--counters', redis.url] })
    const { key } = await site.subscriber('shop')
    const ask = () => send(site.port, { headers: { 'X-API-Key': key } })
    while ((await ask()).status !== 200) await later(20)
    redis.misdeed = misdeeds['words for numbers']!
    for (let i = 0; i < 20; i++) {
      const { status, body } = await ask()
      assert.equal(status, 503)
      assert.match(body, /"reason":"limit_store_unavailable"/)
    }
    redis.misdeed = null
    while ((await ask()).status !== 200) await later(20)
  })

  test('are counted in one that wants a password, and go on where it is the wrong one', async t => {
    const program = requirePeer(t, 'redis-server')
    if (program === null) return
    await using redis = await RedisServer.start(program, ['--requirepass', 'hush'])
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    for (const [password, isRight] of [
      ['hush', true],
      ['wrong', false],
    ] as const) {
      const counters = redis.url.replace('//', `//:${password}@`)
      const limits = [yearly('y')]
      await using site = await Published.start(upstream.port, { limits, args: ['--counters', counters] })
      await site.process.event(isRight ? 'counters.available' : 'counters.unavailable')
      const { key } = await site.subscriber('shop')
      assert.equal((await send(site.port, { headers: { 'X-API-Key': key } })).status, 200)
      const log = JSON.stringify(site.process.log.all)
      assert.ok(!log.includes(`:${password}@`), log)
    }
  })
})
