// Ingress v1 on sockets: hosts and paths, a wildcard of one label, certificates by name, beside a Gateway, and as they change.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { backend, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { askOnce, failureOf } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const path = (value: string, to: string, pathType = 'Prefix') => ({
  path: value,
  pathType,
  backend: { resource: { apiGroup: 'portcullis.dev', kind: 'Backend', name: to } },
})

const ingress = (name: string, spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name },
  spec: { ingressClassName: 'portcullis', ...spec },
})

/** A gateway with these objects, and backends a and b behind it. */
class World implements AsyncDisposable {
  readonly served: Served
  readonly http: number
  readonly https: number
  private readonly upstreams: readonly TestUpstream[]

  private constructor(served: Served, http: number, https: number, upstreams: readonly TestUpstream[]) {
    this.served = served
    this.http = http
    this.https = https
    this.upstreams = upstreams
  }

  static async start(first: object, ...others: readonly object[]): Promise<World> {
    const names = ['a', 'b']
    const upstreams = await Promise.all(
      names.map(name => TestUpstream.start((_, response) => response.end(name))),
    )
    const [http, https] = [await freePort(), await freePort()]
    const backends = names.map((name, i) => backend(name, [upstreams[i]!.port]))
    const files = { 'ingress.yaml': yamlOf(first), 'others.yaml': yamlOf(...backends, ...others) }
    const settings = { addresses: ['127.0.0.1'], ingressPorts: { http, https } }
    return new World(await Served.start(files, { settings }), http, https, upstreams)
  }

  /** Which backend has answered, or with which status nobody has. */
  async ask(host: string, target: string): Promise<string> {
    const { status, body } = await send(this.http, { host, path: target })
    return status === 200 ? body : String(status)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.served[Symbol.asyncDispose]()
    for (const upstream of this.upstreams) await upstream[Symbol.asyncDispose]()
  }
}

