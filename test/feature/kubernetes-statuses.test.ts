import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { kinds } from '../../src/cli/roles.ts'
import { Leader } from '../../src/kubernetes/status/leader.ts'
import { featuresOf } from '../../src/kubernetes/status/features.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { ApiClient } from '../../src/kubernetes/client.ts'
import { ApiServer, type ApiRequest } from '../support/kubernetes/api-server.ts'
import { accessTo, ClusterSource, writesStatuses } from '../support/kubernetes/cluster-source.ts'
import { Seen } from '../support/until.ts'

const CONTROLLER = 'portcullis.dev/gateway'

const classOf = (name: string, controller = CONTROLLER) => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${name} }
spec: { controllerName: ${controller} }
---`

const gateway = (name: string, className = 'ours') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: ${className}
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
---`

const route = (name: string, path = '/') => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: front }, { name: other }]
  rules: [{ matches: [{ path: { value: ${path} } }], backendRefs: [{ name: absent, port: 80 }] }]
---`

const listenerSet = (name: string, gatewayName: string, port = 81) => `
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: ${name} }
spec: { parentRef: { name: ${gatewayName} }, listeners: [{ name: more, protocol: HTTP, port: ${port} }] }
---`

const telemetry = (name: string, gateways: readonly string[], tracing: string) => `
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XTelemetryPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [${gateways.map(one => `{ group: gateway.networking.k8s.io, kind: Gateway, name: ${one} }`).join(', ')}]
  tracing: ${tracing}
---`

const ingress = (name: string, className: string) => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name} }
spec: { ingressClassName: ${className}, defaultBackend: { service: { name: absent, port: { number: 80 } } } }
---`

const isWrite = ({ method, path }: ApiRequest): boolean => method === 'PATCH' && path.endsWith('/status')

interface Said {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  readonly lastTransitionTime: string
}

interface Status {
  readonly conditions?: readonly Said[]
  readonly loadBalancer?: { readonly ingress?: readonly object[] }
  readonly addresses?: readonly object[]
  readonly attachedListenerSets?: number
  readonly ancestors?: readonly object[]
  readonly supportedFeatures?: readonly { readonly name: string }[]
  readonly listeners?: readonly {
    readonly name: string
    readonly attachedRoutes: number
    readonly supportedKinds: readonly object[]
  }[]
  readonly parents?: readonly { readonly controllerName: string; readonly conditions: readonly Said[] }[]
}

const statusOf = (api: ApiServer, kind: string, name: string): Status => api.get(kind, name)?.status ?? {}

/** Type, status, reason and generation of what one controller says of a route. */
function saidOf(api: ApiServer, name: string, controller = CONTROLLER): readonly string[] {
  const { parents = [] } = statusOf(api, 'HTTPRoute', name)
  return parents
    .filter(({ controllerName }) => controllerName === controller)
    .flatMap(({ conditions }) =>
      conditions.map(one => `${one.type} ${one.status} ${one.reason} ${one.observedGeneration}`),
    )
}

/** Resolves when a status is as it is wanted: each write of the server's is looked at. */
async function until(api: ApiServer, isSo: () => boolean): Promise<void> {
  const seen = new Seen<null>()
  const stops = [
    'HTTPRoute',
    'Ingress',
    'Gateway',
    'ListenerSet',
    'GatewayClass',
    'Lease',
    'TrafficPolicy',
    'XTelemetryPolicy',
    'Backend',
  ].map(kind => {
    const collection = api.collectionOf(kind)
    return collection.follow(Number.MAX_SAFE_INTEGER, () => seen.push(null))
  })
  seen.push(null)
  await seen.first(isSo)
  for (const stop of stops) stop()
}

async function started(yaml: string, addresses: readonly string[] = ['192.0.2.7']) {
  const api = await ApiServer.start()
  api.apply(yaml)
  const cluster = new ClusterSource(api, kinds.all)
  await cluster.load()
  const writer = writesStatuses(cluster, addresses)
  return {
    api,
    cluster,
    writer,
    async [Symbol.asyncDispose]() {
      cluster.source.close()
      await writer.close()
      await api.stop()
    },
  }
}

