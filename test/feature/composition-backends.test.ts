import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import {
  all,
  type CallFailure,
  defineGateway,
  http,
  manifestOf,
  rest,
  soft,
} from '../../src/composition/composition.ts'
import type { BackendSettings } from '../../src/composition/backends/backend.ts'
import { Engine } from '../../src/composition/engine/engine.ts'
import type { BackendEntry } from '../../src/composition/manifest/manifest.ts'
import { systemClock } from '../../src/upstream/clock.ts'
import { TestUpstream } from '../support/upstream.ts'
import { callOf, fails, ThreadWithin } from '../support/within.ts'

/** As the manifest of a gateway has a backend of these settings. */
function entry(settings: Partial<BackendSettings>): BackendEntry {
  const a = http({ url: 'http://a.example', ...settings })
  return manifestOf(defineGateway({ title: 't', version: '1', backends: { a }, routes: () => [] }))
    .backends[0]!
}

/** Answers by these, one after another, the last for all that follow; requests that came are in `seen`. */
class Scripted {
  readonly seen: IncomingMessage[] = []
  private readonly answers: readonly ((request: IncomingMessage, response: ServerResponse) => void)[]

  constructor(...answers: readonly ((request: IncomingMessage, response: ServerResponse) => void)[]) {
    this.answers = answers
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    const answer = this.answers[Math.min(this.seen.length, this.answers.length - 1)]!
    this.seen.push(request)
    answer(request, response)
  }
}

const status = (code: number) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(code).end(String(code))
const reset = (request: IncomingMessage): void => void request.socket.destroy()
const silent = (): void => undefined

async function bodyOf(thread: ThreadWithin, headers: Readonly<Record<string, string>> = {}, target = '/') {
  const call = callOf({ headers, target })
  const { body } = await thread.transport.send(call)
  return { text: Buffer.from(await body.bytes(1000)).toString(), cache: call.record!.cache }
}

suite('what is repeated', () => {
  test('statuses and resets of safe methods, as often as the composition says, and the attempt is told', async () => {
    const script = new Scripted(status(503), reset, status(200))
    await using up = await TestUpstream.start(script.listener)
    await using thread = await ThreadWithin.of([up.port], { entry: entry({ retry: { attempts: 2 } }) })
    const call = callOf()
    const answer = await thread.transport.send(call)
    assert.deepEqual([answer.status, call.record!.attempts, script.seen.length], [200, 3, 3])
  })

  const methods = [
    ['GET', {}, 2],
    ['POST', {}, 1],
    ['PUT', {}, 1],
    ['DELETE', {}, 1],
    ['POST', { 'idempotency-key': 'k' }, 2],
    ['PUT', { 'idempotency-key': 'k' }, 2],
  ] as const
  for (const [method, headers, attempts] of methods)
    test(`${method} ${JSON.stringify(headers)} that ${attempts === 2 ? 'may' : 'may not'} be repeated is sent ${attempts} times`, async () => {
      const script = new Scripted(status(503))
      await using up = await TestUpstream.start(script.listener)
      await using thread = await ThreadWithin.of([up.port], { entry: entry({ retry: { attempts: 1 } }) })
      const body = method === 'GET' ? null : Buffer.from('x')
      const answer = await thread.transport.send(
        callOf({ method, headers, body, repeatable: attempts === 2 }),
      )
      assert.deepEqual([answer.status, script.seen.length], [503, attempts])
    })

  test('within the budget: beyond it the failure is told', async () => {
    const script = new Scripted(status(503))
    await using up = await TestUpstream.start(script.listener)
    await using thread = await ThreadWithin.of([up.port], {
      entry: entry({ retry: { attempts: 1, budget: 0.1 } }),
    })
    for (let i = 0; i < 50; i++) await (await thread.transport.send(callOf())).body.bytes(10)
    // Twenty in a second in any case.
    assert.equal(script.seen.length, 70)
  })

  test('what a policy of the backend says holds where the composition says nothing', async () => {
    const script = new Scripted(status(503), status(200))
    await using up = await TestUpstream.start(script.listener)
    const retry = {
      attempts: 1,
      codes: [503],
      grpcCodes: [],
      connectFailures: true,
      resets: true,
      timeouts: true,
      backoffMs: 1,
      maxBackoffMs: 0,
    }
    await using thread = await ThreadWithin.of([up.port], { cluster: { retry }, entry: entry({}) })
    assert.equal((await thread.transport.send(callOf())).status, 200)
    await thread.apply([up.port], { cluster: { retry }, entry: entry({ retry: { attempts: 0 } }) }, 2)
    script.seen.length = 0
    assert.equal((await thread.transport.send(callOf())).status, 503)
  })
})

