import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { http } from '../backends/backend.ts'
import { newCallRecord, type CallRecord } from '../calls/call-record.ts'
import { CallFailure } from '../calls/failure.ts'
import { all, soft } from '../calls/combine.ts'
import { defineGateway } from '../routes/gateway.ts'
import { WholeBody } from '../transport/whole-body.ts'
import type { BackendRequest, Transport } from '../transport/transport.ts'
import { systemClock } from '../../upstream/clock.ts'
import { Engine } from './engine.ts'
import type { GatewayRequest, RequestRecord } from './messages.ts'

const gateway = defineGateway({
  backends: { a: http({ url: 'http://a', retry: { attempts: 1 } }), b: http({ url: 'http://b/base' }) },
  routes: r => [
    r.get('/both/{id}', {
      out: T.Unknown(),
      run: ({ c, params }) =>
        all({
          a: c.a.get('/a/{id}', { path: params }).then(x => x.status),
          b: soft(
            c.b.get('/b').then(x => x.status),
            null,
          ),
        }),
    }),
    r.get('/broken', { out: T.Unknown(), run: async ({ c }) => (await c.b.get('/b')).status }),
    r.get('/lost', {
      out: T.Unknown(),
      async run({ c }) {
        await soft(c.b.get('/b'), null)
        return (await c.b.get('/b')).status
      },
    }),
    r.stream('/stream', {
      out: T.Unknown(),
      async *run({ c }) {
        yield 1
        await c.b.get('/b')
      },
    }),
    r.proxy('/old/{rest=**}', 'a'),
  ],
})

class Seen {
  readonly calls: CallRecord[] = []
  readonly requests: RequestRecord[] = []
  readonly engine: Engine

  constructor() {
    const transport: Transport = {
      send: ({ backend, call }: BackendRequest) =>
        backend === 'b'
          ? Promise.reject(new CallFailure('connection_refused', call))
          : Promise.resolve({ status: 200, headers: {}, body: new WholeBody(call, Buffer.from('x')) }),
    }
    const observer = {
      ended: (call: CallRecord) => void this.calls.push(call),
      left: (record: RequestRecord) => void this.requests.push(record),
    }
    this.engine = new Engine(gateway, { transport, clock: systemClock, observer, random: () => 0 })
  }

  async ask(target: string, more: Partial<GatewayRequest> = {}): Promise<void> {
    const { body } = await this.engine.answer({ method: 'GET', target, headers: {}, body: null, ...more })
    if (typeof body === 'string' || body instanceof Uint8Array) return
    for await (const _ of body) continue
  }

  get told() {
    return {
      requests: this.requests.map(({ route, status, failure, partials, endedMs }) => {
        assert.notEqual(endedMs, null)
        return [route, status, failure, partials]
      }),
      calls: this.calls
        .map(({ call, outcome, status, attempts, sent }) => [call, outcome, status, attempts, sent?.target])
        .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
    }
  }
}

suite('what who watches is told', () => {
  for (const [what, target, expected] of [
    [
      'a fan-out, of which a part is missing',
      '/both/7?x=1',
      {
        requests: [['GET /both/{id}', 200, null, ['b']]],
        calls: [
          ['a GET /a/{id}', 'ok', 200, 1, '/a/7'],
          ['b GET /b', 'connection_refused', null, 1, '/base/b'],
        ],
      },
    ],
    [
      'one that fails',
      '/broken',
      {
        requests: [['GET /broken', 502, 'connection_refused', []]],
        calls: [['b GET /b', 'connection_refused', null, 1, '/base/b']],
      },
    ],
    [
      'one that fails with a part that was missing before, which is no partial answer',
      '/lost',
      {
        requests: [['GET /lost', 502, 'connection_refused', []]],
        calls: [
          ['b GET /b', 'connection_refused', null, 1, '/base/b'],
          ['b GET /b', 'connection_refused', null, 1, '/base/b'],
        ],
      },
    ],
    [
      'a stream that breaks off, when it does',
      '/stream',
      {
        requests: [['GET /stream', 200, 'connection_refused', []]],
        calls: [['b GET /b', 'connection_refused', null, 1, '/base/b']],
      },
    ],
    [
      'what is passed on, of which all is one call',
      '/old/x',
      {
        requests: [['* /old/{rest=**}', 200, null, []]],
        calls: [['a GET /old/{rest=**}', 'ok', 200, 1, '/old/x']],
      },
    ],
    ['what no route takes', '/none', { requests: [[null, 404, null, []]], calls: [] }],
    ['a path that cannot be read', '/both/%ff', { requests: [[null, 400, null, []]], calls: [] }],
  ] as const)
    test(what, async () => {
      const seen = new Seen()
      await seen.ask(target)
      assert.deepEqual(seen.told, expected)
    })

  test('a client who goes', async () => {
    const seen = new Seen()
    await seen.ask('/both/7', { signal: AbortSignal.abort() })
    assert.deepEqual(seen.told.requests, [['GET /both/{id}', seen.requests[0]!.status, 'client_gone', []]])
  })

  test('a call that was never sent has no attempts', () => {
    assert.equal(newCallRecord('a GET /', 0).attempts, 0)
  })
})
