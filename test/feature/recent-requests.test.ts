import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as http2 } from 'node:http2'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, before, suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { RequestLine, RequestStory } from '../../src/admin/shapes/requests.ts'
import { RecentMemories } from '../../src/telemetry/recent/recent-memories.ts'
import { RecentReader } from '../../src/telemetry/recent/recent-reader.ts'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { startGateway } from '../support/gateway.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { hourly, ofGateway, trafficPolicy } from '../support/traffic.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const rule = (path: string, more: object): object => ({
  name: path.slice(1),
  matches: [prefix(path)],
  ...more,
})

/** Everything that a request may meet, below a path of its own. */
function site(port: number, live: number, dead: number): string {
  const filters = [
    { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'X-One', value: '1' }] } },
  ]
  const redirect = [
    { type: 'RequestRedirect', requestRedirect: { statusCode: 301, hostname: 'new.example' } },
  ]
  return yamlOf(
    gateway([{ name: 'web', port }]),
    httpRoute('shop', {
      rules: [
        rule('/ok', { filters, backendRefs: [to('live')] }),
        rule('/half', { backendRefs: [to('half')] }),
        rule('/dead', { backendRefs: [to('dead')] }),
        rule('/slow', { backendRefs: [to('live')], timeouts: { request: '500ms' } }),
        rule('/old', { filters: redirect }),
      ],
    }),
    httpRoute('locked', { rules: [rule('/locked', { backendRefs: [to('live')] })] }),
    httpRoute('limited', { rules: [rule('/limited', { backendRefs: [to('live')] })] }),
    trafficPolicy(
      'lock',
      { kind: 'HTTPRoute', name: 'locked' },
      { basicAuth: { secretRef: { name: 'users' } } },
    ),
    trafficPolicy('limit', { kind: 'HTTPRoute', name: 'limited' }, { rateLimits: [hourly(1)] }),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'users' },
      stringData: { auth: 'ada:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n' },
    },
    backend('live', [live]),
    backend('dead', [dead]),
    backend('half', [dead, live]),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'ClientPolicy',
      metadata: { name: 'clients' },
      spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', ...ofGateway }], trustedHops: 1 },
    },
  )
}

/** A record is written in the turn in which the answer leaves; a worker's is seen from here when it is. */
async function until(reached: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await reached())) await setImmediate()
}

const decided = (story: RequestStory) => story.phases.filter(step => step.decided)

