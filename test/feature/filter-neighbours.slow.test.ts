// What a stranger may have of a filter of the user's own, where it waits for what he asks: nothing that a neighbour needs.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { FilteredGateway } from '../support/filtered-gateway.ts'
import { attacker, neighbour } from '../support/from.ts'

const STRANGERS = 400
const TIMEOUT_MS = 8_000

/** Waits for ever where it is told to: a filter that asks somebody who does not answer. */
const waiting = `
import { defineFilter } from 'portcullis/composition'
const wait = r => r.headers.has('x-wait') ? new Promise(() => undefined) : undefined
export const filter = defineFilter({ WHAT })
`

suite('a filter that waits for hundreds of requests of one client', () => {
  for (const [name, what] of [
    ['of the request', "requestBody: 'held', request: wait"],
    ['of the answer', 'response: r => wait(r.request)'],
  ] as const)
    test(`has a neighbour answered in time: ${name}`, async t => {
      const limits = 'limits: { requests: 64 }'
      await using gateway = await FilteredGateway.start(
        { filters: ['wait'], specs: { wait: `{ bundle: ./wait.ts, timeout: ${TIMEOUT_MS}ms, ${limits} }` } },
        { 'wait.ts': waiting.replace('WHAT', what) },
      )
      const post = { method: 'POST', body: 'x'.repeat(1000) }
      let refused = 0
      const strangers = Array.from({ length: STRANGERS }, async () => {
        const asked = { ...post, from: attacker, headers: { 'x-wait': '1' } }
        const { status } = await send(gateway.port, asked).catch(() => ({ status: 0 }))
        if (status === 503) refused++
      })
      const times: number[] = []
      const ask = async (): Promise<void> => {
        const sinceMs = performance.now()
        const { status, body } = await send(gateway.port, { ...post, from: neighbour })
        times.push(Math.round(performance.now() - sinceMs))
        assert.equal(status, 200, body)
      }
      // As long as there are places nobody has to give way.
      while (refused === 0) await ask()
      for (let i = 0; i < 5; i++) await ask()
      t.diagnostic(`${times.length} answers, ${Math.max(...times)} ms at most, ${refused} refused`)
      assert.ok(Math.max(...times) < 0.75 * TIMEOUT_MS, times.join())
      await Promise.all(strangers)
      assert.equal(refused, STRANGERS)
    })
})