suite('time', () => {
  test('the deadline of the call ends it, and the nearer word on the whole counts', async () => {
    await using up = await TestUpstream.start(silent)
    await using thread = await ThreadWithin.of([up.port], {
      cluster: { requestTimeoutMs: 60_000 },
      entry: entry({ timeoutMs: 20 }),
    })
    await assert.rejects(thread.transport.send(callOf()), fails('http_response_timeout'))
    await thread.apply([up.port], { entry: entry({}) }, 2)
    const deadlineMs = performance.now() + 20
    await assert.rejects(thread.transport.send(callOf({ deadlineMs })), fails('http_response_timeout'))
  })

  test('what goes on has it for its beginning alone, and a backend is told of none', async () => {
    const opened = Promise.withResolvers<ServerResponse>()
    let told: unknown
    await using up = await TestUpstream.start((request, response) => {
      told = request.headers['x-left']
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      opened.resolve(response)
    })
    await using thread = await ThreadWithin.of([up.port], {
      cluster: { requestTimeoutMs: 40 },
      entry: entry({ timeoutMs: 30, attemptTimeoutMs: 1_000, deadlineHeader: 'X-Left' }),
    })
    const answer = await thread.transport.send(callOf({ streams: true, deadlineMs: Infinity }))
    const response = await opened.promise
    // Long after all of these times.
    setTimeout(() => response.end('data: 2\n\n'), 1_200)
    assert.equal(Buffer.from(await answer.body.bytes(1_000)).toString(), 'data: 1\n\ndata: 2\n\n')
    assert.equal(told, undefined)
  })

  test('each attempt has its own, and the backend is told what is left', async () => {
    const script = new Scripted(silent, status(200))
    await using up = await TestUpstream.start(script.listener)
    await using thread = await ThreadWithin.of([up.port], {
      entry: entry({ attemptTimeoutMs: 100, retry: { attempts: 1 }, deadlineHeader: 'X-Left' }),
    })
    assert.equal((await thread.transport.send(callOf())).status, 200)
    for (const { headers } of script.seen)
      assert.ok(Number(headers['x-left']) <= 100, String(headers['x-left']))
  })

  test('an endpoint that never answers in time is ejected for it', async () => {
    const passive = {
      consecutive5xx: 0,
      consecutiveGatewayErrors: 2,
      intervalMs: 10_000,
      successRate: null,
      latency: null,
    }
    const ejection = {
      consecutiveFailures: 2,
      baseEjectionMs: 60_000,
      maxEjectionMs: 60_000,
      maxEjectedPercent: 100,
      passive,
    }
    await using slow = await TestUpstream.start(silent)
    await using well = await TestUpstream.start(status(200))
    await using thread = await ThreadWithin.of([slow.port, well.port], {
      cluster: { ejection },
      entry: entry({ timeoutMs: 50 }),
    })
    const outcomes: string[] = []
    for (let i = 0; i < 8; i++)
      await thread.transport.send(callOf()).then(
        answer => outcomes.push(String(answer.status)),
        (error: unknown) => outcomes.push((error as CallFailure).failure),
      )
    assert.equal(outcomes.filter(outcome => outcome === 'http_response_timeout').length, 2)
    assert.deepEqual(outcomes.slice(-4), ['200', '200', '200', '200'])
  })
})

