import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { seenIn } from '../../../test/support/seen.ts'
import type { Purge } from '../../shared/cache/stored.ts'
import { AdminListener } from '../listener.ts'
import { AdminPaths } from '../paths.ts'

suite('/v1/cache', () => {
  test('is purged by one of what an answer is known by, and tells how full it is', async () => {
    const purged: Purge[] = []
    const cache = {
      figures: { entries: 2, bytes: 3000, limitBytes: 64_000 },
      purge: (one: Purge) => purged.push(one),
    }
    const seen = seenIn({ cache })
    const admin = new AdminListener({ seen, paths: new AdminPaths(), metrics: () => Promise.resolve('') })
    const { port } = await admin.listen('127.0.0.1', 0)
    const url = `http://127.0.0.1:${port}/v1/cache`
    try {
      assert.deepEqual(await (await fetch(url)).json(), cache.figures)
      // Nobody changes anything without a token.
      const body = JSON.stringify({ tag: 'a' })
      const headers = { 'Content-Type': 'application/json' }
      const { status } = await fetch(`${url}/purge`, { method: 'POST', headers, body })
      assert.deepEqual([status, purged], [401, []])
    } finally {
      admin.close()
    }
  })
})
