// The name that a Gateway has in its own namespace, on a real API server, with the rights and the admission policy of deploy/:
// it is made, collected by Kubernetes, never in the place of something else, and nothing waits for it; and who has the token
// of the account can do nothing else with it to Services of others.
import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, suite, test, type TestContext } from 'node:test'
import { openAccess } from '../../src/kubernetes/access.ts'
import { ApiClient, ApiError } from '../../src/kubernetes/client.ts'
import {
  configOfAccount,
  deployedFlags,
  INSTALLED_IN as NAMESPACE,
  startInstalled,
  startReplica,
} from '../support/installed-cluster.ts'
import type { RealCluster } from '../support/real-cluster.ts'

const MERGE = 'application/merge-patch+json'
const WITHIN_MS = 60_000
const FEATURES = ['get', 'gatewayclass', 'portcullis', '-o', 'jsonpath={.status.supportedFeatures[*].name}']

const gateway = (name: string, namespace = 'team') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  gatewayClassName: portcullis
  infrastructure: { labels: { team: ${name} }, annotations: { example.com/pool: ${name} } }
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
---
`

interface Alias {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
    readonly ownerReferences: readonly {
      readonly kind: string
      readonly name: string
      readonly uid: string
    }[]
  }
  readonly spec: { readonly type: string; readonly externalName?: string }
}

const serviceOf = (name: string, spec: object, labels: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, labels },
  spec,
})
const ordinary = { selector: { app: 'theirs' }, ports: [{ port: 80 }] }
const ours = { 'portcullis.dev/gateway-alias-of': 'portcullis' }
const leading = (to: string): object => ({ type: 'ExternalName', externalName: to })
const INTO_OURS = `portcullis-team-x.${NAMESPACE}.svc.cluster.local`

suite('the name of a Gateway in its namespace, on a real API server', () => {
  let cluster: RealCluster | null = null

  before(async context => {
    cluster = await startInstalled(context as TestContext)
    cluster?.control('garbage-collector-controller')
    for (const namespace of ['team', 'other', 'strict']) cluster?.kubectl(['create', 'namespace', namespace])
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const pathOf = (namespace: string, name = ''): string =>
    `/api/v1/namespaces/${namespace}/services${name === '' ? '' : `/${name}`}`

  const get = async (name: string, namespace = 'team'): Promise<Alias | null> => {
    const { status, body } = await cluster!.ask('GET', pathOf(namespace, name))
    return status === 200 ? (JSON.parse(body) as Alias) : null
  }

  const until = async <T>(what: string, ask: () => Promise<T | null>): Promise<T> => {
    for (const end = performance.now() + WITHIN_MS; performance.now() < end; await delay(50)) {
      const answer = await ask()
      if (answer !== null) return answer
    }
    throw new Error(`${what} has not come`)
  }

  const made = (name: string, isSo: (alias: Alias) => boolean = () => true): Promise<Alias> =>
    until(name, async () => {
      const alias = await get(name)
      return alias !== null && isSo(alias) ? alias : null
    })

  const apply = (yaml: string) => cluster!.kubectl(['apply', '--server-side', '-f', '-'], yaml)

  /** A Service of the Gateway gets an address, as a balancer would give it one: the Gateway is programmed. */
  const reached = async (name: string, namespace: string): Promise<void> => {
    const selector = `gateway.networking.k8s.io/gateway-name=${name}`
    const path = `${pathOf(NAMESPACE)}?labelSelector=${encodeURIComponent(selector)}`
    const own = await until(`the Service of ${name}`, async () => {
      const { items } = JSON.parse((await cluster!.ask('GET', path)).body) as {
        readonly items: readonly Alias[]
      }
      return items[0] ?? null
    })
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }
    await cluster!.ask('PATCH', `${pathOf(NAMESPACE, own.metadata.name)}/status`, { status }, MERGE)
    const wait = ['wait', '--for=condition=Programmed', `gateway/${name}`, '-n', namespace, '--timeout=60s']
    const { ok, said } = cluster!.tryKubectl(wait)
    assert.ok(ok, said)
  }

  test('it is made, mended, and collected by Kubernetes, and the class says so', async t => {
    if (cluster === null) return t.skip('no API server')
    await using run = await startReplica(cluster, '127.0.0.1')
    await run.event('kubernetes.leads')
    apply(gateway('web') + gateway('own', NAMESPACE))
    const alias = await made('web-portcullis')
    assert.equal(alias.spec.type, 'ExternalName')
    const [service = ''] = alias.spec.externalName?.split('.') ?? []
    assert.equal(alias.spec.externalName, `${service}.${NAMESPACE}.svc.cluster.local`)
    assert.notEqual(await until(service, () => get(service, NAMESPACE)), null)
    assert.deepEqual(
      [alias.metadata.labels['team'], alias.metadata.annotations['example.com/pool']],
      ['web', 'web'],
    )
    assert.deepEqual(
      alias.metadata.ownerReferences.map(({ kind, name }) => [kind, name]),
      [['Gateway', 'web']],
    )
    // What who has rights in the namespace alone asks.
    const asked = [
      'get',
      'service',
      '-n',
      'team',
      '-l',
      'gateway.networking.k8s.io/gateway-name=web',
      '-o',
      'name',
    ]
    assert.equal(cluster.kubectl(asked).trim(), 'service/web-portcullis')

    const changed = {
      metadata: { labels: { team: 'theirs', more: 'yes' } },
      spec: { externalName: 'x.example' },
    }
    await cluster.ask('PATCH', pathOf('team', 'web-portcullis'), changed, MERGE)
    const mended = await made('web-portcullis', ({ metadata }) => metadata.labels['team'] === 'web')
    assert.deepEqual([mended.spec, mended.metadata.labels['more']], [alias.spec, 'yes'])
    cluster.kubectl(['delete', 'service', 'web-portcullis', '-n', 'team'])
    const again = await made('web-portcullis')
    assert.notEqual(again.metadata.uid, alias.metadata.uid)

    assert.match(cluster.kubectl(FEATURES), /\bGatewayInfrastructure\b/)
    // Beside its Service a Gateway needs no other name.
    assert.equal(await get('own-portcullis', NAMESPACE), null)

    const told = run.log.all.map(line => JSON.stringify(line)).join('\n')
    assert.doesNotMatch(told, /forbidden|alias_failed|"level":"error"/i)
    // Nobody is left who could delete it.
    assert.equal(await run.stop(), 0)
    cluster.kubectl(['delete', 'gateway', 'web', '-n', 'team'])
    await until('the end of web-portcullis', async () =>
      (await get('web-portcullis')) === null ? true : null,
    )
  })

  test('what somebody else has made stays, and the Gateway is served as every other', async t => {
    if (cluster === null) return t.skip('no API server')
    await cluster.ask('POST', pathOf('team'), serviceOf('taken-portcullis', ordinary))
    const theirs = await get('taken-portcullis')
    await using run = await startReplica(cluster, '127.0.0.1')
    apply(gateway('taken'))
    const problem = await run.event('kubernetes.alias_failed')
    assert.equal(problem['service'], 'team/taken-portcullis')
    assert.match(String(problem['message']), /was not made for this Gateway/)
    await reached('taken', 'team')
    cluster.kubectl(['delete', 'gateway', 'taken', '-n', 'team'])
    apply(gateway('next'))
    await made('next-portcullis')
    assert.deepEqual(await get('taken-portcullis'), theirs)
    assert.equal(await run.stop(), 0)
  })

  test('a policy of the cluster that refuses such Services costs the name alone', async t => {
    if (cluster === null) return t.skip('no API server')
    apply(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: no-external-names }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [services] }]
    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: strict } }
  validations: [{ expression: "object.spec.type != 'ExternalName'", message: no ExternalName here }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: no-external-names }
spec: { policyName: no-external-names, validationActions: [Deny] }`)
    const probe = serviceOf('probe', leading('x.example'))
    await until('the policy', async () =>
      (await cluster!.ask('POST', `${pathOf('strict')}?dryRun=All`, probe)).status === 422 ? true : null,
    )
    await using run = await startReplica(cluster, '127.0.0.1')
    apply(gateway('web', 'strict') + gateway('after'))
    const problem = await run.event('kubernetes.alias_failed')
    assert.match(String(problem['message']), /no ExternalName here/)
    await reached('web', 'strict')
    await made('after-portcullis')
    assert.equal(run.log.all.filter(({ event }) => event === 'kubernetes.alias_failed').length, 1)
    assert.equal(await run.stop(), 0)
  })

  test('without them the class does not speak of it', async t => {
    if (cluster === null) return t.skip('no API server')
    await using run = await startReplica(cluster, '127.0.0.1', [...deployedFlags(), '--no-gateway-aliases'])
    await run.event('kubernetes.leads')
    await until('another status', () =>
      Promise.resolve(/\bGatewayInfrastructure\b/.test(cluster!.kubectl(FEATURES)) ? null : true),
    )
    apply(gateway('unnamed'))
    await reached('unnamed', 'team')
    assert.equal(await get('unnamed-portcullis'), null)
  })

  test('who has the token of the account writes such names, and nothing else of others', async t => {
    if (cluster === null) return t.skip('no API server')
    const access = await openAccess({ kubeconfig: configOfAccount(cluster), context: '', env: {} })
    const client = new ApiClient(access)
    const signal = AbortSignal.timeout(WITHIN_MS)
    const said = (asked: Promise<unknown>): Promise<string> =>
      asked.then(
        () => 'done',
        (error: unknown) => (error instanceof ApiError ? `${error.code} ${error.message}` : String(error)),
      )
    const create = (service: object, namespace = 'other') =>
      said(client.create(pathOf(namespace), service, signal))
    const patch = (name: string, body: object, namespace = 'other') =>
      said(client.mergePatch(pathOf(namespace, name), body, signal))
    const remove = (name: string, namespace = 'other') =>
      said(client.delete(pathOf(namespace, name), {}, signal))

    await cluster.ask('POST', pathOf('other'), serviceOf('shop', ordinary))
    await cluster.ask('POST', pathOf('other'), serviceOf('db', leading('db.example')))
    const theirs = [await get('shop', 'other'), await get('db', 'other')]
    const label = { metadata: { labels: ours } }
    const refused: readonly (readonly [what: string, answer: () => Promise<string>])[] = [
      ['an ordinary Service', () => create(serviceOf('new', ordinary))],
      ['one that says it were a name', () => create(serviceOf('new', ordinary, ours))],
      ['a name that is not said to be ours', () => create(serviceOf('new', leading(INTO_OURS)))],
      ['a name that leads elsewhere', () => create(serviceOf('new', leading('evil.example'), ours))],
      [
        'a name that leads into another namespace',
        () => create(serviceOf('new', leading('a.default.svc.cluster.local'), ours)),
      ],
      ['another selector', () => patch('shop', { spec: { selector: { app: 'mine' } } })],
      [
        'a Service that becomes a name',
        () => patch('shop', { ...label, spec: { ...leading(INTO_OURS), clusterIP: null, clusterIPs: null } }),
      ],
      ['the label on what somebody has made', () => patch('shop', label)],
      ['the label on a name that somebody has made', () => patch('db', label)],
      ['where that leads', () => patch('db', { spec: { externalName: INTO_OURS } })],
      ['the end of a Service', () => remove('shop')],
      ['the end of a name that somebody has made', () => remove('db')],
    ]
    // Like all that is declared it is in force a moment after.
    await until('the policy', async () =>
      (await create(serviceOf('probe', ordinary))).startsWith('403') ? true : null,
    )
    for (const [what, answer] of refused)
      assert.match(await answer(), /^403 .*portcullis-gateway-aliases/, what)
    assert.deepEqual([await get('shop', 'other'), await get('db', 'other')], theirs)

    assert.equal(await create(serviceOf('name', leading(INTO_OURS), ours)), 'done')
    assert.match(await patch('name', { spec: { externalName: 'evil.example' } }), /^403/)
    assert.match(
      await patch('name', { spec: { type: 'ClusterIP', externalName: null, ports: [{ port: 80 }] } }),
      /^403/,
    )
    assert.match(
      await patch('name', { metadata: { labels: { 'portcullis.dev/gateway-alias-of': null } } }),
      /^403/,
    )
    assert.equal(await patch('name', { metadata: { labels: { team: 'one' } } }), 'done')
    assert.equal(await remove('name'), 'done')
    // In its own namespace its Role says what it may, and nobody else is asked.
    assert.equal(await create(serviceOf('plain', ordinary), NAMESPACE), 'done')
    assert.equal(await remove('plain', NAMESPACE), 'done')
    assert.equal((await cluster.ask('DELETE', pathOf('other', 'shop'))).status, 200)
  })

  test('a kustomization of another namespace has the policy that is about its account', async t => {
    if (cluster === null) return t.skip('no API server')
    const folder = join(cluster.folder, 'overlay')
    cpSync(join(import.meta.dirname, '../../deploy/kustomize'), join(folder, 'base'), { recursive: true })
    writeFileSync(join(folder, 'kustomization.yaml'), 'namespace: edge\nresources: [base]\n')
    cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-k', folder])
    const create = (externalName: string) => {
      const service = JSON.stringify(serviceOf('edge', leading(externalName), ours))
      const asked = ['create', '-f', '-', '-n', 'other', '--as=system:serviceaccount:edge:portcullis']
      return cluster!.tryKubectl(asked, service)
    }
    // Where the overlay binds the right to another account, that is known a moment after.
    const refused = await until('the right', () => {
      const { said } = create(INTO_OURS)
      return Promise.resolve(said.includes('portcullis-gateway-aliases') ? said : null)
    })
    assert.match(refused, /leads to a Service in the namespace of portcullis/)
    const { ok, said } = create('portcullis-other-x.edge.svc.cluster.local')
    assert.ok(ok, said)
  })
})
