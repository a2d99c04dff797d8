import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { FILTERING, type FilterCall, type FilterVerdict } from '../../shared/crossing/filtering.ts'
import { systemClock } from '../../upstream/clock.ts'
import { answer, defineFilter } from '../composition.ts'
import type { Gateway } from '../routes/gateway.ts'
import { gathered } from '../transport/gathered.ts'
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
    ['request', 'stream', 'stream', true],
    ['request', 'stream', 'held', false],
    ['request', 'held', 'stream', false],
    ['response', 'stream', 'stream', true],
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
      const [given, mistakes] = await said(filter as unknown as Gateway, asked, crossed === 'none' ? '' : 'x')
      assert.equal(ran, isAnswered ? 1 : 0)
      assert.deepEqual(verdictOf(given), isAnswered ? { kind: 'pass' } : null)
      if (!isAnswered) assert.match(mistakes.join(), /crossed/)
    })

  for (const [name, body, expected] of [
    ['as it comes, behind the verdict', 'hello', '<HELLO>'],
    ['not at all where there is none', '', ''],
  ] as const)
    test(`has what streams ${name}`, async () => {
      let calls = 0
      const filter = defineFilter({
        requestBody: 'stream',
        request(r) {
          r.headers.set('x-a', '1')
          r.body.through(async function* (pieces) {
            calls++
            for await (const piece of pieces) yield Buffer.from(piece).toString().toUpperCase()
          })
          r.body.through(async function* (pieces) {
            for await (const piece of pieces) yield `<${Buffer.from(piece).toString()}>`
          })
        },
      })
      const [given] = await said(filter as unknown as Gateway, { ...call, body: 'stream' }, body)
      assert.deepEqual(verdictOf(given), { kind: 'pass', changes: [['set', 'x-a', '1']], body: true })
      assert.equal(given.goesOn === true, body !== '')
      assert.equal(calls, 0)
      assert.equal(Buffer.from(await gathered(given.body)).toString(), expected)
    })

  test('that gives what is no piece has made a mistake, and the body breaks off', async () => {
    const filter = defineFilter({
      responseBody: 'stream',
      response: r =>
        r.body.through(async function* (pieces) {
          for await (const { length } of pieces) yield length as never
        }),
    })
    const asked = { ...call, phase: 'response', body: 'stream', response } as const
    const [given, mistakes] = await said(filter as unknown as Gateway, asked, 'hello')
    await assert.rejects(gathered(given.body), /number is no piece of a body/)
    assert.match(mistakes.join(), /number is no piece of a body/)
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
