// An API of a composition: its document and its operations are those of the code that serves, with keys and plans.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { composedYaml } from '../support/composed-yaml.ts'
import { LibraryServer } from '../support/library-server.ts'
import { ours, Published } from '../support/published.ts'
import { TestUpstream } from '../support/upstream.ts'

/** `more` are routes; `r.get('/me/{id}')` is always there. */
const bundle = (more: string): string => `
import { Type as T } from 'typebox'
import { defineGateway, grpc, http, registryOfProtos } from 'portcullis/composition'

const descriptors = registryOfProtos(['library.proto'], [import.meta.dirname])
const text = { out: T.String(), run: async () => 'well' }

export const gateway = defineGateway({
  title: 'Shop',
  backends: {
    users: http({ url: 'http://users' }),
    library: grpc(descriptors.getService('library.Library')!, { url: 'h2c://library' }),
  },
  routes: r => [
    r.get('/me/{id}', {
      operationId: 'getMe',
      out: T.Object({ name: T.String() }),
      run: async ({ c, params }) => ({ name: await c.users.get(\`/users/\${params.id}\`).then(o => o.text()) }),
    }),
    ${more}
    r.transcode('library', { descriptors }),
  ],
})
`

const files = `r.get('/files/{rest=**}', { ...text, operationId: 'getFile' }),`
const secret = `r.get('/secret', { ...text, operationId: 'getSecret' }),`

const composition = (name: string): string => `{ group: portcullis.dev, kind: Composition, name: ${name} }`

const aggregate = `{ aggregate: { backends: { users: {} }, routes: [
  { path: '/agg/{id}', operationId: getAggregate, parts: { user: { backend: users, path: '/users/{params.id}', required: false } } } ] } }`

/** Route \`all\` with a rule for each composition, an API for each. */
const site =
  (users: number, library: number) =>
  (port: number): string =>
    composedYaml({
      port,
      paths: {},
      specs: { shop: '{ bundle: ./shop.gateway.ts }', agg: aggregate, bad: '{ bundle: ./bad.gateway.ts }' },
      backends: { users, library },
    }).replace(
      '  rules:\n',
      `  rules:
    - { name: shop, backendRefs: [${composition('shop')}] }
    - { name: agg, matches: [{ path: { value: /agg } }], backendRefs: [${composition('agg')}] }
    - { name: bad, matches: [{ path: { value: /bad } }], backendRefs: [${composition('bad')}] }
`,
    )

const api = (name: string, servedAt = `/${name}.json`): object =>
  ours('API', name, {
    routeRefs: [{ name: 'all', sectionName: name }],
    openapi: { compositionRef: {}, servedAt },
  })

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>
}

const operationsIn = ({ paths }: Document): readonly string[] =>
  Object.values(paths)
    .flatMap(item => Object.values(item).map(({ operationId }) => operationId))
    .toSorted()

class Shop implements AsyncDisposable {
  readonly published: Published
  readonly key: string
  private readonly peers: readonly AsyncDisposable[]

  private constructor(published: Published, key: string, peers: readonly AsyncDisposable[]) {
    this.published = published
    this.key = key
    this.peers = peers
  }

