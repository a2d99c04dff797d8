import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import type { IncomingMessage } from 'node:http'
import { Validator } from '@seriousme/openapi-schema-validator'
import { send, type Answer } from '../support/client.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, exact, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { TestUpstream } from '../support/upstream.ts'

// What everybody is told of published APIs: the catalog of a host, and documents with what the gateway adds.

const ours = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
})

const document = (openapi: string): object => ({
  openapi,
  info: { title: 'Pets', version: '1' },
  paths: {
    '/pets': {
      get: { operationId: 'list', responses: { 200: { description: 'ok' } } },
      post: { operationId: 'create', responses: { 201: { description: 'made' } } },
    },
  },
})

const api = (name: string, path: string, openapi: string, more: object = {}): object =>
  ours('API', name, {
    title: 'Pets',
    version: name,
    basePath: path,
    routeRefs: [{ name: 'r', sectionName: name }],
    openapi: { document: document(openapi) },
    ...more,
  })

const farewell = {
  lifecycle: 'Deprecated',
  deprecation: { since: '2026-11-01', sunset: '2027-05-01', successor: 'v2' },
}

const site = (port: number, upstream: number, more: readonly object[] = []): string =>
  yamlOf(
    gateway([{ name: 'http', port }]),
    backend('up', [upstream]),
    httpRoute('r', {
      hostnames: ['a.example'],
      rules: ['v1', 'v2'].map(name => ({
        name,
        matches: [prefix(`/${name}`)],
        backendRefs: [to('up')],
      })),
    }),
    httpRoute('b', {
      hostnames: ['b.example'],
      rules: [{ matches: [prefix('/')], backendRefs: [to('up')] }],
    }),
    api('v1', '/v1', '3.0.3', farewell),
    api('v2', '/v2', '3.1.0'),
    ours('Plan', 'free', { limits: [{ name: 'burst', kind: 'Rate', amount: 5, per: 'Second' }] }),
    ours('Product', 'pets', {
      apis: [{ name: 'v1' }, { name: 'v2', operations: ['list'] }],
      plans: [{ name: 'free' }],
    }),
    ...more,
  )

interface OpenApi {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<
    Record<string, Record<string, { deprecated?: boolean; responses: Record<string, unknown> }>>
  >
}

async function validated({ body }: Pick<Answer, 'body'>): Promise<OpenApi> {
  const read = JSON.parse(body) as OpenApi
  const { valid, errors } = await new Validator().validate(JSON.parse(body) as Record<string, unknown>)
  assert.ok(valid, JSON.stringify(errors))
  return read
}

