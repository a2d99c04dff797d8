import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { Folder, freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { TestUpstream } from '../support/upstream.ts'

const ours = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
})

const document = {
  openapi: '3.1.0',
  info: { title: 'Petstore', version: '1' },
  paths: { '/pets': { get: { operationId: 'listPets' } }, '/pets/{id}': { get: { operationId: 'getPet' } } },
}

const site = (port: number, upstream: number): string =>
  yamlOf(
    gateway([{ name: 'http', port }]),
    backend('up', [upstream]),
    httpRoute('shop', {
      rules: ['pets', 'old', 'gone', 'draft', 'free'].map(name => ({
        name,
        matches: [prefix(`/${name}`)],
        backendRefs: [to('up')],
      })),
    }),
  )

const of = (sectionName: string) => ({ routeRefs: [{ name: 'shop', sectionName }] })
const deprecation = {
  since: '2026-11-01',
  sunset: '2027-05-01',
  successor: 'pets',
  documentation: 'https://d.example/',
}
const apis = yamlOf(
  ours('API', 'pets', { ...of('pets'), basePath: '/pets', openapi: { document } }),
  ours('API', 'old', { ...of('old'), lifecycle: 'Deprecated', deprecation }),
  ours('API', 'gone', { ...of('gone'), lifecycle: 'Retired', deprecation }),
  ours('API', 'draft', { ...of('draft'), lifecycle: 'Draft' }),
)
const plan = yamlOf(
  ours('Plan', 'free', { limits: [{ name: 'burst', kind: 'Rate', amount: 5, per: 'Second' }] }),
)
const product = (plans: readonly string[] = ['free']): string =>
  yamlOf(ours('Product', 'pets', { apis: [{ name: 'pets' }], plans: plans.map(name => ({ name })) }))

const both = [plan, product()].join('\n---\n')

suite('an API', () => {
  test('is where it is in its life, and says so', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    await using _served = await Served.start({ 'site.yaml': site(port, upstream.port), 'apis.yaml': apis })
    const old = await send(port, { path: '/old/x' })
    assert.equal(old.status, 200)
    assert.equal(old.headers['deprecation'], '@1793491200')
    assert.equal(old.headers['sunset'], 'Sat, 01 May 2027 00:00:00 GMT')
    assert.equal(
      old.headers['link'],
      '</pets>; rel="successor-version", <https://d.example/>; rel="deprecation", <https://d.example/>; rel="sunset"',
    )
    const gone = await send(port, { path: '/gone' })
    assert.equal(gone.status, 410)
    assert.match(gone.body, /api_retired|no longer served/)
    assert.match(String(gone.headers['link']), /^<\/pets>; rel="successor-version"/)
    const draft = await send(port, { path: '/draft' })
    assert.equal(draft.status, 404)
    const free = await send(port, { path: '/free' })
    assert.deepEqual([free.status, free.headers['deprecation']], [200, undefined])
  })

  test('is protected by a Product that has it, from the moment that it is there, and no other route is', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    await using served = await Served.start({ 'site.yaml': site(port, upstream.port), 'apis.yaml': apis })
    const status = async (path: string): Promise<number> => (await send(port, { path })).status
    assert.equal(await status('/pets/pets'), 200)
    await served.change('product.yaml', both)
    assert.deepEqual([await status('/pets/pets'), await status('/free')], [401, 200])
    assert.equal((await send(port, { path: '/pets/pets' })).headers['www-authenticate'] !== undefined, true)
    // The same with what the document does not have.
    assert.equal(await status('/pets/other'), 401)
    // A change that breaks it leaves it as it was: there is a last good version.
    await served.change('product.yaml', both.replace('"plans"', '"plan"'))
    assert.equal(await status('/pets/pets'), 401)
    // One whose plan is not there is in order by itself, and nobody could say how much is allowed.
    await served.change('product.yaml', product(['free']))
    assert.deepEqual([await status('/pets/pets'), await status('/free')], [500, 200])
    await served.change('product.yaml', '')
    assert.equal(await status('/pets/pets'), 200)
  })

  test('is closed where it was renamed and its Product was not, and no other route is, until the Product is mended', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    await using served = await Served.start({
      'site.yaml': site(port, upstream.port),
      'apis.yaml': yamlOf(ours('API', 'pets', of('pets'))),
      'product.yaml': both,
    })
    const statuses = async () => [
      (await send(port, { path: '/pets' })).status,
      (await send(port, { path: '/free' })).status,
    ]
    assert.deepEqual(await statuses(), [401, 200])
    await served.change('apis.yaml', yamlOf(ours('API', 'animals', of('pets'))))
    assert.deepEqual(await statuses(), [500, 200])
    const check = await portcullis(['check', served.folder.path])
    assert.equal(check.code, 1)
    assert.match(
      check.stdout,
      /Product\/pets spec\.apis\[0\].*TargetNotFound: API default\/pets does not exist/,
    )
    assert.match(check.stdout, /API\/animals .*Product default\/pets .*closed: answered 500/)
    const explained = await portcullis(['explain', 'GET', `http://a:${port}/pets`, served.folder.path])
    assert.match(explained.stdout, /protection_missing/)
    const named = ours('Product', 'pets', { apis: [{ name: 'animals' }], plans: [{ name: 'free' }] })
    await served.change('product.yaml', [plan, yamlOf(named)].join('\n---\n'))
    assert.deepEqual(await statuses(), [401, 200])
  })

  test('is closed where it is broken from the start, and what it does not name is served', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    const broken = apis.replace('getPet', 'listPets')
    assert.notEqual(broken, apis)
    await using _served = await Served.start({ 'site.yaml': site(port, upstream.port), 'apis.yaml': broken })
    const status = async (path: string): Promise<number> => (await send(port, { path })).status
    assert.deepEqual(
      [await status('/pets/pets'), await status('/old'), await status('/free')],
      [500, 200, 200],
    )
  })
})

test('check and explain say the same as run does', async () => {
  using folder = new Folder({
    'site.yaml': site(80, 9000),
    'apis.yaml': apis,
    'product.yaml': both,
  })
  const check = await portcullis(['check', folder.path])
  assert.equal(check.code, 0, check.stdout)
  const explained = await portcullis(['explain', 'GET', 'http://a/pets/pets/7', folder.path])
  assert.match(explained.stdout, /filter +api, management: default\/pets v1, 2 operations/)
  assert.match(explained.stdout, /operation.*getPet/)
  assert.match(explained.stdout, /API key in header X-API-Key/)
  const retired = await portcullis(['explain', 'GET', 'http://a/gone', folder.path])
  assert.match(retired.stdout, /410/)
  using closed = new Folder({ 'site.yaml': site(80, 9000), 'apis.yaml': apis, 'product.yaml': product() })
  const bad = await portcullis(['check', closed.path])
  assert.equal(bad.code, 1)
  assert.match(bad.stdout, /Product\/pets spec\.plans\[0\].*PlanNotFound: Plan default\/free does not exist/)
  const why = await portcullis(['explain', 'GET', 'http://a/pets/pets', closed.path])
  assert.match(why.stdout, /protection_missing/)
})
