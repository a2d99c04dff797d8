import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { NodeState } from '../../src/shared/node-state.ts'
import { AuthService } from '../support/auth-service.ts'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { newKey, putKeys, putPeppers } from '../support/credentials.ts'
import { ExtAuthzServer } from '../support/ext-authz.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { grpcBackend } from '../support/grpc-gateway.ts'
import { externalAuthPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { sharedState } from '../support/shared-state.ts'
import { httpsListener } from '../support/tls.ts'
import { trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

// Two who differ in nothing but how they show who they are, at one URL. What one is given is never given to the other.

const keys = [newKey(), newKey()] as const

const sessions = [{ 'X-Session-Token': 'one' }, { 'X-Session-Token': 'two' }] as const

/** Told apart by what they send; the last is a client certificate. */
const credentials = [
  ['API keys', '/keys', keys.map(({ text: key }) => ({ 'X-Partner': key }))],
  ['cookies', '/open', [{ Cookie: 'session=1' }, { Cookie: 'session=2' }]],
  ['tokens', '/open', [{ Authorization: 'Bearer one' }, { Authorization: 'Bearer two' }]],
  ['keys that only the backend knows', '/open', [{ 'X-API-Key': 'one' }, { 'X-API-Key': 'two' }]],
  ['nothing and a cookie', '/open', [{}, { Cookie: 'session=1' }]],
  ['headers that an authorizer is asked with', '/asked', sessions],
  ['headers that an authorizer is asked with by gRPC', '/asked-grpc', sessions],
  ['certificates', '/open', [{}, {}]],
] as const

interface Got {
  readonly status: number
  readonly body: string
  readonly cache: string
}

class Site implements AsyncDisposable {
  readonly upstream: TestUpstream
  readonly running: TestGateway
  readonly backend: Backend
  private readonly services: readonly AsyncDisposable[]
  private readonly root: string
  private readonly clients: readonly { readonly key: string; readonly chain: string }[]

  private constructor(
    upstream: TestUpstream,
    running: TestGateway,
    own: Backend,
    services: readonly AsyncDisposable[],
    root: string,
    clients: Site['clients'],
  ) {
    this.upstream = upstream
    this.running = running
    this.backend = own
    this.services = services
    this.root = root
    this.clients = clients
  }

  static async start(): Promise<Site> {
    const own = new Backend()
    const upstream = await TestUpstream.start((asked, response) => own.answer(asked, response))
    // Both let everything pass, and say nothing of who it is.
    const auth = await AuthService.start()
    const grpc = await ExtAuthzServer.start((_, done) => done(null, { status: { code: 0 }, okResponse: {} }))
    const authority = await Authority.make('clients')
    const server = await authority.issue({ names: ['a.example'] })
    const clients = [
      await authority.issue({ names: ['one.example'] }),
      await authority.issue({ names: ['two.example'] }),
    ]
    const node = new NodeState()
    putPeppers(node.tables)
    putKeys(node.tables, keys)
    const listeners = gateway([{ name: 'http', port: 80 }, httpsListener('secure', ['server'])]) as {
      spec: object
    }
    const validation = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] }
    const running = await startGateway(
      yamlOf(
        { ...listeners, spec: { ...listeners.spec, tls: { frontend: { default: { validation } } } } },
        tlsSecret('server', server),
        caConfigMap('ca', authority.root),
        httpRoute('r', {
          rules: [
            { name: 'keys', matches: [prefix('/keys')], backendRefs: [to('up')] },
            { name: 'asked', matches: [prefix('/asked')], backendRefs: [to('up')] },
            { name: 'asked-grpc', matches: [prefix('/asked-grpc')], backendRefs: [to('up')] },
            { name: 'open', matches: [prefix('/open')], backendRefs: [to('up')] },
          ],
        }),
        backend('up', [upstream.port]),
        backend('auth', [auth.port]),
        grpcBackend('auth-grpc', [grpc.port]),
        externalAuthPolicy({ targetRefs: [rule('asked')], http: { allowedHeaders: ['X-Session-Token'] } }),
        externalAuthPolicy(
          { targetRefs: [rule('asked-grpc')], protocol: 'GRPC', backendRef: to('auth-grpc') },
          'ask-grpc',
        ),
        trafficPolicy('pages', { kind: 'HTTPRoute', name: 'r' }, { cache: { staleIfError: '1h' } }),
        {
          apiVersion: 'portcullis.dev/v1alpha1',
          kind: 'AuthenticationPolicy',
          metadata: { name: 'keys' },
          spec: {
            targetRefs: [rule('keys')],
            credentials: [{ apiKey: { in: [{ header: 'X-Partner' }] } }],
          },
        },
      ),
      { shared: sharedState(node) },
    )
    return new Site(upstream, running, own, [auth, grpc], authority.root, clients)
  }

  /** As the first or the second of two. */
  async ask(what: string, path: string, headers: Record<string, string>, who: number): Promise<Got> {
    if (what !== 'certificates') {
      const { status, body, headers: fields } = await send(this.running.port(80), { path, headers })
      return { status, body, cache: String(fields['cache-status']) }
    }
    const { key, chain: cert } = this.clients[who]!
    const call = request({
      host: '127.0.0.1',
      port: this.running.port(443),
      path,
      agent: false,
      headers: { Host: 'a.example' },
      ca: this.root,
      servername: 'a.example',
      key,
      cert,
    }).end()
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      call.on('response', resolve).on('error', reject),
    )
    const cache = String(response.headers['cache-status'])
    return { status: response.statusCode!, body: await text(response), cache }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]()
    await this.upstream[Symbol.asyncDispose]()
    for (const service of this.services) await service[Symbol.asyncDispose]()
  }
}