suite('what is published', () => {
  test('is in the catalog of its hosts, versions side by side, for whoever asks', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('backend'))
    const port = await freePort()
    await using served = await Served.start({ 'site.yaml': site(port, upstream.port) })
    const path = '/.well-known/api-catalog'
    const answer = await send(port, { path, headers: { Origin: 'https://page.example' } })
    assert.equal(answer.status, 200)
    assert.match(String(answer.headers['content-type']), /^application\/linkset\+json; profile=/)
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.deepEqual(JSON.parse(answer.body), {
      linkset: [
        {
          anchor: `http://a.example${path}`,
          item: [
            {
              href: 'http://a.example/v1',
              title: 'Pets',
              version: ['v1'],
              deprecation: ['2026-11-01T00:00:00.000Z'],
              sunset: ['2027-05-01T00:00:00.000Z'],
            },
            { href: 'http://a.example/v2', title: 'Pets', version: ['v2'] },
          ],
        },
        {
          anchor: 'http://a.example/v1',
          'service-desc': [{ href: 'http://a.example/v1/openapi.json', type: 'application/json' }],
          'successor-version': [{ href: 'http://a.example/v2' }],
        },
        {
          anchor: 'http://a.example/v2',
          'service-desc': [{ href: 'http://a.example/v2/openapi.json', type: 'application/json' }],
          'predecessor-version': [{ href: 'http://a.example/v1' }],
        },
      ],
    })
    const head = await send(port, { path, method: 'HEAD' })
    assert.equal(head.status, 200)
    assert.equal(head.body, '')
    assert.equal(head.headers['link'], `<${path}>; rel="api-catalog"`)
    assert.equal(head.headers['content-length'], String(Buffer.byteLength(answer.body)))
    const again = await send(port, { path, headers: { 'If-None-Match': String(answer.headers['etag']) } })
    assert.equal(again.status, 304)
    // Nothing is published there, and other methods are none of its business.
    assert.equal((await send(port, { path, host: 'b.example' })).body, 'backend')
    assert.equal((await send(port, { path, method: 'POST' })).status, 404)
    assert.ok(served)
  })

  test('leaves alone what a route names, and what the document itself has', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('backend'))
    const port = await freePort()
    const own = httpRoute('own', {
      hostnames: ['a.example'],
      rules: [
        {
          matches: [exact('/.well-known/api-catalog'), exact('/v1/openapi.json')],
          backendRefs: [to('up')],
        },
      ],
    })
    await using served = await Served.start({ 'site.yaml': site(port, upstream.port, [own]) })
    for (const path of ['/.well-known/api-catalog', '/v1/openapi.json'])
      assert.equal((await send(port, { path })).body, 'backend')
    assert.equal((await send(port, { path: '/v2/openapi.json' })).status, 200)
    assert.ok(served)
  })

  test('has documents that say what the gateway asks for, limits and answers', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('backend'))
    const port = await freePort()
    const written = site(port, upstream.port)
    await using served = await Served.start({ 'site.yaml': written })
    const old = await validated(await send(port, { path: '/v1/openapi.json' }))
    assert.equal(old.openapi, '3.0.3')
    assert.deepEqual(old.servers, [{ url: 'http://a.example/v1' }])
    assert.equal(old.paths['/pets']?.['post']?.deprecated, true)
    assert.deepEqual(Object.keys(old.paths['/pets']?.['get']?.responses ?? {}), [
      '200',
      '401',
      '403',
      '410',
      '429',
    ])
    const current = await validated(await send(port, { path: '/v2/openapi.json' }))
    assert.equal(current.openapi, '3.1.0')
    // The product has one of its operations.
    assert.deepEqual(Object.keys(current.paths['/pets'] ?? {}), ['get'])
    await served.change('site.yaml', written.replaceAll('"openapi":{', '"openapi":{"servedAt":"",'))
    // As any path of the API, without a key.
    assert.equal((await send(port, { path: '/v2/openapi.json' })).status, 401)
  })

  test('is told by the Admin API for all hosts', async () => {
    const port = await freePort()
    using folder = new Folder({ 'site.yaml': site(port, 9) })
    const data = join(folder.path, 'state')
    await using run = await RunProcess.start(
      [join(folder.path, 'site.yaml')],
      '--data',
      data,
      '--workers',
      '1',
    )
    await run.started()
    const get = async (path: string): Promise<{ type: unknown; body: string }> => {
      const socketPath = join(data, 'run', 'admin.sock')
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request({ socketPath, path, headers: { host: 'a' } }, resolve)
          .on('error', reject)
          .end()
      })
      return { type: response.headers['content-type'], body: await text(response) }
    }
    const catalog = await get('/v1/api-catalog')
    assert.match(String(catalog.type), /^application\/linkset\+json/)
    const { linkset } = JSON.parse(catalog.body) as { linkset: { anchor: string }[] }
    const origin = `http://a.example:${port}`
    assert.deepEqual(
      linkset.map(({ anchor }) => anchor),
      ['/v1/api-catalog', `${origin}/v1`, `${origin}/v2`],
    )
    const { servers } = await validated(await get('/v1/apis/default/v2/openapi'))
    assert.deepEqual(servers, [{ url: `${origin}/v2` }])
  })
})
