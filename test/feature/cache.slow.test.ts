import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { send, type Answer, type Asked } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { ofGateway, ofRoute, site, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

// Two workers on real sockets, each request on a connection of its own: the kernel gives some to each.

/** A backend whose answers are numbered, and a gateway with a cache before it. */
class Site implements AsyncDisposable {
  readonly upstream: TestUpstream
  readonly served: Served
  readonly port: number
  /** What the backend was asked, in order. */
  readonly asked: IncomingMessage[]

  private constructor(upstream: TestUpstream, served: Served, port: number, asked: IncomingMessage[]) {
    this.upstream = upstream
    this.served = served
    this.port = port
    this.asked = asked
  }

  static async start(
    answer: (request: IncomingMessage, response: ServerResponse, number: number) => void,
    cache: object = {},
    more: object = {},
  ): Promise<Site> {
    const asked: IncomingMessage[] = []
    const upstream = await TestUpstream.start((request, response) =>
      answer(request, response, asked.push(request)),
    )
    const port = await freePort()
    const served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'cache.yaml': yamlOf(trafficPolicy('pages', ofRoute, { cache, ...more })),
    })
    return new Site(upstream, served, port, asked)
  }

  ask(path: string, headers: Record<string, string> = {}, more: Asked = {}): Promise<Answer> {
    return send(this.port, { path, headers, ...more })
  }

  /** Until it is answered from memory in whichever worker takes it. */
  async hit(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    for (;;) {
      const answer = await this.ask(path, headers)
      if (isHit(answer)) return answer
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.served[Symbol.asyncDispose]()
    await this.upstream[Symbol.asyncDispose]()
  }
}

function isHit({ headers }: Answer): boolean {
  return String(headers['cache-status']).startsWith('portcullis; hit')
}

/** Answers with its number, to be kept for a minute. */
function numbered(cacheControl = 'max-age=60', fields: Record<string, string> = {}) {
  return (_: IncomingMessage, response: ServerResponse, number: number): void => {
    response.writeHead(200, { 'Cache-Control': cacheControl, 'Content-Type': 'text/plain', ...fields })
    response.end(`answer ${number}`)
  }
}