suite('statuses in a cluster', () => {
  test('of a class, its Gateway and a route', async () => {
    await using run = await started(
      classOf('ours') + classOf('theirs', 'example.com/other') + gateway('front') + route('items'),
    )
    const { api, writer } = run
    writer.lead(true)
    await until(
      api,
      () => saidOf(api, 'items').length > 0 && api.get('Gateway', 'front')?.status !== undefined,
    )
    await until(api, () => api.get('GatewayClass', 'ours')?.status !== undefined)
    const ofClass = statusOf(api, 'GatewayClass', 'ours')
    assert.equal(ofClass.conditions?.[0]?.type, 'Accepted')
    assert.deepEqual(
      ofClass.supportedFeatures?.map(({ name }) => name),
      featuresOf(false),
    )
    const status = statusOf(api, 'Gateway', 'front')
    assert.deepEqual(status.addresses, [{ type: 'IPAddress', value: '192.0.2.7' }])
    assert.deepEqual(
      status.listeners?.map(({ name, attachedRoutes, supportedKinds }) => [
        name,
        attachedRoutes,
        supportedKinds.length,
      ]),
      [['http', 1, 2]],
    )
    assert.equal(status.conditions?.find(({ type }) => type === 'Programmed')?.status, 'True')
    assert.deepEqual(saidOf(api, 'items'), [
      'Accepted True Accepted 1',
      'ResolvedRefs False BackendNotFound 1',
    ])
    assert.equal(api.get('GatewayClass', 'theirs')?.status, undefined)
  })

  test('of a ListenerSet of a Gateway of ours, and of those of others nothing', async () => {
    const taking = (yaml: string) =>
      yaml.replace('listeners:', 'allowedListeners: { namespaces: { from: Same } }\n  listeners:')
    const bad = listenerSet('bad', 'front').replace('port: 81', 'port: 0')
    await using run = await started(
      classOf('ours') +
        classOf('theirs', 'example.com/other') +
        taking(gateway('front')) +
        gateway('other', 'theirs') +
        route('items').replace('name: other', 'kind: ListenerSet, name: more') +
        listenerSet('more', 'front') +
        listenerSet('their', 'other') +
        listenerSet('lost', 'nowhere') +
        bad +
        bad.replaceAll('bad', 'their-bad').replace('front', 'other'),
    )
    const { api, writer } = run
    const told = (name: string) =>
      (statusOf(api, 'ListenerSet', name).conditions ?? []).map(
        ({ type, status, reason }) => `${type} ${status} ${reason}`,
      )
    const attached = () => statusOf(api, 'Gateway', 'front').attachedListenerSets
    writer.lead(true)
    await until(api, () => told('more').length > 0 && told('bad').length > 0 && attached() === 1)
    assert.deepEqual(told('more'), ['Accepted True Accepted', 'Programmed True Programmed'])
    assert.deepEqual(told('bad'), ['Accepted False Invalid', 'Programmed False Invalid'])
    const { listeners } = statusOf(api, 'ListenerSet', 'more')
    assert.deepEqual(
      listeners?.map(({ name, attachedRoutes }) => [name, attachedRoutes]),
      [['more', 1]],
    )
    await until(api, () => saidOf(api, 'items').length === 4)
    assert.equal(saidOf(api, 'items').filter(one => one === 'Accepted True Accepted 1').length, 2)
    api.apply(gateway('front'))
    await until(api, () => told('more')[0] === 'Accepted False NotAllowed' && attached() === 0)
    for (const name of ['their', 'lost', 'their-bad'])
      assert.equal(api.get('ListenerSet', name)?.status, undefined, name)
  })

  test('of an Ingress of ours it is where it is reached, and of those of others nothing', async () => {
    const both = ingress('ours', 'portcullis') + ingress('theirs', 'nginx')
    await using run = await started(both, ['192.0.2.7', 'balancer.example'])
    const { api, writer } = run
    const elsewhere = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } }
    api.setStatus('Ingress', 'theirs', elsewhere)
    const reached = (name: string) => statusOf(api, 'Ingress', name).loadBalancer?.ingress
    const writes = () => api.requests.all.filter(isWrite).map(({ path }) => path)
    writer.lead(true)
    await until(api, () => reached('ours') !== undefined)
    assert.deepEqual(reached('ours'), [{ ip: '192.0.2.7' }, { hostname: 'balancer.example' }])
    api.apply(ingress('more', 'portcullis'))
    await until(api, () => reached('more') !== undefined)
    assert.deepEqual(statusOf(api, 'Ingress', 'theirs'), elsewhere)
    const of = (name: string) => `/apis/networking.k8s.io/v1/namespaces/default/ingresses/${name}/status`
    assert.deepEqual(writes(), [of('ours'), of('more')])
  })

  test('what others say stays, and ours goes with its parent', async () => {
    await using run = await started(classOf('ours') + gateway('front') + route('items'))
    const { api, writer } = run
    const theirs = {
      parentRef: { name: 'other' },
      controllerName: 'example.com/other',
      conditions: [
        {
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          message: '',
          observedGeneration: 1,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    }
    api.setStatus('HTTPRoute', 'items', { parents: [theirs] })
    writer.lead(true)
    await until(api, () => saidOf(api, 'items').length > 0)
    assert.deepEqual(saidOf(api, 'items', 'example.com/other'), ['Accepted True Accepted 1'])
    api.apply(route('items').replace('[{ name: front }, { name: other }]', '[{ name: other }]'))
    await until(api, () => saidOf(api, 'items').length === 0)
    assert.deepEqual(saidOf(api, 'items', 'example.com/other'), ['Accepted True Accepted 1'])
  })

  test('nothing is written without a change, and times stay where the status does', async () => {
    await using run = await started(classOf('ours') + gateway('front') + route('items'))
    const { api, writer, cluster } = run
    writer.lead(true)
    await until(api, () => saidOf(api, 'items').length > 0)
    const since = () => statusOf(api, 'HTTPRoute', 'items').parents?.[0]?.conditions[0]?.lastTransitionTime
    const first = since()
    api.apply(route('items', '/other'))
    await until(api, () => saidOf(api, 'items')[0]?.endsWith(' 2') === true)
    assert.equal(since(), first)
    const writes = (): number => api.requests.all.filter(isWrite).length
    const before = writes()
    api.apply(route('second'))
    await until(api, () => saidOf(api, 'second').length > 0)
    writer.all()
    await cluster.results.first(({ resources }) => resources.list.length === 4)
    // The Gateway has one route more.
    await until(api, () => statusOf(api, 'Gateway', 'front').listeners?.[0]?.attachedRoutes === 2)
    assert.equal(writes(), before + 2)
  })

  test('an outdated version is refused, and written anew', async () => {
    await using run = await started(classOf('ours') + gateway('front') + route('items'))
    const { api, writer } = run
    let conflicts = 0
    api.fault = request => {
      // Another controller is faster, between what was read and what is written.
      if (isWrite(request) && request.path.includes('/httproutes/') && conflicts++ === 0)
        api.setStatus('HTTPRoute', 'items', {
          parents: [{ parentRef: { name: 'x' }, controllerName: 'example.com/other', conditions: [] }],
        })
      return false
    }
    writer.lead(true)
    await until(api, () => saidOf(api, 'items').length > 0)
    assert.equal(conflicts, 2)
    assert.equal(statusOf(api, 'HTTPRoute', 'items').parents?.length, 2)
  })

  test('what is broken and was never good is not accepted, and its old status goes', async () => {
    const bad = route('items').replace('value: /', 'value: "no slash"')
    const badPolicy = `
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: few }
spec: { targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: items }], priority: 7 }
---`
    const badBackend = `
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec: { endpoints: 7 }
---`
    const badGateway = gateway('back').replace('port: 80', 'port: 0')
    const theirs = gateway('their').replace('Class: ours', 'Class: theirs').replace('port: 80', 'port: 0')
    const yaml =
      classOf('ours') +
      classOf('theirs', 'example.com/other') +
      classOf('bad', 'example.com/other').replace('spec: {', 'spec: { description: 7,') +
      gateway('front')
    await using run = await started(
      yaml + bad + badPolicy + badBackend + badGateway + theirs.replace('ours', 'theirs'),
    )
    const { api, writer } = run
    const conditions = [{ type: 'Accepted', status: 'True' }]
    const old = { controllerName: CONTROLLER, conditions }
    api.setStatus('HTTPRoute', 'items', { parents: [{ ...old, parentRef: { name: 'front' } }] })
    api.setStatus('TrafficPolicy', 'few', { ancestors: [{ ...old, ancestorRef: { name: 'items' } }] })
    writer.lead(true)
    const own = (kind: string, name: string) =>
      statusOf(api, kind, name).conditions?.find(({ type }) => type === 'Accepted')
    await until(api, () => saidOf(api, 'items').join() === 'Accepted False UnsupportedValue 1')
    await until(api, () => own('TrafficPolicy', 'few')?.reason === 'Invalid')
    assert.deepEqual(statusOf(api, 'TrafficPolicy', 'few').ancestors, [])
    await until(api, () => own('Gateway', 'back')?.status === 'False')
    assert.equal(own('Gateway', 'their'), undefined)
    assert.equal(own('GatewayClass', 'bad'), undefined)
    api.apply(badBackend.replace('7', '8'))
    await until(api, () => own('Backend', 'up')?.observedGeneration === 2)
    assert.match(own('Backend', 'up')?.message ?? '', /^spec.endpoints: /)
    // Mended, it is accepted.
    api.apply(route('items'))
    await until(api, () => saidOf(api, 'items')[0] === 'Accepted True Accepted 2')
  })

  test('who does not lead writes nothing', async () => {
    await using run = await started(classOf('ours') + gateway('front') + route('items'))
    const { api, writer } = run
    writer.lead(true)
    await until(api, () =>
      [api.get('HTTPRoute', 'items'), api.get('Gateway', 'front'), api.get('GatewayClass', 'ours')].every(
        one => one?.['status'] !== undefined,
      ),
    )
    writer.lead(false)
    const before = api.requests.all.filter(isWrite).length
    api.apply(route('items', '/other'))
    await run.cluster.results.first(({ resources }) =>
      resources.list.some(({ metadata }) => metadata.generation === 2),
    )
    assert.equal(api.requests.all.filter(isWrite).length, before)
    assert.match(saidOf(api, 'items')[0]!, / 1$/)
  })

  test('of a policy for Gateways are said for each of ours, beside what others say', async () => {
    const enabled = '{ mode: Enabled, provider: { backendRef: { name: otel, port: 4318 } } }'
    await using run = await started(
      classOf('ours') +
        classOf('theirs', 'example.com/other') +
        gateway('front') +
        gateway('back').replace('port: 80', 'port: 81') +
        gateway('their', 'theirs') +
        telemetry('a', ['front', 'their'], enabled) +
        telemetry('b', ['front', 'back'], '{ mode: Disabled }'),
    )
    const { api, writer } = run
    const theirs = {
      ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'their' },
      controllerName: 'example.com/other',
      conditions: [{ type: 'Accepted', status: 'True' }],
    }
    api.setStatus('XTelemetryPolicy', 'a', { ancestors: [theirs] })
    writer.lead(true)
    const said = (name: string): readonly string[] =>
      ((statusOf(api, 'XTelemetryPolicy', name).ancestors ?? []) as readonly Ancestor[])
        .filter(({ controllerName }) => controllerName === CONTROLLER)
        .flatMap(({ ancestorRef, conditions }) =>
          conditions.map(
            one => `${ancestorRef.name}: ${one.type} ${one.status} ${one.reason} ${one.observedGeneration}`,
          ),
        )
    await until(api, () => said('a').length === 2 && said('b').length === 2)
    assert.deepEqual(said('a'), [
      'front: Accepted True Accepted 1',
      'front: ResolvedRefs False BackendNotFound 1',
    ])
    assert.deepEqual(said('b'), ['front: Accepted False Conflicted 1', 'back: Accepted True Accepted 1'])
    assert.deepEqual(statusOf(api, 'XTelemetryPolicy', 'a').ancestors![0], theirs)
    // The one that was first goes, and the other has its Gateway.
    api.delete('XTelemetryPolicy', 'a')
    await until(api, () => said('b')[0] === 'front: Accepted True Accepted 1')
    // What an API server takes, and is in no order all the same.
    api.apply(telemetry('c', ['back', 'back'], enabled))
    await until(api, () => said('c')[0] === 'back: Accepted False Invalid 1')
    assert.equal(said('c').length, 1)
  })
})