  static async start(): Promise<Shop> {
    const users = await TestUpstream.start((request, response) => void response.end(request.url))
    const library = await LibraryServer.start({
      GetBook: ({ request }, answer) => answer(null, { name: request['name'] ?? '' }),
    })
    const published = await Published.start(users.port, {
      limits: [
        { name: 'all', kind: 'Quota', amount: 1_000_000, per: 'Year' },
        { name: 'books', kind: 'Quota', amount: 2, per: 'Year', operations: ['Library_GetBook'] },
      ],
      site: site(users.port, Number(new URL(library.url).port)),
      files: {
        'shop.gateway.ts': bundle(files + secret),
        'bad.gateway.ts': 'export const gateway = = 1\n',
        'library.proto': readFileSync(new URL('../support/library.proto', import.meta.url), 'utf8'),
      },
      product: {
        visibility: 'Public',
        apis: [
          { name: 'shop', operations: ['getMe', 'getFile', 'getNew', 'Library_GetBook'] },
          { name: 'agg' },
          { name: 'bad' },
        ],
      },
      more: [api('shop', '/openapi.json'), api('agg'), api('bad')],
    })
    try {
      for (const name of ['shop', 'agg'])
        await published.process.event(
          'composition.serving',
          line => line['composition'] === `default/${name}`,
        )
      const { key } = await published.subscriber('app')
      return new Shop(published, key, [users, library])
    } catch (error) {
      await published[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Status, and the reason of a problem. */
  async asked(
    method: string,
    path: string,
    body = '',
    headers: Record<string, string> = {},
  ): Promise<string> {
    const answer = await send(this.published.port, {
      method,
      path,
      headers: { 'X-API-Key': this.key, ...headers },
      body,
    })
    const { reason } = (answer.status < 400 ? {} : JSON.parse(answer.body)) as { reason?: string }
    return reason === undefined ? String(answer.status) : `${answer.status} ${reason}`
  }

  /** What takes over does so within seconds. */
  async until(path: string, expected: string): Promise<void> {
    while ((await this.asked('GET', path)) !== expected) await new Promise(resolve => setTimeout(resolve, 50))
  }

  async document(path: string): Promise<Document> {
    const { status, body } = await send(this.published.port, { path })
    assert.equal(status, 200, body)
    return JSON.parse(body) as Document
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.published[Symbol.asyncDispose]()
    for (const peer of this.peers) await peer[Symbol.asyncDispose]()
  }
}

suite('the API of a composition', () => {
  test('its routes are operations of products and plans, whatever protocol calls them', async () => {
    await using shop = await Shop.start()
    assert.equal((await send(shop.published.port, { path: '/me/7' })).status, 401)
    for (const [method, path, expected] of [
      ['GET', '/me/7', '200'],
      ['HEAD', '/me/7', '200'],
      // What is left of a path is one operation, as the composition has it.
      ['GET', '/files/a/b%2Fc/d', '200'],
      ['GET', '/secret', '403 operation_not_in_product'],
      ['GET', '/nowhere', '403 operation_not_in_product'],
      ['GET', '/v1/books/x', '403 operation_not_in_product'],
      ['GET', '/agg/7', '200'],
    ] as const)
      assert.equal(await shop.asked(method, path), expected, `${method} ${path}`)
    // Connect calls the operation that REST calls: neither is a way around its limit.
    assert.equal(await shop.asked('GET', '/v1/shelves/a/books/b'), '200')
    const connect = () =>
      shop.asked('POST', '/library.Library/GetBook', '{"name":"x"}', { 'content-type': 'application/json' })
    assert.equal(await connect(), '200')
    assert.equal(await connect(), '429 plan_quota_exceeded')
    assert.equal(await shop.asked('GET', '/v1/shelves/a/books/b'), '429 plan_quota_exceeded')

    const document = await shop.document('/openapi.json')
    assert.deepEqual(operationsIn(document), ['Library_GetBook', 'getFile', 'getMe'])
    const told = await shop.published.ask('GET', '/apis/default/agg/openapi')
    assert.deepEqual(operationsIn(told.body as unknown as Document), ['getAggregate'])
    const { body: catalog } = await send(shop.published.port, { path: '/.well-known/api-catalog' })
    assert.match(catalog, /"title":"shop"/)

    // What cannot be loaded has no operations that anybody could tell, and is closed until it can.
    assert.equal(await shop.asked('GET', '/bad'), '500 protection_missing')
    const problems = await shop.published.ask('GET', '/problems')
    assert.match(problems.text, /Composition default\/bad cannot be loaded/)
    const checked = await portcullis(['check', shop.published.files.path])
    assert.equal(checked.code, 1)
    assert.match(checked.stdout + checked.stderr, /bad\.gateway\.ts:1:\d+: /)
    const explained = await portcullis([
      'explain',
      'GET',
      `http://localhost:${shop.published.port}/files/a/b`,
      shop.published.files.path,
    ])
    assert.match(explained.stdout, /operation\W+getFile/)
    shop.published.files.write('bad.gateway.ts', bundle(`r.get('/bad', { ...text, operationId: 'wasBad' }),`))
    await shop.until('/bad', '200')
  })

  test('new code has its operations at once with its threads, and what cannot be loaded changes nothing', async () => {
    await using shop = await Shop.start()
    let isOver = false
    const answers = new Set<string>()
    const load = Array.from({ length: 4 }, async () => {
      while (!isOver) for (const path of ['/me/7', '/files/a']) answers.add(await shop.asked('GET', path))
    })
    try {
      await swapped(shop)
    } finally {
      isOver = true
      await Promise.all(load)
    }
    assert.deepEqual([...answers], ['200'])
  })
})

async function swapped(shop: Shop): Promise<void> {
  assert.equal(await shop.asked('GET', '/new'), '403 operation_not_in_product')
  shop.published.files.write(
    'shop.gateway.ts',
    bundle(`${files} r.get('/new', { ...text, operationId: 'getNew' }),`),
  )
  await shop.until('/new', '200')
  const names = operationsIn(await shop.document('/openapi.json'))
  assert.deepEqual(names, ['Library_GetBook', 'getFile', 'getMe', 'getNew'])
  shop.published.files.write('shop.gateway.ts', bundle('r.get(/'))
  await shop.published.process.event('composition.refused', line => line['composition'] === 'default/shop')
  assert.deepEqual(operationsIn(await shop.document('/openapi.json')), names)
  assert.equal(await shop.asked('GET', '/new'), '200')
}