suite('a recent request', () => {
  let upstream: TestUpstream
  let folder: Folder
  let run: RunProcess
  let port: number
  let dead: number

  before(async () => {
    upstream = await TestUpstream.start((request, response) => {
      if (request.url !== '/slow') response.end('hello')
    })
    port = await freePort()
    dead = await freePort()
    folder = new Folder({ 'shop.yaml': site(port, upstream.port, dead) })
    run = await RunProcess.start([folder.path], '--workers', '1', '--access-log', 'off')
    await run.started()
  })
  after(async () => {
    await run[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  async function storyOf(id: string): Promise<RequestStory> {
    const response = await run.get(`/v1/requests/${encodeURIComponent(id)}`)
    assert.equal(response.status, 200, await response.clone().text())
    return (await response.json()) as RequestStory
  }

  async function list(query: string): Promise<RequestLine[]> {
    const response = await run.get(`/v1/requests?${query}`)
    assert.equal(response.status, 200, await response.clone().text())
    return ((await response.json()) as { items: RequestLine[] }).items
  }

  /** Asks, and gives the story that the id of the answer's problem leads to. */
  async function failed(path: string, headers: Record<string, string> = {}) {
    const answer = await send(port, { path, headers })
    const { exchange } = JSON.parse(answer.body) as { exchange: string }
    return { answer, story: await storyOf(exchange) }
  }

  test('is there with what the access log would say, also where there is none', async () => {
    const { status } = await send(port, {
      path: '/ok/item?page=2&access_token=hunter2',
      headers: { 'X-Request-Id': 'mine/1', 'User-Agent': 'test', Cookie: 'session=hunter2' },
    })
    assert.equal(status, 200)
    const story = await storyOf('mine/1')
    assert.equal(story.path, '/ok/item')
    assert.equal(story.query, '?page=2&access_token=[redacted]')
    assert.equal(story.userAgent, 'test')
    assert.equal(story.route, 'httproute/default/shop/ok')
    assert.equal(story.listener, 'default/gw/web')
    assert.equal(story.endpoint, `127.0.0.1:${upstream.port}`)
    assert.equal(story.version, 'HTTP/1.1')
    assert.equal(story.attemptCount, 1)
    assert.deepEqual(story.snapshot, { version: 1, inForce: true })
    assert.ok(story.upstreamMs! <= story.durationMs)
    const [filter] = story.filters
    assert.deepEqual([filter!.type, filter!.phase, filter!.did], ['request-headers', 'headers', 'passed'])
    assert.equal(filter!.at.object, 'HTTPRoute/default/shop')
    assert.deepEqual(
      decided(story).map(({ layer }) => layer),
      ['backend'],
    )
    const { totalMs, headMs: _, ...times } = story.timings
    const sum = Object.values(times).reduce((a, b) => a + b, 0)
    assert.ok(Math.abs(sum - totalMs) < 0.1, `${sum} ms of ${totalMs}`)
  })

  test('that a filter has answered names it, its object and its line', async () => {
    const { answer, story } = await failed('/locked')
    assert.equal(answer.status, 401)
    const [by] = decided(story)
    assert.equal(by!.layer, 'filter')
    assert.match(by!.says, /^basic-auth \(authentication\) answered; The request needs credentials/)
    assert.equal(by!.at!.object, 'TrafficPolicy/default/lock')
    assert.match(by!.at!.file, /shop\.yaml$/)
    assert.ok(by!.at!.line > 1)
    assert.deepEqual(
      story.filters.map(({ type, did }) => [type, did]),
      [['basic-auth', 'answered']],
    )
  })

  test('that a limit has answered tells it with what was noted', async () => {
    await send(port, { path: '/limited' })
    const { answer, story } = await failed('/limited')
    assert.equal(answer.status, 429)
    assert.equal(decided(story)[0]!.at!.object, 'TrafficPolicy/default/limit')
    assert.equal(story.failure, 'rate_limited')
  })

  test('that a rule has answered tells so', async () => {
    const { status } = await send(port, { path: '/old', headers: { 'X-Request-Id': 'old' } })
    assert.equal(status, 301)
    const [by] = decided(await storyOf('old'))
    assert.deepEqual(
      [by!.layer, by!.says, by!.at!.object],
      ['action', 'redirects, 301', 'HTTPRoute/default/shop'],
    )
  })

  test('that no rule takes says that', async () => {
    const { story } = await failed('/nowhere')
    assert.deepEqual(
      decided(story).map(({ layer }) => layer),
      ['route'],
    )
  })

  test('of a backend that is down has its attempts, with what came of each', async () => {
    const { answer, story } = await failed('/dead')
    assert.equal(answer.status, 502)
    assert.equal(story.attemptCount, story.attempts.length)
    assert.ok(story.attempts.length > 1)
    for (const attempt of story.attempts) {
      assert.equal(attempt.endpoint, `127.0.0.1:${dead}`)
      assert.deepEqual([attempt.failure, attempt.reason], ['connection_refused', 'ECONNREFUSED'])
      assert.ok(attempt.endedAfterMs <= story.durationMs)
      assert.ok(attempt.connectMs > 0)
    }
    assert.deepEqual(
      decided(story).map(({ layer }) => layer),
      ['backend'],
    )
    assert.match(
      decided(story)[0]!.says,
      /The backend refused the connection \(connection_refused: ECONNREFUSED\)/,
    )
  })

  test('that was tried again on another endpoint tells of both, and is kept with what went wrong', async () => {
    let story: RequestStory | null = null
    for (let i = 0; story === null || story.attempts.length === 1; i++) {
      assert.equal(
        (await send(port, { path: '/half', headers: { 'X-Request-Id': `half-${i}` } })).status,
        200,
      )
      story = await storyOf(`half-${i}`)
    }
    const [first, second] = story.attempts
    assert.deepEqual(
      [first!.endpoint, first!.failure, first!.status],
      [`127.0.0.1:${dead}`, 'connection_refused', null],
    )
    assert.deepEqual(
      [second!.endpoint, second!.failure, second!.status],
      [`127.0.0.1:${upstream.port}`, null, 200],
    )
    assert.ok(second!.sentAfterMs! >= first!.endedAfterMs)
    assert.ok(story.timings.attemptsMs > 0)
    assert.equal(story.error, true)
    assert.ok((await list('keep=errors&path=/half')).some(({ id }) => id === story.id))
  })

  test('that took too long tells where the time went', async () => {
    const { answer, story } = await failed('/slow')
    assert.equal(answer.status, 504)
    assert.equal(story.failure, 'http_response_timeout')
    assert.ok(story.timings.firstByteMs > 0)
  })

  test('by HTTP/2 says so', async () => {
    const session = http2(`http://127.0.0.1:${port}`)
    const stream = session.request({ ':path': '/ok', 'x-request-id': 'two' })
    stream.resume()
    await once(stream, 'end')
    session.close()
    assert.equal((await storyOf('two')).version, 'HTTP/2')
  })

  test('that the codec has refused has an id, which leads to the rule that it broke', async () => {
    await using client = await RawClient.to(port)
    client.write('GET /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n')
    const text = await client.until(/"exchange":"[^"]+"/)
    const story = await storyOf(/"exchange":"([^"]+)"/.exec(text)![1]!)
    assert.deepEqual([story.status, story.method, story.failure], [400, null, 'http_request_error'])
    assert.deepEqual(
      decided(story).map(({ layer }) => layer),
      ['request'],
    )
    assert.ok(decided(story)[0]!.says.includes(story.rejection!))
  })

  test('that is not kept says how far back what is kept reaches', async () => {
    const response = await run.get('/v1/requests/never')
    assert.equal(response.status, 404)
    assert.match(
      ((await response.json()) as { detail: string }).detail,
      /"never".* the oldest of errors is of 20\d\d-/,
    )
  })

  test('is found by what it was, in pages', async () => {
    await send(port, { path: '/ok/one', headers: { 'X-Forwarded-For': '203.0.113.77' } })
    const items = await list('client=203.0.113.77')
    assert.deepEqual(
      items.map(({ path }) => path),
      ['/ok/one'],
    )
    assert.ok((await list('status=5xx')).every(({ status }) => status! >= 500))
    assert.ok((await list('keep=errors')).every(({ error }) => error))
    const first = (await (await run.get('/v1/requests?limit=2')).json()) as {
      items: RequestLine[]
      next: string
    }
    await send(port, { path: '/ok/two' })
    const second = (await (await run.get(`/v1/requests?limit=2&cursor=${first.next}`)).json()) as typeof first
    const older = (await list('limit=10')).slice(1)
    assert.deepEqual(
      [...first.items, ...second.items].map(({ id }) => id),
      older.slice(0, 4).map(({ id }) => id),
    )
    assert.equal((await run.get('/v1/requests?cursor=x')).status, 422)
    for (const bad of ['status=7', 'limit=0', 'nothing=1'])
      assert.equal((await run.get(`/v1/requests?${bad}`)).status, 400, bad)
  })

  test('is told of as it ends to who follows', async () => {
    const leave = new AbortController()
    const response = await fetch(`http://127.0.0.1:${run.admin}/v1/requests/stream?status=404`, {
      signal: leave.signal,
    })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const next = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(text)) text += (await reader.read()).value ?? assert.fail('the stream ended')
    }
    await next(/retry/)
    await send(port, { path: '/ok' })
    await send(port, { path: '/gone', headers: { 'X-Request-Id': 'gone-1' } })
    await next(/event: request\ndata: .*"id":"gone-1".*\n\n/)
    assert.equal(text.match(/event: request/g)!.length, 1)
    leave.abort()
  })
})

