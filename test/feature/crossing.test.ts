import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Crossed } from '../support/crossing.ts'
import { wireClient } from '../support/wire-client.ts'

interface Seen {
  readonly method: string
  readonly target: string
  readonly body: string
  readonly leftMs: number | null
  readonly headers: Readonly<Record<string, string>>
}

for (const wire of ['h1', 'h2c'] as const)
  suite(`requests cross into a thread and back, by ${wire}`, () => {
    test('method, target, fields and body come in, status, fields and body go out', async () => {
      await using crossed = await Crossed.start()
      await using client = wireClient(wire, crossed.port)
      const answer = await client.send({
        method: 'POST',
        path: '/seen?b=1&a=%2F',
        headers: { 'X-A': 'b', Cookie: 'c=d' },
        body: 'hello',
      })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], 'text/plain')
      const seen = JSON.parse(answer.body.toString()) as Seen
      assert.deepEqual(
        [seen.method, seen.target, seen.body, seen.leftMs],
        ['POST', '/seen?b=1&a=%2F', 'hello', null],
      )
      assert.equal(seen.headers['x-a'], 'b')
      assert.equal(seen.headers['cookie'], 'c=d')
      assert.equal(seen.headers['host'], 'a.example')
    })
    test('a body of any length comes back as it was', async () => {
      await using crossed = await Crossed.start()
      await using client = wireClient(wire, crossed.port)
      for (const bytes of [0, 1, 1000, 65_536, 65_537, 1_000_000]) {
        const body = Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7) & 255))
        for (const path of ['/echo', '/stream-echo']) {
          const answer = await client.send({ method: 'PUT', path, body })
          assert.equal(answer.status, 200)
          assert.ok(answer.body.equals(body), `${path} ${bytes}`)
        }
      }
    })
  })