suite('a backend that is slow or sick', () => {
  test('hedging asks another endpoint, and the first answer counts', async () => {
    const warm = (request: IncomingMessage, response: ServerResponse): boolean => {
      if (request.url === '/warm') response.end('warm')
      return request.url === '/warm'
    }
    await using slow = await TestUpstream.start((request, response) => void warm(request, response))
    await using fast = await TestUpstream.start((request, response) => {
      if (!warm(request, response)) status(200)(request, response)
    })
    await using thread = await ThreadWithin.of([slow.port, fast.port], {
      entry: entry({ hedging: { percentile: 50, minDelayMs: 50, maxPercent: 100 } }),
    })
    // Before the fourth answer nothing is known of how long they take.
    for (let i = 0; i < 8; i++) await bodyOf(thread, {}, '/warm')
    for (let i = 0; i < 4; i++) assert.equal((await thread.transport.send(callOf())).status, 200)
    assert.match(thread.metrics(), /portcullis_upstream_hedges_won_total\{.*cluster="a".*\} [1-9]/)
  })

  test('a breaker opens, and calls fail by that name without being sent', async () => {
    const script = new Scripted(status(500))
    await using up = await TestUpstream.start(script.listener)
    await using thread = await ThreadWithin.of([up.port], {
      entry: entry({ breaker: { minRequests: 5, errorPercent: 50, openMs: 60_000 } }),
    })
    for (let i = 0; i < 5; i++) assert.equal((await thread.transport.send(callOf())).status, 500)
    await assert.rejects(thread.transport.send(callOf()), fails('breaker_open'))
    assert.equal(script.seen.length, 5)
  })

  test('a bulkhead bounds what is under way', async () => {
    const open: ServerResponse[] = []
    await using up = await TestUpstream.start((_, response) => void open.push(response))
    await using thread = await ThreadWithin.of([up.port], { entry: entry({ bulkhead: { maxParallel: 2 } }) })
    const two = [thread.transport.send(callOf()), thread.transport.send(callOf())]
    await assert.rejects(thread.transport.send(callOf()), fails('bulkhead_full'))
    while (open.length < 2) await new Promise(resolve => setImmediate(resolve))
    for (const response of open) response.end('x')
    for (const answer of await Promise.all(two)) await answer.body.bytes(10)
    const third = thread.transport.send(callOf())
    while (open.length < 3) await new Promise(resolve => setImmediate(resolve))
    open[2]!.end('x')
    assert.equal((await third).status, 200)
  })

  test('a fallback answers in its place: what was stored last, or what is said', async () => {
    const script = new Scripted(
      (_, response) => void response.setHeader('ETag', '"1"').end('good'),
      status(500),
    )
    await using up = await TestUpstream.start(script.listener)
    const answer = { status: 200, contentType: 'application/json', body: '[]' }
    await using thread = await ThreadWithin.of([up.port], {
      entry: entry({ cache: {}, fallback: { statuses: [500], lastGoodMs: 60_000, answer } }),
    })
    assert.equal((await bodyOf(thread)).text, 'good')
    assert.equal((await bodyOf(thread)).text, 'good')
    const other = callOf({ target: '/other' })
    const { body } = await thread.transport.send(other)
    assert.equal(Buffer.from(await body.bytes(10)).toString(), '[]')
    assert.equal(other.record!.fallback, true)
    assert.equal(script.seen.length, 3)
  })

  test('attempts of what has failed are told too, and the trace goes on from the call', async () => {
    const script = new Scripted(reset)
    await using up = await TestUpstream.start(script.listener)
    await using thread = await ThreadWithin.of([up.port], { entry: entry({ retry: { attempts: 2 } }) })
    const call = callOf({ headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } })
    call.record!.traceparent = `00-${'a'.repeat(32)}-${'c'.repeat(16)}-01`
    await assert.rejects(thread.transport.send(call), fails('connection_terminated'))
    assert.equal(call.record!.attempts, 3)
    assert.deepEqual(
      script.seen.map(({ headers }) => headers['traceparent']),
      Array(3).fill(call.record!.traceparent),
    )
  })
})

