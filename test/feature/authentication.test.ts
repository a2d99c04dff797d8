import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { request } from 'node:https'
import { text as textOf } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { NodeState } from '../../src/shared/node-state.ts'
import { AuthService } from '../support/auth-service.ts'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { echoOf, seenBy, send, type Answer } from '../support/client.ts'
import {
  credentialRow,
  putCredential,
  putKey,
  putPeppers,
  putSigningKey,
  removeKey,
} from '../support/credentials.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { clientPolicy, externalAuthPolicy } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { sharedState } from '../support/shared-state.ts'
import { httpsListener } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'
import { wireClient } from '../support/wire-client.ts'

const GATEWAY = 'gateway.networking.k8s.io'

function policy(name: string, kind: string, target: string, spec: object): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'AuthenticationPolicy',
    metadata: { name },
    spec: { targetRefs: [{ group: GATEWAY, kind, name: target }], ...spec },
  }
}

const everywhere = {
  credentials: [
    {
      apiKey: {
        in: [{ header: 'X-Partner' }, { query: 'partner' }, { cookie: 'partner' }, { scheme: 'Bearer' }],
      },
    },
  ],
}

const site = (upstream: number, ...more: readonly object[]): string =>
  yamlOf(
    gateway(),
    httpRoute('r', {
      rules: [
        { name: 'open', matches: [prefix('/open')], backendRefs: [to('up')] },
        { name: 'all', backendRefs: [to('up')] },
      ],
    }),
    backend('up', [upstream]),
    ...more,
  )

/** A gateway in this process, whose tables the test fills. */
async function start(yaml: string): Promise<{ readonly running: TestGateway; readonly node: NodeState }> {
  const node = new NodeState()
  putPeppers(node.tables)
  return { running: await startGateway(yaml, { shared: sharedState(node) }), node }
}

const failureOf = ({ body }: Answer): string => String((JSON.parse(body) as { reason?: string }).reason)

