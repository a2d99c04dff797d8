import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { FILTERING, type FilterCall, type FilterVerdict } from '../../shared/crossing/filtering.ts'
import { systemClock } from '../../upstream/clock.ts'
import { answer, defineFilter } from '../composition.ts'
import type { Gateway } from '../routes/gateway.ts'
import { Engine } from './engine.ts'
import type { GatewayAnswer } from './messages.ts'

const call: FilterCall = {
  phase: 'request',
  id: 'test',
  method: 'POST',
  scheme: 'http',
  host: 'a.example',
  path: '/items',
  query: '',
  fields: [],
  client: '192.0.2.1',
  route: 'httproute/default/test/0',
  body: 'none',
}

const transport = { send: () => Promise.reject(new Error('no backend')) }

/** What a filter says, and what it did wrong. */
async function said(
  gateway: Gateway,
  filtering: FilterCall,
  body = '',
): Promise<readonly [answer: GatewayAnswer, mistakes: readonly string[]]> {
  const mistakes: string[] = []
  const observer = { mistaken: (error: unknown) => void mistakes.push(String(error)) }
  const engine = new Engine(gateway, { transport: transport as never, clock: systemClock, observer })
  const { phase } = filtering
  const pieces = body === '' ? null : Readable.from([Buffer.from(body)])
  const given = await engine.answer({
    method: 'FILTER',
    target: `/${phase}`,
    headers: {},
    body: pieces,
    filtering,
  })
  return [given, mistakes]
}

const verdictOf = ({ headers }: GatewayAnswer): FilterVerdict | null =>
  headers[FILTERING] === undefined ? null : (JSON.parse(headers[FILTERING]) as FilterVerdict)

const response = { status: 200, fields: [], failure: null } as const

suite('a filter that is asked', () => {
  for (const [phase, use, crossed, isAnswered] of [
    ['request', 'held', 'held', true],
    ['request', 'none', 'none', true],
    ['request', 'held', 'none', false],
    ['request', 'none', 'held', false],
    ['response', 'held', 'held', true],
    ['response', 'held', 'none', false],
    ['response', 'none', 'held', false],
  ] as const)
    test(`about ${phase} with a body of which it has ${use}, where ${crossed} has crossed`, async () => {
      let ran = 0
      const filter = defineFilter({
        requestBody: use,
        responseBody: use,
        request: () => void ran++,
        response: () => void ran++,
      })
      const asked = { ...call, phase, body: crossed, ...(phase === 'response' && { response }) }
      const [given, mistakes] = await said(filter as unknown as Gateway, asked, crossed === 'held' ? 'x' : '')
      assert.equal(ran, isAnswered ? 1 : 0)
      assert.deepEqual(verdictOf(given), isAnswered ? { kind: 'pass' } : null)
      if (!isAnswered) assert.match(mistakes.join(), /crossed/)
    })

  test('has an empty body where there is none', async () => {
    const filter = defineFilter({ requestBody: 'held', request: r => answer(`${r.body.bytes.length}`) })
    const [given] = await said(filter as unknown as Gateway, { ...call, body: 'held' })
    assert.equal(Buffer.from(given.body as Uint8Array).toString(), '0')
  })

  for (const status of [204, 205, 304])
    test(`answers ${status} without a body, and says nothing of one`, async () => {
      const filter = defineFilter({ request: () => answer({ a: 1 }, { status, headers: { 'x-a': '1' } }) })
      const [given] = await said(filter as unknown as Gateway, call)
      assert.deepEqual(verdictOf(given), { kind: 'answer', status, fields: ['x-a', '1'] })
      assert.equal(given.body, '')
    })
})