suite('answers that are kept', () => {
  /** Says whose answer it is, and counts. */
  class Kept {
    asked = 0
    readonly answer: string
    constructor(cacheControl = 'max-age=60') {
      this.answer = cacheControl
    }
    readonly listener = ({ headers, url }: IncomingMessage, response: ServerResponse): void => {
      this.asked++
      response.setHeader('Cache-Control', this.answer)
      response.end(
        `${String(url)} ${headers.authorization ?? ''} ${String(headers['x-user'] ?? '')} ${this.asked}`,
      )
    }
  }

  test('an equal call is answered from memory, and says so', async () => {
    const kept = new Kept()
    await using up = await TestUpstream.start(kept.listener)
    await using thread = await ThreadWithin.of([up.port], { entry: entry({ cache: {} }) })
    assert.deepEqual(await bodyOf(thread), { text: '/   1', cache: null })
    assert.deepEqual(await bodyOf(thread), { text: '/   1', cache: 'hit' })
    assert.deepEqual(await bodyOf(thread, {}, '/?b'), { text: '/?b   2', cache: null })
  })

  for (const field of ['authorization', 'cookie', 'x-user', 'x-tenant-of-ours'])
    test(`two clients who are told apart by ${field} each have their own`, async () => {
      const kept = new Kept()
      await using up = await TestUpstream.start(kept.listener)
      await using thread = await ThreadWithin.of([up.port], { entry: entry({ cache: {}, relay: [field] }) })
      const ada = await bodyOf(thread, { [field]: 'Ada' })
      const bob = await bodyOf(thread, { [field]: 'Bob' })
      assert.notEqual(ada.text, bob.text)
      assert.deepEqual(await bodyOf(thread, { [field]: 'Ada' }), { ...ada, cache: 'hit' })
      assert.deepEqual(await bodyOf(thread, { [field]: 'Bob' }), { ...bob, cache: 'hit' })
      assert.notEqual((await bodyOf(thread)).text, ada.text)
      assert.equal(kept.asked, 3)
    })

  test('what the backend calls public is for all who show a token', async () => {
    const kept = new Kept('public, max-age=60')
    await using up = await TestUpstream.start(kept.listener)
    await using thread = await ThreadWithin.of([up.port], { entry: entry({ cache: {} }) })
    const ada = await bodyOf(thread, { authorization: 'Ada' })
    assert.deepEqual(await bodyOf(thread, { authorization: 'Bob' }), { ...ada, cache: 'hit' })
  })

  test('equal calls that are under way are one, those of others are not', async () => {
    const open: ServerResponse[] = []
    await using up = await TestUpstream.start((_, response) => void open.push(response))
    await using thread = await ThreadWithin.of([up.port], { entry: entry({ cache: {} }) })
    const calls = [1, 2, 3].map(() => bodyOf(thread, { authorization: 'Ada' }))
    const other = bodyOf(thread, { authorization: 'Bob' })
    while (open.length < 2) await new Promise(resolve => setImmediate(resolve))
    for (const response of open)
      response.setHeader('Cache-Control', 'max-age=60').end(String(open.indexOf(response)))
    const [first, ...others] = await Promise.all(calls)
    assert.equal(first!.cache, null)
    assert.deepEqual(others, [
      { text: first!.text, cache: 'collapsed' },
      { text: first!.text, cache: 'collapsed' },
    ])
    assert.notEqual((await other).text, first!.text)
    assert.equal(open.length, 2)
  })

  test('what is too old is given where the backend has failed, and says so', async () => {
    const script = new Scripted(
      (_, response) => void response.setHeader('Cache-Control', 'max-age=0').end('old'),
      status(500),
    )
    await using up = await TestUpstream.start(script.listener)
    await using thread = await ThreadWithin.of([up.port], {
      entry: entry({ cache: { staleIfErrorMs: 60_000 } }),
    })
    await bodyOf(thread)
    assert.deepEqual(await bodyOf(thread), { text: 'old', cache: 'stale' })
  })

  test('they outlive another snapshot, and are nothing for another place', async () => {
    const kept = new Kept()
    await using up = await TestUpstream.start(kept.listener)
    await using thread = await ThreadWithin.of([up.port], { entry: entry({ cache: {} }) })
    const first = await bodyOf(thread)
    await thread.apply([up.port], { entry: entry({ cache: {} }) }, 2)
    assert.deepEqual(await bodyOf(thread), { ...first, cache: 'hit' })
    await thread.apply([up.port], { entry: entry({ url: 'http://b.example', cache: {} }) }, 3)
    assert.equal((await bodyOf(thread)).cache, null)
  })
})