suite('commands', () => {
  const port = freePort()
  let upstream: TestUpstream
  let folder: Folder
  let run: RunProcess

  before(async () => {
    upstream = await TestUpstream.start((_, response) => void response.end('hello'))
    folder = new Folder({ 'shop.yaml': site(await port, upstream.port, await freePort()) })
    run = await RunProcess.start([folder.path], '--workers', '1', '--data', folder.path + '/data')
    await run.started()
  })
  after(async () => {
    await run[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })
  const command = (...args: string[]) => portcullis([...args, '--data', folder.path + '/data'])

  test('explain --exchange tells how an error came to be, by the id of its body', async () => {
    const answer = await send(await port, { path: '/locked?token=hunter2' })
    const { exchange } = JSON.parse(answer.body) as { exchange: string }
    const { code, stdout } = await command('explain', '--exchange', exchange)
    assert.equal(code, 0)
    const lines = stdout.split('\n')
    assert.ok(lines[0]!.startsWith(`exchange    ${exchange}, 20`), stdout)
    assert.ok(lines.includes('request     GET a.example/locked?token=[redacted]'), stdout)
    assert.match(
      stdout,
      /^filter +basic-auth \(authentication\) answered; The request needs credentials .*, TrafficPolicy\/default\/lock \(.*shop\.yaml:\d+\)  ← decided$/m,
    )
    assert.match(stdout, /^time +[\d.]+ ms/m)
    const json = await command('explain', '--exchange', exchange, '-o', 'json')
    assert.equal((JSON.parse(json.stdout) as RequestStory).id, exchange)
  })

  test('explain --exchange fails where there is nothing to tell, and says how far back there is', async () => {
    const { code, stdout, stderr } = await command('explain', '--exchange', 'never')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /no request of the id "never" is kept any more, or there was none; the oldest of requests is of/,
    )
    assert.equal((await command('explain', '--exchange', 'x', 'GET', 'http://a/')).code, 2)
  })

  test('tail shows what has ended, filtered, the newest last', async () => {
    for (const path of ['/ok/1', '/nowhere', '/ok/2']) await send(await port, { path })
    const { code, stdout } = await command('tail', '--once', '-n', '2', '--path', '/ok')
    assert.equal(code, 0)
    const [first, second] = stdout.split('\n')
    assert.match(
      first!,
      /^\d\d:\d\d:\d\d GET {4}a\.example\/ok\/1 +200 +[\d.]+ ms {2}httproute\/default\/shop\/ok → 127/,
    )
    assert.match(second!, /\/ok\/2/)
    const json = await command('tail', '--once', '--status', '4xx', '-o', 'json')
    assert.equal((JSON.parse(json.stdout.trim().split('\n').at(-1)!) as RequestLine).path, '/nowhere')
    assert.equal((await command('tail', '--status', '7')).code, 2)
  })

  test('tail shows what ends, until it is interrupted', async () => {
    const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [
      main,
      'tail',
      '-n',
      '1',
      '--path',
      '/ok',
      '--data',
      folder.path + '/data',
    ])
    const lines = new Seen<string>()
    createInterface(child.stdout).on('line', line => lines.push(line))
    await send(await port, { path: '/ok/first' })
    await lines.first()
    // It may have shown what was there before it followed.
    for (let i = 0; !lines.all.some(line => line.includes('/ok/live')); i++) {
      await send(await port, { path: `/ok/live${i}` })
      await setImmediate()
    }
    child.kill('SIGINT')
    assert.deepEqual(await once(child, 'close'), [0, null])
  })
})

