import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { exchange, origin } from '../../../test/support/exchange.ts'
import { kit } from '../../../test/support/kit.ts'
import { Fields } from '../../http/fields.ts'
import { FILTERING, type FilterCall, type FilterShape, type Passes } from '../../shared/crossing/filtering.ts'
import type { Exchange, Filter } from '../filter.ts'
import type { CallOptions, IncomingResponse, OutgoingRequest } from '../kit.ts'
import { extension } from './extension.ts'

const NOW_MS = 5_000
const TIMEOUT_MS = 100

/** A filter whose threads give these verdicts, one after another, and what they were asked. */
class Asked {
  readonly calls: (FilterCall & { readonly deadlineMs: number; readonly bytes: Buffer | undefined })[] = []
  readonly filter: Filter
  private readonly verdicts: readonly (readonly [verdict: Omit<Passes, 'kind'>, body?: string])[]

  constructor(shape: FilterShape, ...verdicts: Asked['verdicts']) {
    this.verdicts = verdicts
    const settings = { filter: 'default/a', cluster: 'a', shape, timeoutMs: TIMEOUT_MS }
    const call = (_: string, request: OutgoingRequest, options: CallOptions): Promise<IncomingResponse> =>
      Promise.resolve(this.answer(request, options))
    const clock = { ...kit().clock, now: () => NOW_MS }
    this.filter = extension.compile({ type: 'extension', origin, ...settings }, kit({ call, clock }))
  }

  private answer({ fields, body }: OutgoingRequest, { deadlineMs }: CallOptions): IncomingResponse {
    const call = JSON.parse(fields[fields.indexOf(FILTERING) + 1]!) as FilterCall
    const [verdict, text = ''] = this.verdicts[this.calls.length] ?? [{}]
    this.calls.push({ ...call, deadlineMs, bytes: body })
    const said = [FILTERING, JSON.stringify({ kind: 'pass', ...verdict })]
    return { status: 200, fields: new Fields(said), body: Buffer.from(text), trailers: null }
  }

  /** The request passes it, and the answer meets it; of a body that is held, with that body. */
  async answered(x: Exchange, body = ''): Promise<unknown> {
    assert.equal(await this.filter.request!(x), undefined)
    const verdict = await this.filter.response!(x)
    if (verdict === undefined || !('hold' in verdict)) return verdict
    return verdict.whole(Buffer.from(body))
  }
}

const part = { body: 'none', limitBytes: 1000 } as const
const held = { body: 'held', limitBytes: 1000 } as const

const refused = (why: RegExp) => (verdict: unknown) => {
  const { failure, detail = '' } = verdict as { failure?: string; detail?: string }
  assert.equal(failure, 'filter_unavailable')
  assert.match(detail, why)
}

suite('the status of an answer', () => {
  for (const [from, to] of [
    [101, 200],
    [101, 403],
    [200, 204],
    [304, 200],
    [205, 200],
    [200, 205],
  ] as const)
    test(`is not made ${to} of ${from}`, async () => {
      const x = exchange({}, [], from)
      const asked = new Asked({ request: null, response: part }, [{ status: to }])
      refused(new RegExp(`it made ${to} of ${from}`))(await asked.answered(x))
      assert.equal(x.response.status, from)
    })

  test('of a tunnel may stay', async () => {
    const x = exchange({}, [], 101)
    const asked = new Asked({ request: null, response: part }, [{ changes: [['set', 'x-a', '1']] }])
    assert.equal(await asked.answered(x), undefined)
    assert.deepEqual([x.response.status, x.response.fields.combined('x-a')], [101, '1'])
  })
})

suite('the time of a filter', () => {
  test('is within that of the route for a request, and its own for an answer: also one that says that time is up', async () => {
    for (const [more, expected] of [
      [{}, [NOW_MS + TIMEOUT_MS, NOW_MS + TIMEOUT_MS]],
      [{ deadlineMs: NOW_MS + 10 }, [NOW_MS + 10, NOW_MS + TIMEOUT_MS]],
      [{ deadlineMs: NOW_MS - 1, failure: 'http_response_timeout' }, [NOW_MS - 1, NOW_MS + TIMEOUT_MS]],
    ] as const) {
      const asked = new Asked({ request: part, response: part })
      await asked.answered(exchange({}, [], 504, more))
      assert.deepEqual(
        asked.calls.map(({ deadlineMs }) => deadlineMs),
        expected,
      )
    }
  })
})