suite('API keys on the wire', () => {
  for (const [what, headersOf, pathOf] of [
    ['a header', (key: string) => ({ 'x-PARTNER': key }), () => '/a?x=1'],
    ['Authorization', (key: string) => ({ Authorization: `Bearer ${key}` }), () => '/a?x=1'],
    ['a cookie', (key: string) => ({ Cookie: `a=1; partner=${key}` }), () => '/a?x=1'],
    ['the query', () => ({}), (key: string) => `/a?%70artner=${key}&x=1`],
  ] as const)
    test(`from ${what} says who asks, and reaches no backend, log or memory that is shown`, async () => {
      await using upstream = await TestUpstream.start()
      const { running, node } = await start(site(upstream.port, policy('p', 'HTTPRoute', 'r', everywhere)))
      await using _gateway = running
      const set = createLocalJWKSet(JSON.parse(putSigningKey(node.tables)) as JSONWebKeySet)
      const key = putKey(node.tables, { scopes: ['read'] })
      const [secret] = key.text.split('_').slice(3, 4)
      const answer = await send(running.port(), { path: pathOf(key.text), headers: headersOf(key.text) })
      assert.equal(answer.status, 200, answer.body)
      const { url } = echoOf(answer)
      assert.equal(url, '/a?x=1')
      assert.deepEqual(seenBy(answer, 'x-portcullis-principal'), [`key:${credentialRow().credential}`])
      assert.deepEqual(seenBy(answer, 'x-portcullis-scopes'), ['read'])
      assert.deepEqual(seenBy(answer, 'cookie'), what === 'a cookie' ? ['a=1'] : [])
      const [token = ''] = seenBy(answer, 'x-portcullis-identity')
      const { payload } = await jwtVerify(token, set, {
        issuer: 'portcullis',
        audience: 'httproute/default/r',
      })
      assert.equal(payload.sub, `key:${credentialRow().credential}`)
      // Wrong ones are logged like good ones.
      const wrong = `${key.text.slice(0, -1)}${key.text.endsWith('0') ? '1' : '0'}`
      assert.equal(
        (await send(running.port(), { path: pathOf(wrong), headers: headersOf(wrong) })).status,
        401,
      )
      const line = await running.line(one => one['portcullis.principal'] !== undefined)
      assert.equal(line['portcullis.principal'], `key:${credentialRow().credential}`)
      await running.line(
        one => one['portcullis.failure'] === 'api_key_malformed' || one['http.response.status_code'] === 401,
      )
      const { tables } = node.handle(7).handle
      const memories = tables.tables.map(({ rows }) => Buffer.from(rows).toString('latin1'))
      for (const text of [
        answer.body,
        JSON.stringify(running.lines),
        running.recentBytes.toString('latin1'),
        running.metrics(),
        ...memories,
      ])
        assert.ok(!text.includes(secret!), text.slice(0, 200))
    })

  test('of HTTP/2 are those of HTTP/1, in every place, and trailers carry none', async () => {
    await using upstream = await TestUpstream.start()
    const { running, node } = await start(site(upstream.port, policy('p', 'HTTPRoute', 'r', everywhere)))
    await using _gateway = running
    const { text } = putKey(node.tables)
    await using peer = wireClient('h2c', running.port())
    for (const [path, headers] of [
      ['/a', { 'x-partner': text }],
      [`/a?partner=${text}`, {}],
      ['/a', { cookie: `b=2; partner=${text}` }],
      ['/a', { authorization: `Bearer ${text}` }],
    ] as const) {
      const answer = await peer.send({ path, headers })
      assert.equal(answer.status, 200)
      assert.ok(!answer.body.toString().includes(text))
    }
    const posted = await peer.send({
      method: 'POST',
      headers: {},
      body: 'x',
      trailers: { 'x-partner': text },
    })
    assert.equal(posted.status, 401)
  })

  for (const [what, headersOf, status, failure] of [
    ['none', () => ({}), 401, 'authentication_required'],
    ['one that nobody has issued', () => ({ 'X-Partner': 'abc' }), 401, 'api_key_malformed'],
    [
      'two that differ',
      (one: string, two: string) => ({ 'X-Partner': one, Cookie: `partner=${two}` }),
      400,
      'credential_conflict',
    ],
    [
      'one that has expired',
      (_one: string, _two: string, old: string) => ({ 'X-Partner': old }),
      401,
      'api_key_expired',
    ],
  ] as const)
    test(`with ${what} the answer is ${failure}`, async () => {
      await using upstream = await TestUpstream.start()
      const { running, node } = await start(site(upstream.port, policy('p', 'HTTPRoute', 'r', everywhere)))
      await using _gateway = running
      const [one, two, old] = [{}, {}, { expiresMs: 1 }].map(more => putKey(node.tables, more).text)
      const answer = await send(running.port(), {
        path: '/a',
        headers: headersOf(one!, two!, old!) as Record<string, string>,
      })
      assert.deepEqual([answer.status, failureOf(answer)], [status, failure])
      assert.equal(answer.headers['content-type'], 'application/problem+json')
      if (status === 401)
        assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="default\/p"/)
      assert.equal(upstream.connections, 0)
    })

  test('a key that is revoked passes in no worker from then on', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using served = await Served.start({
      'site.yaml': yamlOf(
        gateway([{ name: 'http', port }]),
        httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        policy('p', 'HTTPRoute', 'r', { credentials: [{ apiKey: {} }] }),
      ),
    })
    const { tables } = served.workers
    putPeppers(tables)
    const [key, other] = [putKey(tables), putKey(tables, { credential: 'other' })]
    // As often as that some reach each of the two workers.
    const statuses = async (text: string): Promise<unknown> => {
      const asked = Array.from({ length: 12 }, () => send(port, { headers: { 'X-API-Key': text } }))
      return [...new Set((await Promise.all(asked)).map(({ status }) => status))]
    }
    assert.deepEqual([await statuses(key.text), await statuses(other.text)], [[200], [200]])
    removeKey(tables, key)
    assert.deepEqual([await statuses(key.text), await statuses(other.text)], [[401], [200]])
  })

  test('what an outer policy takes out an inner one still finds, and decisions of others are for one key', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start((_, response) =>
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(),
    )
    const { running, node } = await start(
      site(
        upstream.port,
        backend('auth', [service.port]),
        policy('outer', 'Gateway', 'gw', everywhere),
        policy('inner', 'HTTPRoute', 'r', everywhere),
        externalAuthPolicy({ cache: { maxAge: '1m' } }),
      ),
    )
    await using _gateway = running
    const [one, two] = [
      putKey(node.tables, { credential: 'one' }),
      putKey(node.tables, { credential: 'two' }),
    ]
    for (const { text } of [one, one, two])
      assert.equal((await send(running.port(), { path: `/a?partner=${text}` })).status, 200)
    assert.equal(service.asked.length, 2)
    for (const { url, raw } of service.asked)
      assert.ok(![url, ...raw].some(text => text.includes('pc_live')), url)
  })

  test('a field of the same name to some backends is taken out with it', async () => {
    await using upstream = await TestUpstream.start()
    const { running, node } = await start(
      site(
        upstream.port,
        policy('p', 'HTTPRoute', 'r', everywhere),
        clientPolicy({ headers: { underscores: 'allow' } }),
      ),
    )
    await using _gateway = running
    const { text } = putKey(node.tables)
    const answer = await send(running.port(), {
      headers: { 'X-Partner': text, X_Partner: text, x_partnes: 'x' },
    })
    assert.equal(answer.status, 200)
    assert.deepEqual([seenBy(answer, 'x_partner'), seenBy(answer, 'x_partnes')], [[], ['x']])
  })

  test('is asked of nobody where a policy says so, but a bad one never passes', async () => {
    await using upstream = await TestUpstream.start()
    const spec = {
      ...everywhere,
      anonymous: true,
      except: [{ paths: [{ type: 'PathPrefix', value: '/open' }] }],
    }
    const { running } = await start(site(upstream.port, policy('p', 'HTTPRoute', 'r', spec)))
    await using _gateway = running
    const nobody = await send(running.port(), { path: '/a' })
    assert.deepEqual([nobody.status, seenBy(nobody, 'x-portcullis-principal')], [200, ['anonymous']])
    assert.equal((await send(running.port(), { path: '/a', headers: { 'X-Partner': 'bad' } })).status, 401)
    // No convention of names would have told that this is a secret.
    assert.equal((await send(running.port(), { path: '/a?partner=hunter2&x=1' })).status, 401)
    const line = await running.line(({ 'url.query': query }) => query !== undefined)
    assert.equal(line['url.query'], 'partner=[redacted]&x=1')
    assert.ok(!running.recentBytes.toString('latin1').includes('hunter2'))
    const open = await send(running.port(), { path: '/open', headers: { 'X-Partner': 'bad' } })
    assert.deepEqual([open.status, seenBy(open, 'x-portcullis-principal')], [200, []])
  })
})