test('what a dead worker has written is still there, and that of its successor too', async () => {
  await using upstream = await TestUpstream.start((_, response) => void response.end('hello'))
  const port = await freePort()
  const memories = new RecentMemories(2)
  const reader = new RecentReader(memories)
  await using served = await Served.start(
    { 'shop.yaml': site(port, upstream.port, await freePort()) },
    {},
    memories,
  )
  await send(port, { path: '/ok/before' })
  await until(() => reader.list({}, 10).records.length === 1)
  const ids = served.workers.ids
  await Promise.all(ids.map(id => served.workers.kill(id)))
  assert.deepEqual(
    reader.list({}, 10).records.map(({ path }) => path),
    ['/ok/before'],
  )
  await until(async () => (await send(port, { path: '/ok/after' }).catch(() => null))?.status === 200)
  const paths = reader.list({}, 10).records.map(({ path }) => path)
  assert.equal(paths[0], '/ok/after')
  assert.ok(paths.includes('/ok/before'))
  assert.equal(memories.all.length, 2)
})

test('nothing is kept where nobody wants it', async () => {
  const port = await freePort()
  using folder = new Folder({ 'shop.yaml': site(port, await freePort(), await freePort()) })
  await using run = await RunProcess.start([folder.path], '--workers', '1', '--recent-requests', 'off')
  await run.started()
  await send(port, { path: '/nowhere' })
  for (const path of ['/v1/requests', '/v1/requests/x', '/v1/requests/stream']) {
    const response = await run.get(path)
    assert.equal(response.status, 404, path)
    assert.match(await response.text(), /--recent-requests off/)
  }
})

test('secrets of requests are in no byte of the memory', async () => {
  const secret = 'hunter2hunter2'
  await using upstream = await TestUpstream.start((_, response) => {
    response.setHeader('Set-Cookie', `id=${secret}`)
    response.end(secret)
  })
  await using running = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  )
  const headers = {
    Authorization: `Bearer ${secret}`,
    'Proxy-Authorization': `Basic ${secret}`,
    Cookie: `session=${secret}`,
    'X-Api-Key': secret,
  }
  const query = ['api_key', 'access_token', 'code', 'X-Amz-Signature', 'pass%77ord', 'client-secret']
    .map(name => `${name}=${secret}`)
    .join('&')
  for (const path of ['/shown', '/nobody'])
    await send(running.port(), { path: `${path}?page=1&${query}`, headers, method: 'POST', body: secret })
  await until(() => running.recent.list({}, 10).records.length === 2)
  assert.ok(running.recentBytes.includes('/shown'))
  assert.equal(running.recentBytes.includes(secret), false)
})
