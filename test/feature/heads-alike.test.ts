import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { block, headFrames } from '../support/http2/wire.ts'
import { FrameClient } from '../support/frame-client.ts'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'

type Fields = readonly (readonly [name: string, value: string])[]

const field = (bytes: number, name = 'x'): readonly [string, string] => [
  name,
  'v'.repeat(bytes - name.length - 2),
]
const many = (count: number, one: readonly [string, string]): Fields =>
  Array.from({ length: count }, () => one)
/** `GET PATH HTTP/1.1` of so many bytes. */
const path = (lineBytes: number): string => `/${'p'.repeat(lineBytes - 14)}`

/** Fields of which the whole head, to the end of the last one, has so many bytes. */
function filling(headBytes: number): Fields {
  const used = 'GET / HTTP/1.1\r\nHost: a.example\r\n'.length
  return [...many(4, field(16_000)), field(headBytes - used - 4 * 16_002)]
}

/** ClientPolicy limits (null: the default), path, fields, and the status by either protocol. */
const heads: readonly (readonly [string, object | null, string, Fields, number])[] = [
  ['three cookies of 3.9 KB', null, '/', many(3, field(3900, 'cookie')), 200],
  ['two Cookie fields of 6 KB', null, '/', many(2, field(6000, 'cookie')), 200],
  ['two Cookie fields of 12 KB', null, '/', many(2, field(12_000, 'cookie')), 200],
  ['a Cookie of 16 KiB', null, '/', [field(16_384, 'cookie')], 200],
  ['a longer one', null, '/', [field(16_385, 'cookie')], 431],
  ['a field of 16 KiB', null, '/', [field(16_384)], 200],
  ['a longer one', null, '/', [field(16_385)], 431],
  ['a request line of 16 KiB', null, path(16_384), [], 200],
  ['a longer one', null, path(16_385), [], 414],
  ['100 fields with Host', null, '/', many(99, ['x', 'y']), 200],
  ['one more', null, '/', many(100, ['x', 'y']), 431],
  ['a head of 64 KiB', null, '/', filling(65_536), 200],
  ['a longer one', null, '/', filling(65_537), 431],
  ['a head of 100 KiB', null, '/', many(7, field(15_000)), 431],
  ['fields of 200 KB, where a policy lets them', { headBytes: 300_000 }, '/', many(15, field(15_000)), 200],
  ['a policy of 8 KiB a field', { fieldBytes: '8Ki' }, '/', [field(8193)], 431],
]

suite('a head has the same answer by HTTP/1 and HTTP/2', () => {
  for (const [what, limits, target, fields, status] of heads)
    test(`${what}: ${status}`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('ok'))
      const client = limits === null ? {} : { client: { limits } }
      await using gateway = await startGateway(plain(upstream.port, client))
      const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      const close = status === 200 ? 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n' : ''
      const head = `GET ${target} HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`
      assert.match(await RawClient.exchange(gateway.port(), head + close), new RegExp(`^HTTP/1.1 ${status} `))

      await using asker = await FrameClient.to(gateway)
      const pseudo = [':method', 'GET', ':scheme', 'http', ':path', target, ':authority', 'a.example']
      asker.write(...headFrames(1, block(...pseudo, ...fields.flat())))
      assert.deepEqual((await asker.over(1)).heads[0]?.slice(0, 2), [':status', String(status)])
    })
})
