import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send, type Asked } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy, plain } from '../support/policies.ts'
import { RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { readBody, TestUpstream } from '../support/upstream.ts'

interface Arrival {
  readonly atMs: number
  readonly body: string
}

/** Answers with these codes, one a request, and then 200. */
async function failing(
  ...codes: readonly number[]
): Promise<{ upstream: TestUpstream; arrivals: Arrival[] }> {
  const arrivals: Arrival[] = []
  const upstream = await TestUpstream.start((request, response) => {
    void readBody(request).then(body => {
      arrivals.push({ atMs: performance.now(), body: body.toString('latin1') })
      response.statusCode = codes[arrivals.length - 1] ?? 200
      response.end(`attempt ${arrivals.length}`)
    })
  })
  return { upstream, arrivals }
}

const policed = (
  ports: readonly number[],
  retry: object | undefined,
  more: object = {},
): Promise<TestGateway> =>
  startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [{ backendRefs: [to('up')], ...(retry === undefined ? {} : { retry }), ...more }],
      }),
      backend('up', ports),
    ),
  )

const key = { 'Idempotency-Key': '1' }

for (const [what, retry, codes, asked, status, attempts] of [
  ['a code of the list is tried again', { codes: [503] }, [503], {}, 200, 2],
  ['up to the given number', { codes: [503], attempts: 3 }, [503, 503, 503], {}, 200, 4],
  ['and no more: the last answer counts', { codes: [503], attempts: 2 }, [503, 503, 503], {}, 503, 3],
  ['not at all where the number is 0', { codes: [503], attempts: 0 }, [503], {}, 503, 1],
  ['once where no number is given', { codes: [503] }, [503, 503], {}, 503, 2],
  ['any code of the list', { codes: [500, 503], attempts: 2 }, [500, 503], {}, 200, 3],
  ['another code is an answer', { codes: [503] }, [500], {}, 500, 1],
  ['without codes every code is an answer', { attempts: 3 }, [503], {}, 503, 1],
  ['without a policy too', undefined, [503], {}, 503, 1],
  ['PUT with its body', { codes: [503] }, [503], { method: 'PUT', body: 'hello' }, 200, 2],
  ['DELETE', { codes: [503] }, [503], { method: 'DELETE' }, 200, 2],
  ['POST may have been acted on', { codes: [503] }, [503], { method: 'POST', body: 'x' }, 503, 1],
  ['PATCH too', { codes: [503] }, [503], { method: 'PATCH', body: 'x' }, 503, 1],
  [
    'POST with an Idempotency-Key says that it may',
    { codes: [503] },
    [503],
    { method: 'POST', body: 'x', headers: key },
    200,
    2,
  ],
] as const satisfies readonly (readonly [string, object | undefined, number[], Asked, number, number])[])
  test(`${what}: ${status} after ${attempts}`, async () => {
    const { upstream, arrivals } = await failing(...codes)
    await using server = upstream
    await using portcullis = await policed([server.port], retry)
    const answer = await send(portcullis.port(), asked)
    assert.deepEqual([answer.status, answer.body], [status, `attempt ${attempts}`])
    assert.equal(arrivals.length, attempts)
    const bodies = arrivals.map(({ body }) => body)
    assert.deepEqual(new Set(bodies), new Set([(asked as Asked).body ?? '']))
    const line = await portcullis.line(() => true)
    assert.equal(line['portcullis.attempts'], attempts)
    const retries = /portcullis_upstream_retries_total\{cluster="Backend\/default\/up"\} (\d+)/
    assert.equal(Number(retries.exec(portcullis.metrics())?.[1] ?? 0), attempts - 1)
  })

for (const [what, nonIdempotent, method, status, attempts] of [
  ['POST is repeated where its policy allows that', true, 'POST', 200, 2],
  ['PATCH too', true, 'PATCH', 200, 2],
  ['POST is not where its policy says no', false, 'POST', 503, 1],
] as const)
  test(what, async () => {
    const { upstream, arrivals } = await failing(503)
    await using server = upstream
    const rules = [{ backendRefs: [to('up')], retry: { codes: [503] } }]
    const resources = [gateway(), httpRoute('r', { rules }), backend('up', [server.port])]
    const policy = backendPolicy({ retry: { nonIdempotent } })
    await using portcullis = await startGateway(yamlOf(...resources, policy))
    const answer = await send(portcullis.port(), { method, body: 'hello' })
    assert.deepEqual([answer.status, answer.body], [status, `attempt ${attempts}`])
    assert.deepEqual(
      arrivals.map(({ body }) => body),
      Array.from({ length: attempts }, () => 'hello'),
    )
  })

test('POST on a connection that breaks is repeated where its policy allows that', async () => {
  const { upstream, connections } = await breaking()
  await using _ = upstream
  const rules = [{ backendRefs: [to('up')], retry: { attempts: 2, backoff: '1ms' } }]
  const resources = [gateway(), httpRoute('r', { rules }), backend('up', [upstream.port])]
  const policy = backendPolicy({ retry: { nonIdempotent: true } })
  await using portcullis = await startGateway(yamlOf(...resources, policy))
  assert.equal((await send(portcullis.port(), { method: 'POST', body: 'x' })).status, 502)
  assert.equal(connections(), 3)
})

test('a body of more than 64 KiB is not kept, so that its request is tried once', async () => {
  const { upstream, arrivals } = await failing(503)
  await using server = upstream
  await using portcullis = await policed([server.port], { codes: [503] })
  const asked = { method: 'PUT', body: 'a'.repeat(200_000) }
  assert.equal((await send(portcullis.port(), asked)).status, 503)
  assert.equal(arrivals.length, 1)
})

