// Pods of its own for a Gateway, on a real API server, with the rights of deploy/: what is written there is taken, stays as
// the server has written it back, follows the deployment's own, comes again, and goes with what asked for it.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, suite, test, type TestContext } from 'node:test'
import { send } from '../support/client.ts'
import {
  deployedFlags,
  INSTALLED_IN as NAMESPACE,
  startInstalled,
  startReplica,
} from '../support/installed-cluster.ts'
import type { RunProcess } from '../support/process.ts'
import type { RealCluster } from '../support/real-cluster.ts'
import { TestUpstream } from '../support/upstream.ts'

const MERGE = 'application/merge-patch+json'
const WITHIN_MS = 60_000
const SHARED = '127.0.0.1'
const OWN = '127.0.0.2'

const parameters = (dataPlane: string) => `
apiVersion: portcullis.dev/v1alpha1
kind: GatewayParameters
metadata: { name: own, namespace: default }
spec: { dataPlane: ${dataPlane} }
---`

const NAMED =
  'infrastructure: { parametersRef: { group: portcullis.dev, kind: GatewayParameters, name: own } }'

const gateway = (name: string, more = '', gatewayClass = 'portcullis') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: default }
spec:
  gatewayClassName: ${gatewayClass}
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
  ${more}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: default }
spec:
  parentRefs: [{ name: ${name} }]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: items }] }]