function rule(sectionName: string): object {
  return { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'r', sectionName }
}

/** Numbers its answers; holds them, or fails, when it is told to. */
class Backend {
  cacheControl = 'max-age=60'
  age = '0'
  fails = false
  asked = 0
  private held: (() => void)[] | null = null
  private waiting = Promise.withResolvers<void>()

  answer(_: IncomingMessage, response: ServerResponse): void {
    const number = ++this.asked
    const answer = (): void => {
      if (this.fails) return void response.writeHead(503).end()
      response.writeHead(200, { 'Cache-Control': this.cacheControl, Age: this.age }).end(`answer ${number}`)
    }
    if (this.held === null) return answer()
    this.held.push(answer)
    this.waiting.resolve()
    this.waiting = Promise.withResolvers()
  }

  hold(): void {
    this.held = []
  }

  async holds(count: number): Promise<void> {
    while ((this.held?.length ?? 0) < count) await this.waiting.promise
  }

  release(): void {
    const held = this.held ?? []
    this.held = null
    for (const answer of held) answer()
  }
}

suite('what is stored is for who has asked', () => {
  for (const [what, path, [one, two]] of credentials) {
    test(`told apart by ${what}`, async () => {
      await using site = await Site.start()
      const first = await site.ask(what, path, one!, 0)
      assert.deepEqual([first.status, first.body], [200, 'answer 1'])
      const second = await site.ask(what, path, two!, 1)
      assert.equal(second.body, 'answer 2')
      assert.equal((await site.ask(what, path, one!, 0)).body, 'answer 1')
      const again = await site.ask(what, path, two!, 1)
      assert.equal(again.body, 'answer 2')
      assert.match(again.cache, /^portcullis; hit/)
    })

    test(`equal requests wait for each other only within one identity, by ${what}`, async () => {
      await using site = await Site.start()
      site.backend.hold()
      const all = [one, one, two, two].map((headers, i) => site.ask(what, path, headers!, i >> 1))
      await site.backend.holds(2)
      site.backend.release()
      const bodies = (await Promise.all(all)).map(({ body }) => body)
      assert.equal(bodies[0], bodies[1])
      assert.equal(bodies[2], bodies[3])
      assert.notEqual(bodies[0], bodies[2])
      assert.equal(site.backend.asked, 2)
    })

    test(`what is stale is given for a failed backend only within one identity, by ${what}`, async () => {
      await using site = await Site.start()
      site.backend.age = '61'
      await site.ask(what, path, one!, 0)
      site.backend.fails = true
      assert.equal((await site.ask(what, path, two!, 1)).status, 503)
      const last = await site.ask(what, path, one!, 0)
      assert.deepEqual([last.status, last.body], [200, 'answer 1'])
    })
  }

  for (const cacheControl of ['public, max-age=60', 's-maxage=60', 'must-revalidate, max-age=60']) {
    test(`${cacheControl} is for all where the backend was not told who asks`, async () => {
      await using site = await Site.start()
      site.backend.cacheControl = cacheControl
      for (const headers of [{ Cookie: 'a=1' }, { Cookie: 'a=2' }, {}, { Authorization: 'Bearer x' }])
        assert.equal((await site.ask('', '/open', headers, 0)).body, 'answer 1')
    })

    test(`${cacheControl} is for one where it was told`, async () => {
      await using site = await Site.start()
      site.backend.cacheControl = cacheControl
      const [one, two] = credentials[0][2]
      assert.equal((await site.ask('', '/keys', one!, 0)).body, 'answer 1')
      assert.equal((await site.ask('', '/keys', two!, 0)).body, 'answer 2')
    })
  }
})