// HTTPRouteRetry.backoff: "not retried before the configured minimum duration".
test('attempts are no less than the backoff apart', async () => {
  const { upstream, arrivals } = await failing(503, 503, 503)
  await using server = upstream
  await using portcullis = await policed([server.port], { codes: [503], attempts: 3, backoff: '80ms' })
  await send(portcullis.port())
  const gaps = arrivals.slice(1).map(({ atMs }, i) => atMs - arrivals[i]!.atMs)
  assert.equal(gaps.length, 3)
  // One millisecond for timers, which may fire that much early.
  for (const gap of gaps) assert.ok(gap >= 79, `${gap} ms`)
})

test('another endpoint is chosen', async () => {
  const sick = await TestUpstream.start((_, response) => {
    response.statusCode = 503
    response.end()
  })
  await using one = sick
  await using two = await TestUpstream.start((_, response) => void response.end('well'))
  // Half of all are to be repeated, at once.
  const upstream = { retryBudget: { minRetries: { count: 600, interval: '10s' } } }
  const rule = { retry: { codes: [503], backoff: '1ms' } }
  await using portcullis = await startGateway(plain([one.port, two.port], { rule, upstream }))
  // Many at once, or taking turns alone would choose the other one.
  const answers = await Promise.all(Array.from({ length: 60 }, () => send(portcullis.port())))
  assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set(['well']))
})

test('a pause that is longer than what is left is not begun: what was answered is the answer', async () => {
  const { upstream, arrivals } = await failing(503)
  await using server = upstream
  await using portcullis = await policed(
    [server.port],
    { codes: [503], backoff: '20s' },
    { timeouts: { request: '10s' } },
  )
  assert.equal((await send(portcullis.port())).body, 'attempt 1')
  assert.equal(arrivals.length, 1)
})

/** Reads the request's head and breaks the connection. */
async function breaking(): Promise<{ upstream: RawServer; connections: () => number }> {
  let connections = 0
  const server = await RawServer.start(socket => {
    connections++
    socket.once('data', () => socket.destroy())
  })
  return { upstream: server, connections: () => connections }
}

for (const [what, retry, asked, attempts] of [
  ['GET is not tried again without a policy', undefined, {}, 1],
  ['GET is, with one', { attempts: 2, backoff: '1ms' }, {}, 3],
  ['POST is not', { attempts: 2, backoff: '1ms' }, { method: 'POST', body: 'x' }, 1],
  [
    'POST with an Idempotency-Key is',
    { attempts: 2, backoff: '1ms' },
    { method: 'POST', body: 'x', headers: key },
    3,
  ],
] as const)
  test(`after a connection that broke: ${what}`, async () => {
    const { upstream, connections } = await breaking()
    await using _ = upstream
    await using portcullis = await policed([upstream.port], retry)
    assert.equal((await send(portcullis.port(), asked)).status, 502)
    assert.equal(connections(), attempts)
    const line = await portcullis.line(() => true)
    assert.deepEqual(
      [line['portcullis.failure'], line['portcullis.attempts']],
      ['connection_terminated', attempts],
    )
  })

// Nothing of the request was sent, so that any method may be tried again; a policy's number is then the limit.
for (const [what, retry, attempts] of [
  ['thrice without a policy', undefined, 3],
  ['as often as the policy says', { attempts: 1, backoff: '1ms' }, 2],
  ['not at all where the policy says so', { attempts: 0 }, 1],
  ['as often as the policy says, be it more', { attempts: 5, backoff: '1ms' }, 6],
] as const)
  test(`a refused connection is tried for ${what}, POST too`, async () => {
    await using portcullis = await policed([1], retry)
    assert.equal((await send(portcullis.port(), { method: 'POST', body: 'x' })).status, 502)
    const line = await portcullis.line(() => true)
    assert.deepEqual(
      [line['portcullis.failure'], line['portcullis.attempts']],
      ['connection_refused', attempts],
    )
  })

test('an attempt that takes too long is tried again elsewhere', async () => {
  await using slow = await RawServer.start(socket => socket.resume())
  await using fast = await TestUpstream.start((_, response) => void response.end('fast'))
  await using portcullis = await policed(
    [slow.port, fast.port],
    { backoff: '1ms' },
    {
      timeouts: { backendRequest: '300ms' },
    },
  )
  for (let i = 0; i < 4; i++) assert.equal((await send(portcullis.port())).body, 'fast')
})

const silent = async () => ({ upstream: await RawServer.start(socket => socket.resume()) })
const closed = () =>
  Promise.resolve({ upstream: { port: 1, [Symbol.asyncDispose]: () => Promise.resolve() } })

// What `/metrics`, `top` and the console say of a cluster: without these, one that fails in every attempt looked well.
for (const [what, start, retry, more, status, counted] of [
  [
    'answered and tried again',
    () => failing(503, 503),
    { codes: [503], attempts: 2 },
    {},
    200,
    ['5xx 2', '2xx 1'],
  ],
  ['broken off', () => breaking(), { attempts: 2, backoff: '1ms' }, {}, 502, ['none 3']],
  ['late', () => silent(), undefined, { timeouts: { request: '50ms' } }, 504, ['none 1']],
  ['refused', () => closed(), undefined, {}, 502, ['none 3']],
] as const)
  test(`every attempt is counted: ${what}`, async () => {
    const { upstream } = await start()
    await using _ = upstream
    await using portcullis = await policed([upstream.port], retry, more)
    assert.equal((await send(portcullis.port())).status, status)
    await portcullis.line(() => true)
    const metrics = portcullis.metrics()
    for (const count of counted) {
      const [code = '', number = ''] = count.split(' ')
      assert.match(
        metrics,
        new RegExp(
          `portcullis_upstream_requests_total\\{cluster="Backend/default/up",code_class="${code}"\\} ${number}\\n`,
        ),
      )
    }
  })
