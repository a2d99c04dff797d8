import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send, type Answer } from '../support/client.ts'
import { Example } from '../support/example.ts'
import { requirePeer } from '../support/peer.ts'
import { Postgres } from '../support/postgres.ts'
import { freePort } from '../support/process.ts'
import { RedisServer } from '../support/redis.ts'

test('two gateways know one key, and are held to one limit', async t => {
  const program = requirePeer(t, 'redis-server')
  if (program === null) return
  await using postgres = await Postgres.start(t)
  if (postgres === null) return
  await using redis = await RedisServer.start(program)
  const second = await freePort()
  const others = `--second ${second} --second-admin 127.0.0.1:${await freePort()}`.split(' ')
  const flags = ['--store', postgres.url(), '--counters', redis.url, ...others]
  const example = await Example.start('fleet', flags)
  try {
    const key = /'X-API-Key: ([^']+)'/.exec(example.output)?.[1] ?? ''
    assert.match(key, /^pc_live_/, example.output)
    const ask = (port: number): Promise<Answer> =>
      send(port, { path: '/v1/pets', headers: { 'X-API-Key': key } })
    // The other one is told of it by the database.
    let spent = 0
    for (let status = 0; status !== 200;) {
      ;({ status } = await ask(second))
      assert.ok(status === 200 || status === 401 || status === 403, String(status))
      if (status === 200) spent++
    }
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => ask(i % 2 === 0 ? second : example.gateway)),
    )
    const served = answers.filter(({ status }) => status === 200).length
    assert.equal(served + spent, 40, answers.map(({ status }) => status).join(' '))
    assert.equal(answers.filter(({ status }) => status === 429).length, 60 - served)
  } finally {
    await example.stop()
  }
})
