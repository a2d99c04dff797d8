// What explain and check say of compositions, of which nothing runs.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { kinds, roles } from '../../src/cli/roles.ts'
import { judge, verdictText } from '../../src/cli/check/verdict.ts'
import { ruleTypes } from '../../src/cli/rule-types.ts'
import { FileSource } from '../../src/control/files/file-source.ts'
import { discoverAll, translateAll } from '../../src/translation/role.ts'
import type { Translation } from '../../src/snapshot/merge.ts'
import { explainRequest } from '../../src/admin/explain/explanation.ts'
import { explanationJson } from '../../src/admin/explain/json.ts'
import { explanationText } from '../../src/admin/explain/text.ts'
import { composedYaml } from '../support/composed-yaml.ts'

const yaml = `${composedYaml({
  port: 8080,
  paths: { '/': 'shop', '/broken': 'broken' },
  specs: { broken: '{ bundle: ./nowhere.gateway.ts }' },
  backends: { users: 9000 },
})}---
apiVersion: portcullis.dev/v1alpha1
kind: Composition
metadata: { name: shop }
spec:
  threads: 3
  aggregate:
    title: Shop
    version: '1'
    backends:
      users: { url: http://users, timeout: 800ms }
      offers: { url: 'http://10.0.0.1:81' }
    routes:
      - path: /me/{id}
        parts:
          user: { backend: users, path: '/users/{params.id}' }
      - path: /me/best
        parts:
          offer: { backend: offers, path: /best }
`

async function translated(text = yaml): Promise<Translation> {
  const { resources } = new FileSource([], kinds, { texts: [{ name: 'shop.yaml', text }] }).load()
  return translateAll(roles, resources, { facts: await discoverAll(roles, resources) })
}

suite('a composition, of which nothing runs', () => {
  for (const [target, expected] of [
    [
      '/me/7',
      [
        'cluster   Composition/default/shop, weight 1 of 1: 3 threads, once it runs',
        'composed  by GET /me/{id} of spec.aggregate (composed, get_me_id), 30000 ms',
        'calls     users GET /users/{params.id}',
        'backend   users: http at http://users/, 800 ms a call, Backend/default/users',
      ],
    ],
    [
      '/me/best?x=1',
      [
        'cluster   Composition/default/shop, weight 1 of 1: 3 threads, once it runs',
        'composed  by GET /me/best of spec.aggregate (composed, get_me_best), 30000 ms',
        'calls     offers GET /best',
        'backend   offers: http at http://10.0.0.1:81/, 10000 ms a call, Host/10.0.0.1:81',
      ],
    ],
    [
      '/none',
      [
        'cluster   Composition/default/shop, weight 1 of 1: 3 threads, once it runs',
        'composed  by none of the 2 routes of spec.aggregate: answered 404',
      ],
    ],
    [
      '/broken',
      [
        'cluster   Composition/default/broken, weight 1 of 1: no thread',
        'composed  nobody knows by what: ./nowhere.gateway.ts cannot be loaded, answered 503',
      ],
    ],
  ] as const)
    test(`explains what it would do with ${target}`, async () => {
      const { parts, wants } = await translated()
      const explanation = explainRequest(parts, {
        method: 'GET',
        url: `http://shop.example:8080${target}`,
        headers: [],
      })
      const known = { parts, wants, types: ruleTypes }
      const lines = explanationText(explanation, known).split('\n')
      assert.deepEqual(
        lines.filter(line => /^(cluster|composed|calls|backend) /.test(line)),
        expected,
      )
      const { route } = explanationJson(explanation, known) as {
        route: { clusters: Record<string, { composed: { route: { path: string } | null } }> }
      }
      const [cluster] = Object.values(route.clusters)
      assert.equal(cluster!.composed.route?.path ?? null, /by GET (\S+)/.exec(expected[1]!)?.[1] ?? null)
    })

  test('is threads to check, where it can be loaded', async () => {
    const text = verdictText(judge([], await translated()), () => null, false)
    assert.match(text, /^ +\/ → Composition\/default\/shop \(3 threads\)$/m)
    assert.match(text, /\/broken → Composition\/default\/broken \(cannot be loaded\)$/m)
  })

  test('is workers to check and to explain, where none of its threads are asked for and it is no code', async () => {
    const lodges = await translated(yaml.replace('  threads: 3\n', ''))
    const text = verdictText(judge([], lodges), () => null, false)
    assert.match(text, /^ +\/ → Composition\/default\/shop \(the workers themselves\)$/m)
    const { parts, wants } = lodges
    const request = { method: 'GET', url: 'http://shop.example:8080/me/7', headers: [] }
    const explained = explanationText(explainRequest(parts, request), { parts, wants, types: ruleTypes })
    assert.match(explained, /^cluster .*: the workers themselves, once it runs$/m)
  })

  test('of which something is wrong is told once, at the place of the composition', async () => {
    const text = `apiVersion: portcullis.dev/v1alpha1
kind: Composition
metadata: { name: lonely }
spec:
  aggregate:
    title: A
    version: '1'
    backends: { uses: {}, shop: { url: 'http://shop:81' }, ext: { url: 'http://api.example' } }
    routes: [{ path: /, parts: { a: { backend: uses, path: / } } }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: users }
spec: { endpoints: [{ address: 127.0.0.1, port: 9000 }] }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ port: 80 }] }
`
    const said = verdictText(judge([], await translated(text)), () => null, false)
    assert.deepEqual(said.split('\n').slice(1, 4), [
      'shop.yaml:8:27 Composition/lonely spec.aggregate.backends.shop: ResolvedRefs=False BackendNotFound: the backend shop (http://shop:81/): Service default/shop has no port 81, expected 80',
      'shop.yaml:3:13 Composition/lonely metadata.name: nothing sends requests to it, so that its threads run for nobody; expected a rule of an HTTPRoute with backendRefs: [{ group: portcullis.dev, kind: Composition, name: lonely }] (warning)',
      'shop.yaml:8:17 Composition/lonely spec.aggregate.backends.uses: the backend uses (http://uses/) is a name of DNS, since no Backend or Service of default is called so; did you mean "users"? (warning)',
    ])
  })
})