---`

const backend = (port: number) => `
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items, namespace: default }
spec: { endpoints: [{ address: 127.0.0.1, port: ${port} }] }
---`

interface Made {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly generation: number
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly replicas: number
    readonly type: string
    readonly selector: Readonly<Record<string, unknown>>
    readonly ports: readonly { readonly targetPort: number }[]
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
      readonly spec: {
        readonly containers: readonly {
          readonly image: string
          readonly args: readonly string[]
          readonly resources: object
        }[]
      }
    }
  }
}

suite('a data plane of its own for a Gateway, on a real API server', () => {
  let cluster: RealCluster | null = null

  before(async context => {
    cluster = await startInstalled(context as TestContext)
    cluster?.control('garbage-collector-controller')
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const apply = (yaml: string) =>
    cluster!.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], yaml)

  const replica = (address: string, flags: readonly string[]): Promise<RunProcess> =>
    startReplica(cluster!, address, flags)

  const pathOf = (kind: 'services' | 'deployments', name = ''): string =>
    `/${kind === 'services' ? 'api/v1' : 'apis/apps/v1'}/namespaces/${NAMESPACE}/${kind}/${name}`.replace(
      /\/$/,
      '',
    )

  const find = async (kind: 'services' | 'deployments', name: string): Promise<Made | undefined> => {
    const { body } = await cluster!.ask('GET', pathOf(kind))
    const { items } = JSON.parse(body) as { readonly items: readonly Made[] }
    return items.find(
      ({ metadata }) => metadata.annotations?.['portcullis.dev/gateway'] === `default/${name}`,
    )
  }

  const until = async (isSo: () => Promise<boolean>, what: string): Promise<void> => {
    for (const end = performance.now() + WITHIN_MS; !(await isSo()); await delay(50))
      assert.ok(performance.now() < end, what)
  }

  /** What is made for a Gateway, once it is as it is wanted. */
  const made = async (
    kind: 'services' | 'deployments',
    name: string,
    isSo: (one: Made) => boolean = () => true,
  ): Promise<Made> => {
    let found: Made | undefined
    await until(async () => {
      found = await find(kind, name)
      return found !== undefined && isSo(found)
    }, `there is no such one of ${name} among ${kind}`)
    return found!
  }

  const gone = (kind: 'services' | 'deployments', name: string): Promise<void> =>
    until(async () => (await find(kind, name)) === undefined, `that of ${name} is still among ${kind}`)

  /** As the controller of Deployments says it of Pods that serve. */
  const serves = async (name: string): Promise<void> => {
    const { metadata } = await made('deployments', name)
    const counted = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }
    const status = { observedGeneration: metadata.generation, ...counted }
    const { status: code, body } = await cluster!.ask(
      'PATCH',
      `${pathOf('deployments', metadata.name)}/status`,
      { status },
      MERGE,
    )
    assert.equal(code, 200, body)
  }

  const balanced = async (name: string, ip: string): Promise<void> => {
    const { metadata } = await made('services', name)
    const status = { loadBalancer: { ingress: [{ ip }] } }
    await cluster!.ask('PATCH', `${pathOf('services', metadata.name)}/status`, { status }, MERGE)
  }

  const programmed = async (name: string): Promise<void> => {
    const wait = ['wait', '--for=condition=Programmed', `gateway/${name}`, '--timeout=60s']
    const { ok, said } = await Promise.resolve(cluster!.tryKubectl(wait))
    assert.ok(ok, said)
  }

  const said = async (name: string, words: RegExp): Promise<void> => {
    const path = '-o=jsonpath={.status.conditions[*].message}'
    await until(
      () => Promise.resolve(words.test(cluster!.kubectl(['get', 'gateway', name, path]))),
      `${name} does not say ${words}`,
    )
  }

  /** The status of what is answered at an address; 0 where nobody listens. */
  const asked = (to: string, port: number): Promise<number> =>
    send(port, { to }).then(
      ({ status }) => status,
      () => 0,
    )

  test('it is made, serves, follows, comes again, and goes', async t => {
    if (cluster === null) return t.skip('no API server')
    await using upstream = await TestUpstream.start((_, response) => response.end('items'))
    await using first = await replica(SHARED, deployedFlags())
    await first.event('kubernetes.leads')
    const resources = '{ requests: { cpu: "0.5", memory: 1000M }, limits: { memory: 2048Mi } }'
    apply(backend(upstream.port) + parameters(`{ workers: 3, resources: ${resources} }`))
    apply(gateway('a', NAMED) + gateway('b'))
    const own = await made('deployments', 'a')
    await balanced('a', '192.0.2.1')
    await balanced('b', '192.0.2.2')
    await programmed('b')
    await said('a', /no Pod of its newest version/)
    const [container] = own.spec.template.spec.containers
    assert.deepEqual(container!.resources, {
      requests: { cpu: '500m', memory: '1G' },
      limits: { memory: '2Gi' },
    })
    assert.equal(own.spec.replicas, 2)
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec: own.spec.template.spec }
    const dry = await cluster.ask('POST', `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, pod)
    assert.deepEqual([dry.status, dry.warnings], [201, []], dry.body)

    await using plane = await replica(
      OWN,
      container!.args.filter(flag => flag.startsWith('--')),
    )
    await serves('a')
    await programmed('a')
    const service = await made('services', 'a')
    assert.deepEqual(service.spec.selector, { 'portcullis.dev/data-plane': own.metadata.name })
    const [a, b] = [
      service.spec.ports[0]!.targetPort,
      (await made('services', 'b')).spec.ports[0]!.targetPort,
    ]
    assert.deepEqual(
      await Promise.all([asked(OWN, a), asked(SHARED, b), asked(OWN, b), asked(SHARED, a)]),
      [200, 200, 0, 0],
    )

    const budget = ['get', 'pdb', own.metadata.name, '-n', NAMESPACE, '-o=jsonpath={.spec}']
    await until(() => Promise.resolve(cluster!.tryKubectl(budget).ok), 'there is no budget')
    assert.deepEqual(JSON.parse(cluster.kubectl(budget)), {
      maxUnavailable: 1,
      selector: { matchLabels: service.spec.selector },
    })

    // Who leads next finds nothing to be changed, and makes what was deleted meanwhile.
    await using second = await replica('127.0.0.3', deployedFlags())
    first.child.kill('SIGKILL')
    cluster.kubectl(['delete', 'service', service.metadata.name, '-n', NAMESPACE])
    await second.event('kubernetes.leads')
    const again = await made('services', 'a', ({ metadata }) => metadata.uid !== service.metadata.uid)
    assert.deepEqual(again.spec.selector, service.spec.selector)
    assert.equal((await made('deployments', 'a')).metadata.generation, own.metadata.generation)

    cluster.kubectl(['delete', 'deployment', own.metadata.name, '-n', NAMESPACE])
    await made('deployments', 'a', ({ metadata }) => metadata.uid !== own.metadata.uid)
    await said('a', /no Pod of its newest version/)
    await serves('a')
    await balanced('a', '192.0.2.3')
    await programmed('a')

    // Scaled and restarted by hand it stays so, also when the image becomes another one.
    const { name } = own.metadata
    cluster.kubectl(['scale', 'deployment', name, '--replicas=5', '-n', NAMESPACE])
    cluster.kubectl(['rollout', 'restart', `deployment/${name}`, '-n', NAMESPACE])
    cluster.kubectl(['set', 'image', 'deployment/portcullis', 'portcullis=portcullis:2', '-n', NAMESPACE])
    const newer = await made('deployments', 'a', one =>
      one.spec.template.spec.containers[0]!.image.endsWith(':2'),
    )
    assert.equal(newer.spec.replicas, 5)
    assert.ok(newer.spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'])
    cluster.kubectl(['set', 'image', `deployment/${name}`, 'portcullis=other:1', '-n', NAMESPACE])
    await made('deployments', 'a', one => one.spec.template.spec.containers[0]!.image === 'portcullis:2')
    await serves('a')
    await programmed('a')

    // Without parameters it is served by all again, at the same address and ports.
    apply(gateway('a'))
    await gone('deployments', 'a')
    const back = await made('services', 'a')
    assert.deepEqual(
      [back.metadata.uid, back.spec.ports, back.spec.selector],
      [again.metadata.uid, again.spec.ports, { 'app.kubernetes.io/name': 'portcullis' }],
    )
    await programmed('a')
    assert.equal(await asked('127.0.0.3', a), 200)
    const told = [...second.log.all, ...plane.log.all].map(line => JSON.stringify(line)).join('\n')
    assert.doesNotMatch(told, /forbidden|"level":"error"/i)
    cluster.kubectl(['delete', 'gateway', 'a', 'b'])
    await gone('services', 'a')
  })

  test('that of a class goes with its Gateway, and all go with the deployment', async t => {
    if (cluster === null) return t.skip('no API server')
    await using run = await replica(SHARED, deployedFlags())
    await run.event('kubernetes.leads')
    apply(`${parameters('{ replicas: 3 }')}
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: large }
spec:
  controllerName: portcullis.dev/gateway
  parametersRef: { group: portcullis.dev, kind: GatewayParameters, name: own, namespace: default }
---`)
    apply(gateway('c', '', 'large') + gateway('d', '', 'large'))
    await made('deployments', 'c', ({ spec }) => spec.replicas === 3)
    await made('deployments', 'd')
    cluster.kubectl(['delete', 'gateway', 'c'])
    await gone('deployments', 'c')

    // Parameters that are gone close the Gateway, and leave what there is for it as it is.
    cluster.kubectl(['delete', 'gatewayparameters', 'own'])
    const refused = ['wait', '--for=condition=Accepted=False', 'gateway/d', '--timeout=60s']
    assert.ok(cluster.tryKubectl(refused).ok)
    const kept = await made('deployments', 'd')
    apply(parameters('{ replicas: 4 }'))
    const changed = await made('deployments', 'd', ({ spec }) => spec.replicas === 4)
    assert.equal(changed.metadata.uid, kept.metadata.uid)

    // The Service is of the type that they say, and stays the same one.
    const { metadata } = await made('services', 'd')
    for (const type of ['ClusterIP', 'NodePort', 'LoadBalancer']) {
      const patch = JSON.stringify({ spec: { service: { type } } })
      cluster.kubectl(['patch', 'gatewayparameters', 'own', '--type=merge', '-p', patch])
      const now = await made('services', 'd', ({ spec }) => spec.type === type)
      assert.equal(now.metadata.uid, metadata.uid)
    }

    assert.equal(await run.stop(), 0)
    assert.deepEqual(
      run.log.all.filter(({ event }) => String(event).endsWith('_failed')),
      [],
    )
    cluster.kubectl(['delete', 'deployment', 'portcullis', '-n', NAMESPACE])
    await gone('deployments', 'd')
    const left = () => cluster!.kubectl(['get', 'pdb', '-n', NAMESPACE, '-o', 'name']).trim()
    await until(() => Promise.resolve(left() === 'poddisruptionbudget.policy/portcullis'), 'budgets are left')
  })
})