const gateway = (port: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  addresses: [{ value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: new }
spec:
  parentRefs: [{ name: front }]
  hostnames: [shop.example]
  rules:
    - matches: [{ path: { value: /cart } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: b }]
`

suite('ingresses', () => {
  test('hosts, paths, path types and the default backend', async () => {
    await using world = await World.start(
      ingress('shop', {
        defaultBackend: path('', 'b').backend,
        rules: [
          {
            host: 'shop.example',
            http: { paths: [path('/cart/', 'b'), path('/only', 'b', 'Exact'), path('/', 'a')] },
          },
          { host: '*.shop.example', http: { paths: [path('/w', 'a')] } },
          { http: { paths: [path('/any', 'a', 'ImplementationSpecific')] } },
        ],
      }),
    )
    for (const [host, target, expected] of [
      ['shop.example', '/', 'a'],
      ['shop.example', '/cart', 'b'],
      ['shop.example', '/cart/1', 'b'],
      ['shop.example', '/cartoons', 'a'],
      ['shop.example', '/only', 'b'],
      ['shop.example', '/only/', 'a'],
      ['SHOP.example', '/only', 'b'],
      ['x.shop.example', '/w/1', 'a'],
      ['X.Shop.Example:80', '/w/1', 'a'],
      ['x.shop.example.', '/w/1', 'a'],
      // One label, and no more of them.
      ['y.x.shop.example', '/w/1', 'b'],
      ['other.example', '/any/1', 'a'],
      ['other.example', '/none', 'b'],
    ] as const)
      assert.equal(await world.ask(host, target), expected, `${host}${target}`)
  })

  test('certificates by the name that a client asks for, and none for others', async () => {
    const authority = await Authority.make()
    const [one, two] = await Promise.all(
      ['one.example', '*.two.example'].map(name => authority.issue({ names: [name] })),
    )
    await using world = await World.start(
      ingress('tls', {
        tls: [
          { hosts: ['one.example'], secretName: 'one' },
          { hosts: ['*.two.example'], secretName: 'two' },
          { hosts: ['lost.example'], secretName: 'nowhere' },
        ],
        rules: [
          { host: 'one.example', http: { paths: [path('/', 'a')] } },
          { host: 'x.two.example', http: { paths: [path('/', 'b')] } },
          { host: 'lost.example', http: { paths: [path('/', 'b')] } },
        ],
      }),
      tlsSecret('one', one!),
      tlsSecret('two', two!),
    )
    const over = (servername: string) => ({ servername, ca: authority.root })
    for (const [name, expected] of [
      ['one.example', 'a'],
      ['x.two.example', 'b'],
    ] as const) {
      assert.equal((await askOnce(world.https, name, over(name))).body, expected)
      assert.equal(await world.ask(name, '/'), expected)
    }
    for (const name of ['lost.example', 'other.example'])
      assert.notEqual(await failureOf(world.https, name, over(name)), 'none')
    assert.equal(await world.ask('lost.example', '/'), 'b')
  })

  test('on the port of a Gateway routes come first, and Ingresses change with everything else', async () => {
    const shop = ingress('shop', {
      rules: [{ host: 'shop.example', http: { paths: [path('/', 'a'), path('/cart/old', 'a')] } }],
    })
    await using world = await World.start(shop)
    assert.equal(await world.ask('shop.example', '/cart/old'), 'a')
    await world.served.change('gateway.yaml', gateway(world.http))
    assert.equal(await world.ask('shop.example', '/cart/old'), 'b')
    assert.equal(await world.ask('shop.example', '/'), 'a')
    await world.served.change(
      'ingress.yaml',
      yamlOf({ ...shop, spec: { ...shop.spec, ingressClassName: 'nginx' } }),
    )
    assert.equal(await world.ask('shop.example', '/'), '404')
    assert.equal(await world.ask('shop.example', '/cart/old'), 'b')
  })
})

suite('what protects Ingresses elsewhere', () => {
  const one = (value: string, to: string, annotations: Record<string, string> = {}) => ({
    ...ingress(to, { rules: [{ host: 'shop.example', http: { paths: [path(value, to)] } }] }),
    metadata: { name: to, annotations },
  })
  const nginx = 'nginx.ingress.kubernetes.io'

  test('closes what its pattern may take before the path of another, until it is gone', async () => {
    const admin = '/admin(/|$)(.*)'
    const guarded = one(admin, 'a', { [`${nginx}/auth-url`]: 'https://auth.example' })
    await using world = await World.start(guarded, one('/', 'b'))
    for (const [target, expected] of [
      ['/admin', '500'],
      ['/admin/users', '500'],
      ['/ADMIN/users', '500'],
      ['/%61dmin/users', '500'],
      ['/administrator', 'b'],
      ['/', 'b'],
    ] as const)
      assert.equal(await world.ask('shop.example', target), expected, target)
    await world.served.change('ingress.yaml', yamlOf(one(admin, 'a')))
    assert.equal(await world.ask('shop.example', '/admin/users'), 'b')
    await world.served.change('ingress.yaml', yamlOf(guarded))
    assert.equal(await world.ask('shop.example', '/admin/users'), '500')
  })

  test('closes what its letters may begin before shorter paths of others', async () => {
    const guarded = one('/admin', 'a', { [`${nginx}/auth-url`]: 'https://auth.example' })
    const other = {
      ...ingress('other', {
        rules: [{ host: 'shop.example', http: { paths: [path('/', 'b'), path('/admin/help', 'b')] } }],
      }),
      // Of one Ingress it is for its hosts.
      metadata: { name: 'other', annotations: { [`${nginx}/use-regex`]: 'true' } },
    }
    await using world = await World.start(other, guarded)
    for (const [target, expected] of [
      ['/admin/users', '500'],
      ['/Admin', '500'],
      ['/administrator', '500'],
      ['/admin/help/1', 'b'],
      ['/help', 'b'],
    ] as const)
      assert.equal(await world.ask('shop.example', target), expected, target)
    await world.served.change('ingress.yaml', yamlOf({ ...other, metadata: { name: 'other' } }))
    assert.equal(await world.ask('shop.example', '/Admin'), 'b')
    assert.equal(await world.ask('shop.example', '/admin'), '500')
  })

  test('closes the other paths of a host that asks for certificates, until it is gone', async () => {
    const guarded = one('/api', 'a', { [`${nginx}/auth-tls-secret`]: 'default/ca' })
    await using world = await World.start(guarded, one('/admin', 'b'))
    assert.equal(await world.ask('shop.example', '/api'), '500')
    assert.equal(await world.ask('shop.example', '/admin'), '500')
    await world.served.change('ingress.yaml', yamlOf(one('/api', 'a')))
    assert.equal(await world.ask('shop.example', '/api'), 'a')
    assert.equal(await world.ask('shop.example', '/admin'), 'b')
  })
})
