import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Authority } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { SecureUpstream } from '../support/secure-upstream.ts'
import { failureOf } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const GATEWAY_API = 'gateway.networking.k8s.io'

/** A policy of another gateway that asks for an API key, with what it targets. */
const policy = (...targetRefs: readonly object[]): object => ({
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'SecurityPolicy',
  metadata: { name: 'keys' },
  spec: { targetRefs, apiKeyAuth: { credentialRefs: [{ name: 'keys' }] } },
})

const ofRoute = (name: string, sectionName?: string): object => ({
  group: GATEWAY_API,
  kind: 'HTTPRoute',
  name,
  ...(sectionName === undefined ? {} : { sectionName }),
})

const rule = (name: string, path: string): object => ({
  name,
  matches: [prefix(path)],
  backendRefs: [to('up')],
})
const shop = httpRoute('shop', { rules: [rule('open', '/'), rule('admin', '/admin')] })
const hello = () => TestUpstream.start((_, response) => void response.end('hello'))

suite('what a policy targets that nobody here knows', () => {
  test('is answered 500, by a name of its own, in log, metrics and body; the rest is served', async () => {
    let asked = 0
    await using upstream = await TestUpstream.start((_, response) => {
      asked++
      response.end('hello')
    })
    const text = yamlOf(gateway(), shop, backend('up', [upstream.port]), policy(ofRoute('shop', 'admin')))
    await using proxy = await startGateway(text)
    assert.equal((await send(proxy.port(), { path: '/' })).body, 'hello')
    const closed = await send(proxy.port(), { path: '/admin' })
    assert.equal(closed.status, 500)
    assert.match(String(closed.body), /A policy or a filter that may protect the route is not in force/)
    await proxy.line(line => line['portcullis.failure'] === 'protection_missing')
    assert.match(proxy.metrics(), /portcullis_failures_total\{[^}]*failure="protection_missing"[^}]*\} 1/)
    assert.equal(asked, 1)
  })

  test('is all of a route where the section is misspelt, also by a policy of ours, until its name is right', async () => {
    await using upstream = await hello()
    const office = (...targetRefs: readonly object[]) => ({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'TrafficPolicy',
      metadata: { name: 'office' },
      spec: { targetRefs, addresses: { deny: ['127.0.0.0/8'] } },
    })
    const text = (one: object) => yamlOf(gateway(), shop, backend('up', [upstream.port]), one)
    await using proxy = await startGateway(text(office(ofRoute('shop', 'amdin'))))
    const statuses = async () => [
      (await send(proxy.port(), { path: '/' })).status,
      (await send(proxy.port(), { path: '/admin' })).status,
    ]
    assert.deepEqual(await statuses(), [500, 500])
    await proxy.reload(text(office(ofRoute('shop', 'admin'))))
    assert.deepEqual(await statuses(), [200, 403])
    await proxy.reload(text(policy(ofRoute('shop', 'amdin'))))
    assert.deepEqual(await statuses(), [500, 500])
    // A route that is not there yet is no mistake in the name of one that is.
    await proxy.reload(text(office(ofRoute('not-yet', 'admin'))))
    assert.deepEqual(await statuses(), [200, 200])
  })

  test('is what a policy of ours misses by one letter, where no other of its kind is for it', async () => {
    await using upstream = await hello()
    const office = (name: string, target: string, spec: object) => ({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'TrafficPolicy',
      metadata: { name },
      spec: { targetRefs: [ofRoute(target)], ...spec },
    })
    const deny = { addresses: { deny: ['192.0.2.0/24'] } }
    const text = (...policies: readonly object[]) =>
      yamlOf(gateway(), shop, backend('up', [upstream.port]), ...policies)
    await using proxy = await startGateway(text(office('a', 'shpo', deny)))
    const status = async () => (await send(proxy.port(), { path: '/' })).status
    assert.equal(await status(), 500)
    await proxy.reload(text(office('a', 'shpo', deny), office('b', 'shop', deny)))
    assert.equal(await status(), 200)
    // Without a policy that only says how answers are kept nothing is open to others.
    await proxy.reload(text(office('a', 'shpo', { localReplies: { maintenance: {} } })))
    assert.equal(await status(), 200)
    await proxy.reload(text(office('a', 'shpo', deny), office('b', 'shop', { cache: {} })))
    assert.equal(await status(), 500)
  })

  test('among other backends has its share answered so', async () => {
    await using upstream = await hello()
    const both = httpRoute('r', {
      rules: [{ backendRefs: [to('up', { weight: 1 }), to('closed', { weight: 1 })] }],
    })
    const backends = [backend('up', [upstream.port]), backend('closed', [upstream.port])]
    const target = { group: 'portcullis.dev', kind: 'Backend', name: 'closed' }
    await using proxy = await startGateway(yamlOf(gateway(), both, ...backends, policy(target)))
    const statuses = new Set<number>()
    // Each request chooses for itself: one that never came to the other would be no bad luck.
    for (let i = 0; i < 200 && statuses.size < 2; i++) statuses.add((await send(proxy.port())).status)
    assert.ok(statuses.has(200) && statuses.has(500) && statuses.size === 2)
    await proxy.line(line => line['portcullis.failure'] === 'protection_missing')
  })

  test('has its connections closed where it is a TLSRoute', async () => {
    const authority = await Authority.make()
    const own = await authority.issue({ names: ['a.example'], commonName: 'backend' })
    await using upstream = await SecureUpstream.start({ cert: own.chain, key: own.key })
    const listener = { name: 'tls', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } }
    const route = {
      apiVersion: `${GATEWAY_API}/v1`,
      kind: 'TLSRoute',
      metadata: { name: 'r' },
      spec: { parentRefs: [{ name: 'gw' }], hostnames: ['a.example'], rules: [{ backendRefs: [to('up')] }] },
    }
    const text = (closed: boolean) =>
      yamlOf(
        gateway([listener]),
        route,
        backend('up', [upstream.port]),
        ...(closed ? [policy({ group: GATEWAY_API, kind: 'TLSRoute', name: 'r' })] : []),
      )
    await using proxy = await startGateway(text(false))
    const ask = () => failureOf(proxy.port(443), 'a.example', { ca: authority.root })
    assert.equal(await ask(), 'none')
    await proxy.reload(text(true))
    assert.match(await ask(), /ECONNRESET/)
    await proxy.line(line => line['portcullis.failure'] === 'protection_missing')
  })
})