suite('a cache of answers', () => {
  test('gives what is fresh without asking, with its age, to all workers', async () => {
    await using at = await Site.start(numbered())
    const first = await at.ask('/r/a')
    assert.deepEqual([first.status, first.body], [200, 'answer 1'])
    assert.equal(first.headers['cache-status'], 'portcullis; fwd=uri-miss; fwd-status=200; stored')
    const again = await at.hit('/r/a')
    assert.match(again.body, /^answer [12]$/)
    assert.match(String(again.headers['age']), /^\d+$/)
    assert.match(String(again.headers['cache-status']), /^portcullis; hit; ttl=\d+$/)
    assert.equal(again.headers['content-type'], 'text/plain')
    const asked = at.asked.length
    assert.ok(asked <= 2, 'each worker asks once at most')
    await at.hit('/r/a')
    const head = await at.ask('/r/a', {}, { method: 'HEAD' })
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '8'])
  })

  test('gives a large answer in its whole, a part of it, and 304 to who has it', async () => {
    const body = 'x'.repeat(300_000)
    await using at = await Site.start((_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', ETag: '"v1"' })
      response.write(body.slice(0, 1000))
      response.end(body.slice(1000))
    })
    assert.equal((await at.ask('/r/large')).body, body)
    assert.equal((await at.hit('/r/large')).body, body)
    const part = await at.hit('/r/large', { Range: 'bytes=10-19' })
    assert.deepEqual([part.status, part.body], [206, 'x'.repeat(10)])
    assert.equal(part.headers['content-range'], 'bytes 10-19/300000')
    const beyond = await at.hit('/r/large', { Range: 'bytes=300000-' })
    assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */300000'])
    const known = await at.hit('/r/large', { 'If-None-Match': 'W/"v1"' })
    assert.deepEqual([known.status, known.body], [304, ''])
  })

  for (const [what, cacheControl, fields] of [
    ['no-store', 'no-store', {}],
    ['private', 'private, max-age=60', {}],
    ['a session', 'max-age=60', { 'Set-Cookie': 'session=1' }],
    ['what varies by everything', 'max-age=60', { Vary: '*' }],
    ['no lifetime', '', {}],
  ] as const)
    test(`keeps nothing of ${what}`, async () => {
      await using at = await Site.start(numbered(cacheControl, fields))
      for (let i = 1; i <= 4; i++) {
        const { body, headers } = await at.ask('/r/a')
        assert.equal(body, `answer ${i}`)
        assert.equal(headers['cache-status'], 'portcullis; fwd=uri-miss; fwd-status=200')
      }
    })

  test('asks whether what is stale is true still, keeps its connections, and takes over what a 304 says', async () => {
    await using at = await Site.start((request, response) => {
      const fields = {
        'Cache-Control': 'max-age=60',
        Age: '60',
        ETag: '"v1"',
        'X-Now': String(at.asked.length),
      }
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304, fields).end()
      else response.writeHead(200, fields).end('body')
    })
    await at.ask('/r/a')
    const answer = async (): Promise<Answer> => {
      for (;;) {
        const one = await at.ask('/r/a')
        if (String(one.headers['cache-status']).includes('fwd-status=304')) return one
      }
    }
    for (let i = 0; i < 8; i++) {
      const { status, body, headers } = await answer()
      assert.deepEqual([status, body], [200, 'body'])
      assert.equal(headers['cache-status'], 'portcullis; hit; fwd=stale; fwd-status=304')
      assert.equal(headers['x-now'], String(at.asked.length))
    }
    assert.ok(at.upstream.connections <= 4, `${at.upstream.connections} connections`)
  })

  test('keeps an answer for each value of what Vary names', async () => {
    await using at = await Site.start((request, response, number) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' })
      response.end(`${request.headers['accept-language'] ?? 'none'} ${number}`)
    })
    for (const language of ['de', 'en']) await at.ask('/r/a', { 'Accept-Language': language })
    for (const language of ['de', 'en'])
      assert.match((await at.hit('/r/a', { 'Accept-Language': language })).body, new RegExp(`^${language} `))
    assert.match((await at.ask('/r/a', { 'Accept-Language': 'fr' })).body, /^fr /)
  })

  test('forgets what an unsafe request has changed', async () => {
    await using at = await Site.start(numbered())
    await at.ask('/r/a')
    const { body } = await at.hit('/r/a')
    await at.ask('/r/a', {}, { method: 'POST', body: 'change' })
    for (let i = 0; i < 8; i++) assert.notEqual((await at.ask('/r/a')).body, body)
  })

  test('forgets it however the host is written', async () => {
    await using at = await Site.start(numbered())
    for (const Host of ['a.example', 'A.Example', 'a.example:80']) {
      const { body } = await at.hit('/r/a')
      await at.ask('/r/a', { Host }, { method: 'POST', body: 'change' })
      for (let i = 0; i < 4; i++) assert.notEqual((await at.ask('/r/a')).body, body, Host)
    }
  })

  test('stores nothing that was asked for before an unsafe request has changed it', async () => {
    let held: ServerResponse | null = null
    await using at = await Site.start((request, response, number) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' })
      response.flushHeaders()
      if (request.method === 'GET' && held === null) held = response
      else response.end(`answer ${number}`)
    })
    const early = at.ask('/r/a')
    while (held === null) await setImmediate()
    await at.ask('/r/a', {}, { method: 'POST', body: 'change' })
    ;(held as ServerResponse).end('as it was')
    assert.equal((await early).body, 'as it was')
    for (let i = 0; i < 8; i++) assert.notEqual((await at.ask('/r/a')).body, 'as it was')
  })

  for (const [what, purge, also] of [
    ['URL, whatever its query', { url: 'http://A.EXAMPLE/r/items' }, true],
    ['URL with its query', { url: 'http://a.example/r/items?page=2' }, false],
    ['prefix', { prefix: 'http://a.example/r/it' }, true],
    ['tag', { tag: 'items' }, true],
    ['all', 'all', true],
  ] as const)
    test(`is purged by ${what}, for all workers at once, whatever is under way`, async () => {
      let held: ServerResponse | null = null
      await using at = await Site.start((request, response, number) => {
        const tag = request.url!.startsWith('/r/items') ? 'shop items' : 'other'
        response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Surrogate-Key': tag })
        if (request.url === '/r/items?held') held = response
        else response.end(`answer ${number}`)
        response.flushHeaders()
      })
      const paths = ['/r/items?page=2', '/r/items', '/r/other']
      const before = new Map<string, string>()
      for (const path of paths) before.set(path, (await at.hit(path)).body)
      const late = at.ask('/r/items?held')
      while (held === null) await setImmediate()
      assert.equal(at.served.workers.cache.purge(purge), purge === 'all' ? 3 : also ? 2 : 1)
      const isKept = async (path: string): Promise<boolean> => (await at.ask(path)).body === before.get(path)
      assert.deepEqual(await isKept('/r/items?page=2'), false)
      assert.deepEqual(await isKept('/r/items'), !also)
      assert.deepEqual(await isKept('/r/other'), purge !== 'all')
      ;(held as ServerResponse).end('late')
      assert.equal((await late).body, 'late')
      const { body } = await at.ask('/r/items?held', { 'Cache-Control': 'only-if-cached' })
      assert.match(body, /not_stored/)
    })

  for (const [what, cacheControl, more] of [
    ['that may be stale where the backend fails', 'max-age=60, stale-if-error=600', {}],
    [
      'of which the last good one is given',
      'max-age=60',
      { fallback: { lastGood: {}, httpStatusCodes: [503] } },
    ],
  ] as const)
    test(`gives nothing of what was purged while a backend failed, ${what}`, async () => {
      const held: ServerResponse[] = []
      await using at = await Site.start(
        (request, response) => {
          if (request.headers['x-held'] !== undefined) return void held.push(response)
          response.writeHead(200, { 'Cache-Control': cacheControl }).end('as it was')
        },
        {},
        more,
      )
      await at.hit('/r/a')
      await at.hit('/r/b')
      for (const [path, given] of [
        ['/r/b', 'as it was'],
        ['/r/a', 'sick'],
      ] as const) {
        const late = at.ask(path, { 'Cache-Control': 'no-cache', 'X-Held': '1' })
        while (held.length === 0) await setImmediate()
        if (given === 'sick') at.served.workers.cache.purge({ url: `http://a.example${path}` })
        held.pop()!.writeHead(503).end('sick')
        assert.equal((await late).body, given)
      }
    })

  test('has equal requests wait for one, whichever worker has them, and lets them go where the answer is not for all', async () => {
    const waiting: ServerResponse[] = []
    await using at = await Site.start((request, response, number) => {
      if (request.url === '/r/secret') {
        response.writeHead(200, { 'Cache-Control': 'private, max-age=60' }).end(`answer ${number}`)
        return
      }
      response.writeHead(200, { 'Cache-Control': 'max-age=60' })
      if (waiting.push(response) === 1) setTimeout(() => waiting[0]!.end('one'), 300)
      else response.end('two')
    })
    const answers = await Promise.all(Array.from({ length: 20 }, () => at.ask('/r/slow')))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set(['one']))
    assert.equal(at.asked.length, 1)
    const asked = at.asked.length
    const secrets = await Promise.all(Array.from({ length: 10 }, () => at.ask('/r/secret')))
    assert.equal(new Set(secrets.map(({ body }) => body)).size, 10)
    assert.equal(at.asked.length - asked, 10)
  })

  test('has nobody wait on for one that hangs where another has been told that the answer is not for all', async () => {
    const held: ServerResponse[] = []
    await using at = await Site.start(
      (_, response, number) => {
        if (number === 1) held.push(response)
        else response.writeHead(200, { 'Cache-Control': 'private' }).end(`answer ${number}`)
      },
      { collapseTimeout: '200ms' },
    )
    const first = at.ask('/r/a')
    while (held.length === 0) await setImmediate()
    let waited = 0
    for (let i = 0; i < 12; i++)
      if (String((await at.ask('/r/a')).headers['cache-status']).includes('collapsed')) waited++
    held.pop()!.end('answer 1')
    assert.equal((await first).body, 'answer 1')
    assert.ok(waited <= 2, `${waited} have waited: more than one in each worker`)
  })

  test('is as all policies say together, the nearer first', async () => {
    await using at = await Site.start(
      (request, response, number) => {
        response.writeHead(200, { 'Cache-Control': 'max-age=60' })
        response.end(`${String(request.headers['x-tenant'])} ${number}`)
      },
      { collapseTimeout: '1s' },
    )
    const policy = trafficPolicy('all', ofGateway, {
      cache: { keyHeaders: ['X-Tenant'], statusHeader: false },
    })
    await at.served.change('all.yaml', yamlOf(policy))
    for (const tenant of ['a', 'b']) {
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => at.ask('/r/a', { 'X-Tenant': tenant })),
      )
      for (const { body, headers } of answers) {
        assert.ok(body.startsWith(`${tenant} `), body)
        assert.equal(headers['cache-status'], undefined)
      }
    }
    assert.equal(at.asked.length, 2)
  })

  test('renews what is stale once, whichever worker has given it', async () => {
    const renewing: ServerResponse[] = []
    await using at = await Site.start((_, response, number) => {
      const cacheControl = 'max-age=60, stale-while-revalidate=3000'
      response.writeHead(200, { 'Cache-Control': cacheControl, Age: number === 1 ? '70' : '0' })
      if (number === 1) response.end('answer 1')
      else renewing.push(response)
    })
    await at.ask('/r/a')
    const stale = await Promise.all(Array.from({ length: 24 }, () => at.ask('/r/a')))
    assert.deepEqual(new Set(stale.map(({ body }) => body)), new Set(['answer 1']))
    while (renewing.length === 0) await setImmediate()
    renewing[0]!.end('answer 2')
    while ((await at.hit('/r/a')).body === 'answer 1');
    for (let i = 0; i < 8; i++) assert.equal((await at.hit('/r/a')).body, 'answer 2')
    assert.equal(at.asked.length, 2)
  })

  test('gives what is stale while it asks, and where the backend fails, for as long as it may', async () => {
    let fails = false
    await using at = await Site.start((_, response, number) => {
      if (fails) return void response.writeHead(503).end('sick')
      const cacheControl = 'max-age=60, stale-while-revalidate=30, stale-if-error=600'
      response.writeHead(200, { 'Cache-Control': cacheControl, Age: number === 1 ? '70' : '0' })
      response.end(`answer ${number}`)
    })
    await at.ask('/r/a')
    const stale = await at.hit('/r/a')
    assert.equal(stale.body, 'answer 1')
    // Asked beside it: then it is the new one.
    let now = await at.hit('/r/a')
    while (now.body === 'answer 1') now = await at.hit('/r/a')
    assert.match(now.body, /^answer [23]$/)
    fails = true
    const sick = await at.ask('/r/a', { 'Cache-Control': 'no-cache' })
    // Each worker may have asked: the later one of two is kept.
    assert.equal(sick.status, 200)
    assert.match(sick.body, /^answer [23]$/)
    assert.match(String(sick.headers['cache-status']), /detail=stale-if-error$/)
    assert.equal((await at.ask('/r/other')).status, 503)
  })
})