for (const path of ['/asked', '/asked-grpc'])
  suite(`where an authorizer is asked, of ${path}`, () => {
    test('browsers that say no more of who they are share what is stored', async () => {
      await using site = await Site.start()
      const one = {
        'User-Agent': 'one',
        Accept: 'a/b',
        'Cache-Control': 'max-age=50',
        Referer: 'http://a/',
        'Sec-Fetch-Site': 'none',
        'X-B3-TraceId': '1',
        'X-Forwarded-For': '192.0.2.1',
      }
      assert.equal((await site.ask('', path, one, 0)).body, 'answer 1')
      assert.equal((await site.ask('', path, { 'User-Agent': 'two' }, 0)).body, 'answer 1')
    })

    test('an answer that says that it is for all is for all', async () => {
      await using site = await Site.start()
      site.backend.cacheControl = 'public, max-age=60'
      for (const headers of sessions) assert.equal((await site.ask('', path, headers, 0)).body, 'answer 1')
    })
  })

suite('what is stored cannot be poisoned', () => {
  for (const headers of [
    { 'X-Original-URL': '/admin' },
    { 'X-Rewrite-URL': '/admin' },
    { 'X-HTTP-Method-Override': 'DELETE' },
    { 'X-Host': 'evil.example' },
  ])
    test(`by ${Object.keys(headers).join()}`, async () => {
      await using site = await Site.start()
      assert.equal((await site.ask('', '/open', headers, 0)).body, 'answer 1')
      assert.equal((await site.ask('', '/open', {}, 0)).body, 'answer 2')
      assert.equal((await site.ask('', '/open', {}, 0)).body, 'answer 2')
      assert.equal((await site.ask('', '/open', headers, 0)).body, 'answer 3')
    })

  test('by a body of GET', async () => {
    await using site = await Site.start()
    const port = site.running.port(80)
    const bodies = [(await send(port, { path: '/open', headers: { 'Content-Length': '1' }, body: 'x' })).body]
    bodies.push((await send(port, { path: '/open' })).body)
    assert.deepEqual(bodies, ['answer 1', 'answer 2'])
  })

  test('by what an untrusted client says of hosts', async () => {
    await using site = await Site.start()
    const headers = {
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      Forwarded: 'host=evil.example',
    }
    assert.equal((await site.ask('', '/open', headers, 0)).body, 'answer 1')
    // The backend was told nothing of it: it is the same.
    assert.equal((await site.ask('', '/open', {}, 0)).body, 'answer 1')
  })
})