suite('portcullis with a policy that nobody here knows', () => {
  const files = (port: number, upstream: number) => ({
    'all.yaml': yamlOf(gateway([{ name: 'http', port }]), shop, backend('up', [upstream])),
    'keys.yaml': yamlOf(policy(ofRoute('shop'))),
  })

  test('check says what would be served without it, and run closes that until the policy is gone', async () => {
    await using upstream = await hello()
    const port = await freePort()
    using folder = new Folder(files(port, upstream.port))
    const checked = spawnSync(process.execPath, [main, 'check', folder.path], { encoding: 'utf8' })
    assert.equal(checked.status, 1)
    assert.match(
      checked.stdout,
      /keys\.yaml:\d+:\d+ SecurityPolicy\/keys spec\.targetRefs\[0\]: Enforced=False UnknownKind: .*HTTPRoute default\/shop, which it may protect, would be served without it/,
    )
    assert.doesNotMatch(checked.stdout, /Closed=True/)
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    assert.equal((await send(port)).status, 500)
    await run.event('resources.problem', line => /Enforced=False/.test(String(line['message'])))
    const status: unknown = await (await run.get('/status')).json()
    assert.match(
      JSON.stringify(status),
      /"kind":"HTTPRoute",[^}]*\},"type":"Closed","status":"True","reason":"ProtectionMissing"/,
    )
    // A file that cannot be read does not open what it closed.
    folder.write('keys.yaml', 'a: b: c')
    await run.event('resources.problem', line => /keys\.yaml:1/.test(String(line['message'])))
    assert.equal((await send(port)).status, 500)
    rmSync(join(folder.path, 'keys.yaml'))
    await run.event('resources.solved', line => /Enforced=False/.test(String(line['message'])))
    assert.equal((await send(port)).body, 'hello')
  })

  test('that does not say what kind it is either closes what it targets', async () => {
    await using upstream = await hello()
    const port = await freePort()
    for (const kind of [undefined, null]) {
      const nameless = yamlOf({ ...policy(ofRoute('shop')), kind })
      using folder = new Folder({ ...files(port, upstream.port), 'keys.yaml': nameless })
      await using run = await RunProcess.start([folder.path], '--workers', '1')
      await run.started()
      assert.equal((await send(port)).status, 500)
    }
  })

  for (const [how, args, env] of [
    ['by its name', ['--ignore-kind', 'SecurityPolicy'], {}],
    [
      'with its group, among others',
      ['--ignore-kind', 'A', '--ignore-kind', 'B.c,SecurityPolicy.gateway.envoyproxy.io'],
      {},
    ],
    ['by the environment', [], { PORTCULLIS_IGNORE_KIND: 'SecurityPolicy' }],
  ] as const)
    test(`--ignore-kind serves without it, ${how}`, async () => {
      await using upstream = await hello()
      using folder = new Folder(files(await freePort(), upstream.port))
      const command = [main, 'check', folder.path, ...args]
      const checked = spawnSync(process.execPath, command, {
        encoding: 'utf8',
        env: { ...process.env, ...env },
      })
      assert.equal(checked.status, 0, checked.stdout)
      assert.match(checked.stdout, /SecurityPolicy.* is ignored, as --ignore-kind says \(warning\)/)
    })

  test('--ignore-kind of another group serves nothing without it, and explain says why', async () => {
    await using upstream = await hello()
    const port = await freePort()
    using folder = new Folder(files(port, upstream.port))
    const command = [
      main,
      'explain',
      '--ignore-kind',
      'SecurityPolicy.example.org',
      'GET',
      `http://a.example:${port}/`,
      folder.path,
    ]
    const explained = spawnSync(process.execPath, command, { encoding: 'utf8' })
    assert.match(explained.stdout, /by the gateway: 500 protection_missing/)
    assert.match(explained.stderr, /SecurityPolicy\/keys/)
  })

  test('what is no kind is refused', () => {
    using folder = new Folder({ 'a.yaml': '' })
    writeFileSync(join(folder.path, 'a.yaml'), '')
    const command = [main, 'check', '--ignore-kind', 'Security Policy', folder.path]
    const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
    assert.equal(status, 2)
    assert.match(stderr, /--ignore-kind: "Security Policy" is no kind, expected KIND or KIND\.GROUP/)
  })
})

