import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { hashSync } from 'bcryptjs'
import { seenBy, send, type Answer } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { clientPolicy } from '../support/policies.ts'
import { yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { ofGateway, ofRoute, site, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

const SHA1 = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
const APR1 = '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'

const secret = (stringData: object, more: object = {}): string =>
  yamlOf({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'users' }, stringData, ...more })

const office = (more: object = {}, spec: object = {}): string =>
  yamlOf(trafficPolicy('office', ofRoute, { basicAuth: { secretRef: { name: 'users' }, ...more }, ...spec }))

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

const as = (port: number, user: string, headers: Record<string, string> = {}): Promise<Answer> =>
  send(port, { path: '/r', headers: { ...headers, ...(user === '' ? {} : { Authorization: basic(user) }) } })

/** As often as that some reach each of the two workers. */
async function eachOf(one: () => Promise<Answer>): Promise<Set<number>> {
  const answers = await Promise.all(Array.from({ length: 12 }, one))
  return new Set(answers.map(({ status }) => status))
}

suite('basic authentication', () => {
  for (const [what, stringData, more] of [
    ['ingress-nginx', { auth: `ada:${APR1}\n` }, {}],
    ['Traefik', { users: `bob:${SHA1}\nada:${hashSync('secret', 4)}` }, {}],
    ['Envoy Gateway', { '.htpasswd': `ada:${SHA1}` }, {}],
    ['Kubernetes', { username: 'ada', password: 'secret' }, { type: 'kubernetes.io/basic-auth' }],
  ] as const)
    test(`takes a Secret as ${what} has it`, async () => {
      await using upstream = await TestUpstream.start()
      const port = await freePort()
      await using _served = await Served.start({
        'site.yaml': site([port], upstream.port),
        'office.yaml': office({ realm: 'Office' }),
        'users.yaml': secret(stringData, more),
      })
      const nobody = await as(port, '')
      assert.equal(nobody.status, 401)
      assert.equal(nobody.headers['www-authenticate'], 'Basic realm="Office", charset="UTF-8"')
      assert.match(nobody.body, /authentication_required/)
      assert.deepEqual(await eachOf(() => as(port, 'ada:secret')), new Set([200]))
      assert.deepEqual(await eachOf(() => as(port, 'ada:Secret')), new Set([401]))
      assert.equal((await as(port, 'eve:secret')).status, 401)
      assert.equal((await as(port, ':like:secret')).status, 401)
    })

  test('tells the backend who it is, and lets nobody pretend', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    const except = [{ methods: ['OPTIONS'] }]
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'office.yaml': office({ userHeader: 'X-User', forwardCredentials: false }, { except }),
      'users.yaml': secret({ auth: `ada:${SHA1}` }),
      // Then some backends take X_User for X-User.
      'clients.yaml': yamlOf(clientPolicy({ headers: { underscores: 'allow' } })),
    })
    const headers = { 'X-User': 'root', X_User: 'root' }
    const answer = await as(port, 'ada:secret', headers)
    assert.deepEqual([seenBy(answer, 'x-user'), seenBy(answer, 'authorization')], [['ada'], []])
    const excepted = await send(port, { method: 'OPTIONS', path: '/r', headers })
    assert.equal(excepted.status, 200)
    assert.deepEqual(seenBy(excepted, 'x-user'), [])
    for (const one of [answer, excepted]) assert.deepEqual(seenBy(one, 'x_user'), [])
  })

  test('a changed password counts at once, for all workers and without another snapshot; a Secret that is gone closes', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'office.yaml': office(),
      'users.yaml': secret({ auth: `ada:${hashSync('secret', 4)}` }),
    })
    assert.deepEqual(await eachOf(() => as(port, 'ada:secret')), new Set([200]))
    const { version } = served.controller.status
    await served.change('users.yaml', secret({ auth: `ada:${hashSync('other', 4)}` }))
    assert.equal(served.controller.status.version, version)
    assert.deepEqual(await eachOf(() => as(port, 'ada:secret')), new Set([401]))
    assert.deepEqual(await eachOf(() => as(port, 'ada:other')), new Set([200]))
    await served.change('users.yaml', '')
    const closed = await as(port, 'ada:other')
    assert.equal(closed.status, 500)
    assert.match(closed.body, /protection_missing/)
  })

  test('of a Gateway and of a route both want theirs', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'far.yaml': yamlOf(
        trafficPolicy('far', ofGateway, {
          basicAuth: { secretRef: { name: 'far' }, forwardCredentials: false },
        }),
      ),
      'office.yaml': office(),
      'users.yaml': secret({ auth: `ada:${SHA1}` }),
      'others.yaml': secret({ auth: `ada:${SHA1}\nbob:${SHA1}` }, { metadata: { name: 'far' } }),
    })
    assert.equal((await as(port, 'ada:secret')).status, 200)
    assert.equal((await as(port, 'bob:secret')).status, 401)
    assert.equal((await send(port, { path: '/nowhere' })).status, 401)
    assert.equal(
      (await send(port, { path: '/nowhere', headers: { Authorization: basic('bob:secret') } })).status,
      404,
    )
  })

  test('one who guesses passwords holds up nobody who needs none, and nobody who knows his', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'office.yaml': office({}, { except: [{ methods: ['OPTIONS'] }] }),
      'users.yaml': secret({ auth: `ada:${hashSync('secret', 10)}` }),
    })
    const guess = (i: number): Promise<Answer> =>
      as(port, `ada:guess ${i}`, { 'X-Forwarded-For': '203.0.113.66' })
    let pending = 100
    const guesses = Array.from({ length: 100 }, (_, i) => guess(i).finally(() => pending--))
    const neighbour = await as(port, 'ada:secret', { 'X-Forwarded-For': '192.0.2.1' })
    const open = await send(port, { method: 'OPTIONS', path: '/r' })
    assert.deepEqual([neighbour.status, open.status], [200, 200])
    assert.ok(pending > 0, 'the guesses were all answered before')
    const statuses = new Set((await Promise.all(guesses)).map(({ status }) => status))
    assert.ok(statuses.isSubsetOf(new Set([401, 503])), [...statuses].join())
  })
})
