// The chart of deploy/helm: what it makes without values is what deploy/kustomize installs; what it makes of values an API
// server takes, and is enough for the real program.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { send } from '../support/client.ts'
import { requirePeer } from '../support/peer.ts'
import { freePort, RunProcess } from '../support/process.ts'
import { RealCluster } from '../support/real-cluster.ts'
import { TestUpstream } from '../support/upstream.ts'

const root = join(import.meta.dirname, '../..')
const chart = join(root, 'deploy/helm')
const NAMESPACE = 'portcullis-system'
/** A helm that is built of its module has an old one. */
const KUBE = '--kube-version=1.31.0'

interface Made {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** What helm prints; throws what it says where it fails. */
function helm(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

const rendered = (program: string, ...args: readonly string[]): string =>
  helm(program, 'template', 'portcullis', chart, '-n', NAMESPACE, KUBE, ...args)

const objectsOf = (yaml: string): readonly Made[] =>
  parseAllDocuments(yaml)
    .map(one => one.toJS() as Made | null)
    .filter(one => one !== null)

/** What helm adds to tell releases apart, and what an API server makes of nothing. */
const added = new Set([
  'app.kubernetes.io/instance',
  'app.kubernetes.io/version',
  'app.kubernetes.io/managed-by',
  'helm.sh/chart',
  'helm.sh/resource-policy',
  'imagePullPolicy',
])

/** A release knows the namespace of its account; a kustomization may be put into any. */
const ANY_NAMESPACE = `request.userInfo.username.matches('^system:serviceaccount:[^:]+:portcullis$')`
const ONE_NAMESPACE = `request.userInfo.username == 'system:serviceaccount:${NAMESPACE}:portcullis'`

function plain(value: unknown): unknown {
  if (value === ANY_NAMESPACE) return ONE_NAMESPACE
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
    .filter(([name]) => !added.has(name))
    .map(([name, field]) => [name, plain(field)] as const)
    // Labels and annotations that are nothing else.
    .filter(([name, field]) => !(['labels', 'annotations'].includes(name) && isNothing(field)))
  return Object.fromEntries(fields)
}

const isNothing = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).every(name => name === 'app.kubernetes.io/name')

function byName(objects: readonly Made[]): Record<string, unknown> {
  const named = objects.map(one => [`${one.kind}/${one.metadata.name}`, plain(one)] as const)
  return Object.fromEntries(named.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const withHelm = (t: Pick<TestContext, 'skip'>): string | null => requirePeer(t, 'helm')

suite('the chart', () => {
  test('is in order for helm, which judges values by its schema', t => {
    const program = withHelm(t)
    if (program === null) return
    assert.match(helm(program, 'lint', '--strict', chart), /1 chart\(s\) linted, 0 chart\(s\) failed/)
    for (const wrong of ['kind=StatefulSet', 'replica=3', 'service.type=ExternalName', 'workers=0'])
      assert.throws(
        () => rendered(program, '--set', wrong),
        /values don't meet the specifications of the schema/,
      )
  })

  test('makes what deploy/kustomize installs', t => {
    const program = withHelm(t)
    if (program === null) return
    const installed = objectsOf(readFileSync(join(root, 'deploy/install.yaml'), 'utf8'))
    const made = objectsOf(rendered(program))
    // A release is put into a namespace that is there.
    const expected = byName(installed.filter(({ kind }) => kind !== 'Namespace'))
    assert.deepEqual(byName(made), expected)
  })
})

/** Values in one file each, and what of what they make is to be seen. */
const variants: readonly (readonly [what: string, values: object, seen: RegExp])[] = [
  [
    'a DaemonSet with ports of its nodes',
    { kind: 'DaemonSet', hostPorts: true, service: { enabled: false }, publish: '192.0.2.1' },
    /hostPort: 443/,
  ],
  [
    'a Service as a cloud wants it',
    {
      service: {
        annotations: { 'service.beta.kubernetes.io/aws-load-balancer-type': 'external' },
        loadBalancerClass: 'service.k8s.aws/nlb',
        loadBalancerSourceRanges: ['203.0.113.0/24'],
        ports: [
          { name: 'http', port: 80, targetPort: 80 },
          { name: 'dns', port: 53, targetPort: 53, protocol: 'UDP' },
        ],
      },
    },
    /loadBalancerClass: service.k8s.aws\/nlb/,
  ],
  ['a ClusterIP', { service: { type: 'ClusterIP' } }, /type: ClusterIP/],
  [
    'Services of Gateways of another type, in few namespaces',
    { gatewayServices: { type: 'ClusterIP' }, namespaces: ['team-a'] },
    /resources: \[services\]\n    verbs: \[create, delete, patch\][^]*--gateway-services=ClusterIP/,
  ],
  [
    'Services of Gateways without names in their namespaces',
    { gatewayAliases: false },
    /--gateway-services=LoadBalancer\n +- --no-gateway-aliases/,
  ],
  [
    'management with its store, and what Pods are to have',
    {
      image: { repository: 'registry.example/portcullis', tag: '1.2.3', pullSecrets: [{ name: 'registry' }] },
      replicas: 5,
      roles: ['all'],
      store: { secretName: 'database' },
      extraArgs: ['--counters=redis://redis:6379', '--secrets=/etc/portcullis/secrets'],
      extraEnv: [{ name: 'PORTCULLIS_LOG_LEVEL', value: 'debug' }],
      extraVolumes: [{ name: 'secrets', secret: { secretName: 'portcullis-secrets' } }],
      extraVolumeMounts: [{ name: 'secrets', mountPath: '/etc/portcullis/secrets', readOnly: true }],
      tolerations: [{ key: 'edge', operator: 'Exists' }],
      nodeSelector: { edge: 'true' },
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } },
      priorityClassName: 'system-cluster-critical',
      podLabels: { team: 'edge' },
      podDisruptionBudget: { maxUnavailable: '20%' },
      resources: { requests: { cpu: '2' }, limits: { memory: '4Gi' } },
      ingressClass: { default: true },
    },
    /secretKeyRef: \{ name: database, key: url \}/,
  ],
  ['few namespaces', { namespaces: ['team-a', 'team-b'] }, /--namespace=team-a,team-b/],
  [
    'nothing but the workload',
    {
      crds: { enabled: false },
      gatewayClass: { enabled: false },
      ingressClass: { enabled: false },
      rbac: { enabled: false },
      serviceAccount: { enabled: false, name: 'given' },
      podDisruptionBudget: { enabled: false },
      service: { enabled: false },
    },
    /serviceAccountName: given/,
  ],
]

const served = (namespace: string, port: number, upstream: number) => `
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items, namespace: ${namespace} }
spec: { endpoints: [{ address: 127.0.0.1, port: ${upstream} }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: ${namespace} }
spec:
  gatewayClassName: portcullis
  addresses: [{ value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: items, namespace: ${namespace} }
spec:
  ingressClassName: portcullis
  rules:
    - host: ${namespace}.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: { resource: { apiGroup: portcullis.dev, kind: Backend, name: items } }
`

suite('what the chart makes, on a real API server', () => {
  let cluster: RealCluster | null = null
  let program: string | null = null

  before(async context => {
    const folder = process.env['GATEWAY_API']
    program = withHelm(context as TestContext)
    if (program === null || folder === undefined) {
      if (process.env['CI']) throw new Error('helm or GATEWAY_API is missing (.ci/run), and CI must not skip')
      return
    }
    cluster = await RealCluster.start(context as TestContext)
    const definitions = globSync(join(folder, 'config/crd/standard/gateway.networking.k8s.io_*s.yaml'))
    cluster?.kubectl(['apply', '--server-side', ...definitions.flatMap(file => ['-f', file])])
    for (const namespace of [NAMESPACE, 'team-a', 'team-b', 'team-c'])
      cluster?.kubectl(['create', 'namespace', namespace])
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const make = (values: object, release = 'portcullis'): string => {
    const file = join(cluster!.folder, 'values.json')
    writeFileSync(file, JSON.stringify(values))
    return helm(program!, 'template', release, chart, '-n', NAMESPACE, KUBE, '-f', file)
  }

  for (const [what, values, seen] of variants)
    test(`is taken: ${what}`, t => {
      if (cluster === null) return t.skip('no API server')
      const yaml = make(values)
      assert.match(yaml, seen)
      const { ok, said } = cluster.tryKubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], yaml)
      assert.ok(ok, said)
    })

  test('is within the strictest standard for Pods', t => {
    if (cluster === null) return t.skip('no API server')
    const enforce = 'pod-security.kubernetes.io/enforce=restricted'
    const flags = ['label', '--overwrite', '--dry-run=server', 'namespace', NAMESPACE, enforce]
    cluster.kubectl(['apply', '--server-side', '-f', '-'], make({}))
    // It says which workloads of the namespace would not be.
    assert.doesNotMatch(cluster.tryKubectl(flags).said, /Warning/)
  })

  test('a second release of another name is beside the first, with a Lease of its own', t => {
    if (cluster === null) return t.skip('no API server')
    const others = {
      crds: { enabled: false },
      gatewayClass: { enabled: false },
      ingressClass: { enabled: false },
    }
    const yaml = make(others, 'edge')
    assert.match(yaml, new RegExp(`--lease=${NAMESPACE}/edge-portcullis`))
    const names = objectsOf(yaml).map(({ metadata }) => metadata.name)
    assert.deepEqual([...new Set(names)].toSorted(), ['edge-portcullis', 'edge-portcullis-gateway-aliases'])
    const { ok, said } = cluster.tryKubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], yaml)
    assert.ok(ok, said)
  })

