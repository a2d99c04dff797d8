// Aggregates behind HTTPRoutes: the real gateway, what it answers of two backends, and how a declaration takes over.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composedYaml, untilAnswered } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { TestUpstream } from '../support/upstream.ts'
import { wireClient } from '../support/wire-client.ts'

const homeYaml = (allow: string) => `
apiVersion: portcullis.dev/v1alpha1
kind: Composition
metadata: { name: home }
spec:
  aggregate:
    backends: { users: {}, offers: {} }
    routes:
      - path: /me/{id}
        query: { limit: { type: integer, default: 2 } }
        parts:
          user: { backend: users, path: '/users/{params.id}', allow: ${allow}, merge: true }
          orders: { backend: users, path: '/users/{params.id}/orders', query: { limit: '{query.limit}' }, pick: items, allow: [id] }
          offer: { backend: offers, path: '/tiers/{parts.user.tier}', required: false }
`

const start = (answers: Readonly<Record<string, unknown>>) =>
  TestUpstream.start((request, response) => {
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? {}))
  })

test('an aggregate answers of its backends, says what is missing, and is declared anew', async () => {
  await using users = await start({
    '/users/7': { name: 'Ada', tier: 'gold', secret: 'x' },
    '/users/7/orders?limit=2': { items: [{ id: 'o1', margin: 1 }, { id: 'o2' }] },
    '/users/8': { name: 'Bob', tier: 'none', secret: 'x' },
    '/users/8/orders?limit=1': { items: [] },
  })
  await using offers = await start({ '/tiers/gold': { title: 'Books' } })
  const port = await freePort()
  using folder = new Folder({
    'gw.yaml': composedYaml({
      port,
      paths: { '/': 'home' },
      backends: { users: users.port, offers: offers.port },
    }),
    'home.yaml': homeYaml('[name]'),
  })
  await using run = await RunProcess.start([folder.path], '--workers', '1')
  await run.started()

  for (const wire of ['h1', 'h2c'] as const) {
    await using client = wireClient(wire, port)
    const ask = async (path: string) => {
      const { status, headers, body } = await client.send({ path })
      return [status, headers['x-portcullis-partial'], JSON.parse(body.toString())] as const
    }
    assert.deepEqual(await ask('/me/7'), [
      200,
      undefined,
      { name: 'Ada', orders: [{ id: 'o1' }, { id: 'o2' }], offer: { title: 'Books' } },
    ])
    assert.deepEqual(await ask('/me/8?limit=1'), [200, 'offer', { name: 'Bob', orders: [] }])
    assert.equal((await ask('/me/9'))[0], 502)
    assert.equal((await ask('/me/7?limit=x'))[0], 400)
    assert.equal((await ask('/me/..%2fadmin'))[0], 400)
  }

  folder.write('home.yaml', homeYaml('[name, tier]'))
  await untilAnswered(
    `http://127.0.0.1:${port}/me/7`,
    answer => (answer as { readonly tier?: string }).tier === 'gold',
  )
  assert.equal(await run.stop(), 0)
})