suite('what an annotation of another controller may protect', () => {
  const annotated = (name: string) => ({
    ...shop,
    metadata: { name: 'shop', annotations: { [name]: 'default-auth@kubernetescrd' } },
  })
  const middlewares = 'traefik.ingress.kubernetes.io/router.middlewares'

  test('is closed until it is gone, and said once', async () => {
    await using upstream = await hello()
    const port = await freePort()
    const text = (route: object) =>
      yamlOf(gateway([{ name: 'http', port }]), route, backend('up', [upstream.port]))
    await using served = await Served.start({ 'a.yaml': text(annotated(middlewares)) })
    assert.equal((await send(port)).status, 500)
    const lines = served.log.all.filter(line => JSON.stringify(line).includes(middlewares))
    assert.equal(lines.length, 1, JSON.stringify(lines))
    await served.change('a.yaml', text(shop))
    assert.equal((await send(port)).body, 'hello')
  })

  for (const ignored of [middlewares, 'traefik.ingress.kubernetes.io/*'])
    test(`is served where the operator gives --ignore-annotation ${ignored}`, async () => {
      await using upstream = await hello()
      const port = await freePort()
      const text = yamlOf(
        gateway([{ name: 'http', port }]),
        annotated(middlewares),
        backend('up', [upstream.port]),
      )
      using folder = new Folder({ 'a.yaml': text })
      await using run = await RunProcess.start([folder.path], '--workers=1', `--ignore-annotation=${ignored}`)
      await run.started()
      assert.equal((await send(port)).body, 'hello')
    })
})