  test('of few namespaces the account may write names of Gateways into these alone', t => {
    if (cluster === null) return t.skip('no API server')
    const yaml = make({ namespaces: ['team-a', 'team-b'] }, 'named-portcullis')
    cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], yaml)
    const account = `system:serviceaccount:${NAMESPACE}:named-portcullis`
    for (const [namespace, expected] of [
      ['team-a', true],
      ['team-b', true],
      ['team-c', false],
      [NAMESPACE, true],
    ] as const)
      for (const verb of ['create', 'patch', 'delete']) {
        const asked = ['auth', 'can-i', verb, 'services', '-n', namespace, `--as=${account}`]
        assert.equal(cluster.tryKubectl(asked).ok, expected, asked.join(' '))
      }
    // And there as names alone: what is declared is in force a moment after.
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'new' },
      spec: { ports: [{ port: 80 }] },
    }
    const create = ['create', '--dry-run=server', '-f', '-', '-n', 'team-a', `--as=${account}`]
    const said = () => cluster!.tryKubectl(create, JSON.stringify(service)).said
    const isRefused = () => said().includes('named-portcullis-gateway-aliases')
    for (const end = performance.now() + 60_000; !isRefused();) assert.ok(performance.now() < end, said())
  })

  test('of few namespaces the account may read no others, and that is enough to serve them', async t => {
    if (cluster === null) return t.skip('no API server')
    await using upstream = await TestUpstream.start((_, response) => response.end('items'))
    const namespaces = ['team-a', 'team-b']
    const yaml = make({ namespaces, gatewayServices: { enabled: false } }, 'narrow-portcullis')
    cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], yaml)
    cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
    const account = `system:serviceaccount:${NAMESPACE}:narrow-portcullis`
    const may = (...asked: string[]) => cluster!.tryKubectl(['auth', 'can-i', ...asked, `--as=${account}`]).ok
    for (const [expected, ...asked] of [
      [true, 'list', 'secrets', '-n', 'team-a'],
      [true, 'watch', 'ingresses.networking.k8s.io', '-n', 'team-b'],
      [true, 'patch', 'ingresses.networking.k8s.io', '--subresource=status', '-n', 'team-a'],
      [true, 'update', 'leases.coordination.k8s.io/narrow-portcullis', '-n', NAMESPACE],
      [true, 'watch', 'services/narrow-portcullis', '-n', NAMESPACE],
      [false, 'watch', 'services', '-n', NAMESPACE],
      [false, 'create', 'services', '-n', NAMESPACE],
      [false, 'list', 'secrets', '-n', 'team-c'],
      [false, 'list', 'secrets', '-n', NAMESPACE],
      [false, 'list', 'secrets', '-A'],
      [false, 'list', 'gatewayclasses.gateway.networking.k8s.io'],
      [false, 'patch', 'ingresses.networking.k8s.io', '-n', 'team-a'],
    ] as const)
      assert.equal(may(...asked), expected, asked.join(' '))
    const port = await freePort()
    for (const namespace of ['team-a', 'team-c'])
      cluster.kubectl(['apply', '--server-side', '-f', '-'], served(namespace, port, upstream.port))
    const token = cluster.kubectl(['create', 'token', 'narrow-portcullis', '-n', NAMESPACE]).trim()
    const kubeconfig = join(cluster.folder, 'narrow')
    writeFileSync(kubeconfig, cluster.configFor(token, NAMESPACE))
    const args: readonly string[] = /args:\n((?: +- .*\n)+)/.exec(yaml)?.[1]?.match(/--\S+/g) ?? []
    assert.ok(args.includes('--namespace=team-a,team-b'), args.join(' '))
    await using run = await RunProcess.start(
      [],
      ...args,
      `--kubeconfig=${kubeconfig}`,
      '--workers=1',
      `--ingress-ports=${port},${await freePort()}`,
      `--data=${join(cluster.folder, 'narrow-data')}`,
    )
    await run.started()
    // What a balancer would write.
    const balanced = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } } })
    const service = ['service/narrow-portcullis', '-n', NAMESPACE]
    cluster.kubectl(['patch', ...service, '--subresource=status', '--type=merge', '-p', balanced])
    assert.equal((await send(port, { host: 'team-a.example' })).body, 'items')
    assert.equal((await send(port, { host: 'team-c.example' })).status, 404)
    const reached = 'jsonpath={.status.loadBalancer.ingress[0].ip}=192.0.2.7'
    const { ok, said } = cluster.tryKubectl([
      'wait',
      `--for=${reached}`,
      'ingress/items',
      '-n',
      'team-a',
      '--timeout=60s',
    ])
    assert.ok(ok, said)
    assert.equal(await run.stop(), 0)
  })
})
