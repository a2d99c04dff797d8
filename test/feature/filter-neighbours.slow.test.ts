// What a stranger may have of a filter of the user's own, where it waits for what he asks: nothing that a neighbour needs.
import assert from 'node:assert/strict'
import { request, type ClientRequest } from 'node:http'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { FilteredGateway } from '../support/filtered-gateway.ts'
import { attacker, neighbour } from '../support/from.ts'
import { readBody, TestUpstream } from '../support/upstream.ts'

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

const capitals = `
import { defineFilter } from 'portcullis/composition'
async function* upper(pieces) { for await (const piece of pieces) yield Buffer.from(piece).toString('latin1').toUpperCase() }
export const filter = defineFilter({
  requestBody: 'stream', responseBody: 'stream',
  request: r => r.body.through(upper), response: r => r.body.through(upper),
})
`

const long = 'abcdefgh'.repeat(50_000)
const STREAMS = 32

suite('a filter that hundreds of bodies of one client pass through', () => {
  for (const [name, begin] of [
    [
      'who sends them slowly',
      (call: ClientRequest) => {
        call.write('a')
      },
    ],
    ['who reads their answers slowly', (call: ClientRequest) => call.end('a')],
  ] as const)
    test(`passes those of a neighbour, whole and in time: of one ${name}`, async t => {
      const limits = `limits: { streams: ${STREAMS}, heap: 64Mi }`
      await using gateway = await FilteredGateway.start(
        { filters: ['capitals'], specs: { capitals: `{ bundle: ./capitals.ts, timeout: 2s, ${limits} }` } },
        { 'capitals.ts': capitals },
        await TestUpstream.start((asked, response) => {
          void readBody(asked).then(
            body => response.end(body.length === 1 ? Buffer.alloc(4 * 1024 * 1024, 'a') : body),
            () => {},
          )
        }),
      )
      const calls: ClientRequest[] = []
      for (let i = 0; i < STRANGERS; i++) {
        const call = request({
          host: '127.0.0.1',
          port: gateway.port,
          method: 'POST',
          agent: false,
          localAddress: attacker,
        })
        call.on('error', () => {})
        // Nothing of it is read.
        call.on('response', response => response.pause().on('error', () => {}))
        begin(call)
        calls.push(call)
      }
      // All places have been taken.
      await gateway.run.access.first(line => line['portcullis.failure'] === 'filter_unavailable')
      const times: number[] = []
      for (let i = 0; i < 12; i++) {
        const sinceMs = performance.now()
        const { status, body } = await send(gateway.port, { method: 'POST', body: long, from: neighbour })
        times.push(Math.round(performance.now() - sinceMs))
        assert.equal(status, 200, body.slice(0, 200))
        assert.equal(body, long.toUpperCase())
      }
      t.diagnostic(`${Math.max(...times)} ms at most`)
      assert.ok(Math.max(...times) < 5_000, times.join())
      assert.ok(!gateway.run.log.all.some(({ event }) => event === 'composition.thread_ended'))
      for (const call of calls) call.destroy()
    })
})