suite('client certificates', () => {
  test('say who asks by their subject, over HTTP/1 and HTTP/2', async () => {
    await using upstream = await TestUpstream.start()
    const authority = await Authority.make('clients')
    const server = await authority.issue({ names: ['a.example'] })
    const client = await authority.issue({ names: ['shop.example'] })
    const tls = httpsListener('secure', ['server'])
    const { running, node } = await start(
      yamlOf(
        {
          ...gateway([tls]),
          spec: {
            ...(gateway([tls]) as { spec: object }).spec,
            tls: {
              frontend: {
                default: {
                  validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] },
                },
              },
            },
          },
        },
        tlsSecret('server', server),
        caConfigMap('ca', authority.root),
        httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        policy('p', 'HTTPRoute', 'r', { credentials: [{ clientCertificate: {} }] }),
      ),
    )
    await using _gateway = running
    const trust = { ca: authority.root, servername: 'a.example', key: client.key, cert: client.chain }
    const byHttp1 = async (): Promise<readonly [number, string]> => {
      const call = request({
        host: '127.0.0.1',
        port: running.port(443),
        agent: false,
        headers: { Host: 'a.example' },
        ...trust,
      }).end()
      const response = await new Promise<IncomingMessage>((resolve, reject) =>
        call.on('response', resolve).on('error', reject),
      )
      return [response.statusCode!, await textOf(response)]
    }
    const byHttp2 = async (): Promise<readonly [number, string]> => {
      const session = connect(`https://127.0.0.1:${running.port(443)}`, trust)
      const stream = session.request({ ':authority': 'a.example', ':path': '/' })
      const status = new Promise<number>(resolve =>
        stream.on('response', head => resolve(Number(head[':status']))),
      )
      const body = await textOf(stream)
      session.close()
      return [await status, body]
    }
    for (const ask of [byHttp1, byHttp2]) {
      const [status, body] = await ask()
      assert.equal(status, 401, body)
      putCredential(node.tables, 'cert DNS:shop.example', { kind: 'certificate' })
      const [accepted, echo] = await ask()
      assert.equal(accepted, 200, echo)
      assert.match(echo, /cert:DNS:shop\.example/)
      node.tables.patch('management credentials', { remove: ['cert DNS:shop.example'] })
    }
  })
})