suite('a snapshot that takes over', () => {
  test('calls under way end as they began, new ones meet what is new', async () => {
    const open: ServerResponse[] = []
    await using before = await TestUpstream.start((_, response) => void open.push(response))
    await using after = await TestUpstream.start(status(201))
    await using thread = await ThreadWithin.of([before.port])
    const first = thread.transport.send(callOf())
    while (open.length < 1) await new Promise(resolve => setImmediate(resolve))
    await thread.apply([after.port], {}, 2)
    assert.equal((await thread.transport.send(callOf())).status, 201)
    open[0]!.writeHead(200).end('x')
    assert.equal((await first).status, 200)
  })
})

suite('a composition by clusters', () => {
  interface Users {
    '/users/{id}': {
      get: {
        parameters: { path: { id: string } }
        responses: { 200: { content: { 'application/json': { name: string } } } }
      }
    }
  }

  test('answers of a real backend, one of them failing, become one', async () => {
    await using up = await TestUpstream.start((request, response) => {
      if (request.url !== '/users/a%2Fb') return void response.writeHead(500).end('<h1>oops</h1>')
      response.setHeader('Content-Type', 'application/json; charset=utf-8')
      response.end(JSON.stringify({ name: 'Ada', password: 'x' }))
    })
    await using thread = await ThreadWithin.of([up.port])
    const gateway = defineGateway({
      backends: { a: rest<Users>({ url: 'http://a' }) },
      routes: r => [
        r.get('/me/{id}', {
          out: T.Object({ name: T.String(), other: T.Union([T.Null(), T.Object({ name: T.String() })]) }),
          async run({ c, params }) {
            const user = c.a.get('/users/{id}', { path: params })
            const other = c.a.get('/users/{id}', { path: { id: 'other' } })
            const x = await all({ user, other: soft(other, null) })
            return { name: x.user.name, other: x.other }
          },
        }),
      ],
    })
    const engine = new Engine(gateway, { transport: thread.transport, clock: systemClock })
    const answer = await engine.answer({ method: 'GET', target: '/me/a%2Fb', headers: {}, body: null })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['x-portcullis-partial'], 'other')
    assert.deepEqual(JSON.parse(answer.body as string), { name: 'Ada', other: null })
  })

  test('a backend that is told what is left of the time is asked once for what a cache keeps', async () => {
    const told: unknown[] = []
    await using up = await TestUpstream.start((request, response) => {
      told.push(request.headers['x-left'])
      response.writeHead(200, { 'cache-control': 'max-age=60', 'content-type': 'application/json' })
      response.end('"well"')
    })
    const a = rest<Users>({ url: 'http://a.example', deadlineHeader: 'X-Left', cache: {} })
    const gateway = defineGateway({
      backends: { a },
      routes: r => [
        r.get('/', { out: T.Unknown(), run: ({ c }) => c.a.get('/users/{id}', { path: { id: '7' } }) }),
      ],
    })
    const [known] = manifestOf(gateway).backends
    await using thread = await ThreadWithin.of([up.port], { entry: known! })
    const engine = new Engine(gateway, { transport: thread.transport, clock: systemClock })
    for (let i = 0; i < 4; i++) {
      // What is left is to be another number each time.
      const deadlineMs = performance.now() + 4_000 + 1000 * i
      const answer = await engine.answer({ method: 'GET', target: '/', headers: {}, body: null, deadlineMs })
      assert.equal(answer.body, '"well"')
    }
    assert.equal(told.length, 1)
    assert.match(String(told[0]), /^\d{4,5}$/)
  })
})