suite('the request that an answer is of', () => {
  test('is as the filter let it go on, whatever has become of it behind', async () => {
    const x = exchange({
      path: '/items',
      query: '?a=1',
      authority: 'shop.example',
      fields: ['X-Key', 'mine'],
    })
    const { filter, calls } = new Asked({ request: part, response: part }, [
      { path: '/changed', query: '?b=2', changes: [['set', 'x-tenant', 'ada']], state: 1 },
    ])
    assert.equal(await filter.request!(x), undefined)
    const { request } = x
    Object.assign(request, { path: '/internal/items', query: '?secret', authority: 'backend.internal' })
    request.fields.set('authorization', 'Bearer of-the-backend')
    request.fields.remove('x-key')
    assert.equal(await filter.response!(x), undefined)
    const { path, query, host, fields, state } = calls[1]!
    assert.deepEqual([path, query, host, state], ['/changed', '?b=2', 'shop.example', 1])
    assert.deepEqual(fields, ['X-Key', 'mine', 'x-tenant', 'ada'])
  })

  test('is known where the filter has no function for it', async () => {
    const x = exchange({ path: '/items' })
    const { filter, calls } = new Asked({ request: null, response: part })
    assert.equal(filter.request!(x), undefined)
    x.request.path = '/internal'
    await filter.response!(x)
    assert.deepEqual([calls.length, calls[0]!.path, 'state' in calls[0]!], [1, '/items', false])
  })
})

suite('a body', () => {
  for (const request of [part, held])
    test(`of a request crosses as ${request.body}`, async () => {
      const bytes = request.body === 'held' ? Buffer.from('hello') : null
      const x = exchange({ method: 'POST', length: 5 }, [], 200, { heldBody: bytes })
      const { filter, calls } = new Asked({ request, response: null }, [{ body: true }, 'HELLO'])
      const verdict = await filter.request!(x)
      assert.deepEqual([calls[0]!.body, calls[0]!.bytes ?? null], [request.body, bytes])
      if (request.body === 'none') refused(/that it has not seen/)(verdict)
      else assert.ok(typeof verdict === 'object' && 'transform' in verdict)
    })

  test('of an answer that a filter has not seen is not replaced', async () => {
    const asked = new Asked({ request: null, response: part }, [{ body: true }, 'HELLO'])
    const x = exchange({})
    x.response.length = 5
    refused(/that it has not seen/)(await asked.answered(x))
    assert.deepEqual([asked.calls[0]!.body, x.response.length], ['none', 5])
  })

  for (const [method, status, length, body, fields, expected] of [
    ['HEAD', 200, 0, '', 'x-a', undefined],
    ['HEAD', 404, 0, '', 'x-a', undefined],
    ['GET', 304, 0, '', 'x-a', undefined],
    ['PUT', 204, 0, '', 'etag content-length x-a', undefined],
    ['PUT', 205, 0, '', 'etag content-length x-a', undefined],
    // No backend should send one: what the filter has seen is not sent in place of what it has said.
    ['PUT', 205, 3, 'old', 'etag content-length x-a', Buffer.alloc(0)],
    ['GET', 101, 0, '', 'etag content-length x-a', undefined],
    ['GET', 200, 3, 'old', 'content-length x-a', Buffer.from('new')],
    ['GET', 404, 0, '', 'content-length x-a', 'new'],
  ] as const)
    test(`in place of that of ${status} to ${method}, of ${length} bytes, is what can be sent`, async () => {
      const x = exchange({ method }, ['ETag', '"1"', 'Content-Length', '3', 'X-A', '1'], status)
      x.response.length = length
      const asked = new Asked({ request: null, response: held }, [{ body: true }, 'new'])
      const verdict = await asked.answered(x, body)
      assert.deepEqual([asked.calls[0]!.body, (asked.calls[0]!.bytes ?? '').toString()], ['held', body])
      const left = x.response.fields.list.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase())
      assert.deepEqual(left, fields.split(' '))
      if (typeof expected !== 'string') assert.deepEqual(verdict, expected)
      else
        assert.deepEqual(verdict, {
          status,
          fields: x.response.fields.list,
          body: Buffer.from(expected),
        })
    })

  for (const status of [204, 205, 304])
    test(`of an answer that is given with ${status} is none`, async () => {
      const answer = { kind: 'answer', status, fields: [] } as const
      const { filter } = new Asked({ request: part, response: null }, [answer as never, 'text'])
      assert.deepEqual(await filter.request!(exchange({})), { status, fields: [], body: Buffer.alloc(0) })
    })
})