suite('a leader', () => {
  const times = { leaseMs: 1_000, deadlineMs: 500, retryMs: 20 }
  const one = (api: ApiServer, identity: string) => {
    const said = new Seen<boolean>()
    const leader = new Leader({
      client: new ApiClient(accessTo(api)),
      namespace: 'portcullis',
      name: 'portcullis',
      identity,
      log: new Logger({ write: () => {} }),
      changed: leads => said.push(leads),
      times,
    })
    leader.start()
    return { leader, said }
  }
  const lease = (api: ApiServer): Record<string, unknown> =>
    (api.get('Lease', 'portcullis', 'portcullis')?.['spec'] ?? {}) as Record<string, unknown>

  test('is one of two; the other follows where it gives up', async () => {
    await using api = await ApiServer.start()
    const a = one(api, 'a')
    await a.said.first()
    const b = one(api, 'b')
    const { renewTime } = lease(api)
    await until(api, () => lease(api)['renewTime'] !== renewTime)
    assert.equal(lease(api)['holderIdentity'], 'a')
    assert.deepEqual(b.said.all, [])
    await a.leader.close()
    await b.said.first(leads => leads)
    assert.equal(lease(api)['holderIdentity'], 'b')
    assert.equal(lease(api)['leaseTransitions'], 1)
    await b.leader.close()
  })

  test('who cannot renew stops, and another takes the place of one that is gone', async () => {
    await using api = await ApiServer.start()
    const a = one(api, 'a')
    await a.said.first()
    await api.stop()
    await a.said.first(leads => !leads)
    await a.leader.close()
    await api.listen()
    const b = one(api, 'b')
    await b.said.first(leads => leads)
    assert.equal(lease(api)['holderIdentity'], 'b')
    await b.leader.close()
  })
})

interface Ancestor {
  readonly ancestorRef: { readonly name: string }
  readonly controllerName: string
  readonly conditions: readonly Said[]
}
