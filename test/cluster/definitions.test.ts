// What a real API server makes of our CustomResourceDefinitions: it takes what is right, and refuses what `check` refuses.
import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { kinds } from '../../src/cli/roles.ts'
import { wantedStatus } from '../../src/kubernetes/status/wanted-status.ts'
import { GATEWAY_API, PORTCULLIS } from '../../src/model/kind.ts'
import { formatProblem } from '../../src/model/problem.ts'
import type { Condition, Resource } from '../../src/model/resource.ts'
import { validate } from '../../src/model/validate.ts'
import { readText } from '../../src/model/yaml.ts'
import { pageOf } from '../docs/page.ts'
import { RealCluster } from '../support/real-cluster.ts'

const root = join(import.meta.dirname, '../..')
const ours = kinds.all.filter(({ group }) => group === PORTCULLIS)

interface Declared {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** Every object of our kinds that the examples and the pages about tasks show. */
function shown(): { readonly from: string; readonly object: Declared }[] {
  const files = globSync('examples/**/*.yaml', { cwd: root }).map(file => ({
    from: file,
    text: readFileSync(join(root, file), 'utf8'),
  }))
  const blocks = readdirSync(join(root, 'docs/tasks')).flatMap(page =>
    Object.entries(pageOf(page).files).map(([name, text]) => ({ from: `${page} ${name}`, text })),
  )
  return [...files, ...blocks].flatMap(({ from, text }) =>
    readText(text, from).declarations.flatMap(({ value }) => {
      const object = value as Partial<Declared> | null
      return object?.apiVersion?.startsWith(`${PORTCULLIS}/`) === true && object.metadata !== undefined
        ? [{ from, object: object as Declared }]
        : []
    }),
  )
}

const gateway = `targetRefs: [{group: ${GATEWAY_API}, kind: Gateway, name: g}]`
const service = 'targetRefs: [{group: "", kind: Service, name: s}]'
const elsewhere = 'targetRefs: [{group: "", kind: Secret, name: s}]'
const limit = (rest: string) => `limits: [{name: a, kind: Rate, amount: 1, per: Second${rest}}]`
const jwt = 'jwt: {issuer: "https://login.example/", audiences: [a]}'

/** A spec that breaks one rule, by the message of that rule. Each rule has one, which is looked at below. */
const broken: readonly (readonly [kind: string, message: RegExp, spec: string])[] = [
  ['BackendPolicy', /expected Service/, `{${elsewhere}}`],
  [
    'BackendPolicy',
    /minVersion is above maxVersion/,
    `{${service}, tls: {minVersion: TLS1.3, maxVersion: TLS1.2}}`,
  ],
  [
    'BackendPolicy',
    /consistentHash is required for type/,
    `{${service}, loadBalancing: {type: ConsistentHash}}`,
  ],
  ['BackendPolicy', /http is only for type HTTP/, `{${service}, healthChecks: {type: TCP, http: {path: /}}}`],
  ['BackendPolicy', /grpc is only for type GRPC/, `{${service}, healthChecks: {type: HTTP, grpc: {}}}`],
  [
    'BackendPolicy',
    /interval must be at least 100ms/,
    `{${service}, healthChecks: {interval: 10ms, timeout: 5ms}}`,
  ],
  [
    'BackendPolicy',
    /spec.circuitBreaker.trip: .*interval must be 1s at least/,
    `{${service}, circuitBreaker: {trip: {interval: 10ms}}}`,
  ],
  [
    'BackendPolicy',
    /spec.retryBudget: .*interval must be 1s at least/,
    `{${service}, retryBudget: {interval: 10ms}}`,
  ],
  [
    'BackendPolicy',
    /maxInterval must not be below/,
    `{${service}, retry: {backOff: {baseInterval: 1s, maxInterval: 10ms}}}`,
  ],
  ['CertificatePolicy', /expected Gateway/, `{${elsewhere}, account: {termsOfServiceAgreed: true}}`],
  ['ClientPolicy', /expected Gateway/, `{${elsewhere}}`],
  [
    'ClientPolicy',
    /minVersion is above maxVersion/,
    `{${gateway}, tls: {minVersion: TLS1.3, maxVersion: TLS1.2}}`,
  ],
  ['ClientPolicy', /lets every client choose its address/, `{${gateway}, proxyProtocol: {required: false}}`],
  ['TrafficPolicy', /expected Gateway, ListenerSet, HTTPRoute/, `{${elsewhere}, priority: Critical}`],
  ['TrafficPolicy', /leaves out every request/, `{${gateway}, priority: Critical, except: [{}]}`],
  ['TrafficPolicy', /asks for nothing/, `{${gateway}}`],
  ['TrafficPolicy', /lists no address/, `{${gateway}, addresses: {}}`],
  [
    'TrafficPolicy',
    /header is required for by: Header/,
    `{${gateway}, rateLimits: [{name: a, requests: 1, unit: Second, by: Header}]}`,
  ],
  [
    'TrafficPolicy',
    /more than a day/,
    `{${gateway}, rateLimits: [{name: a, requests: 1, unit: Hour, burst: 100}]}`,
  ],
  ['TrafficPolicy', /falls back to nothing/, `{${gateway}, fallback: {}}`],
  ['TrafficPolicy', /answers nothing/, `{${gateway}, localReplies: {}}`],
  ['TrafficPolicy', /has no body/, `{${gateway}, localReplies: {errors: [{statuses: [404]}]}}`],
  [
    'ExternalAuthPolicy',
    /expected Gateway, ListenerSet, HTTPRoute/,
    `{${elsewhere}, backendRef: {name: s, port: 80}}`,
  ],
  [
    'ExternalAuthPolicy',
    /leaves out every request/,
    `{${gateway}, backendRef: {name: s, port: 80}, except: [{}]}`,
  ],
  [
    'ExternalAuthPolicy',
    /http is only for protocol: HTTP/,
    `{${gateway}, backendRef: {name: s, port: 80}, protocol: GRPC, http: {path: /a}}`,
  ],
  [
    'ExternalAuthPolicy',
    /must be absent where path is given/,
    `{${gateway}, backendRef: {name: s, port: 80}, http: {path: /a, pathPrefix: /b}}`,
  ],
  [
    'ExternalAuthPolicy',
    /timeout must be more than 0s/,
    `{${gateway}, backendRef: {name: s, port: 80}, timeout: 0s}`,
  ],
  ['Composition', /expected bundle or aggregate/, '{threads: 2}'],
  ['API', /deprecation is required for/, '{routeRefs: [{name: r}], lifecycle: Deprecated}'],
  ['API', /basePath ends in/, '{routeRefs: [{name: r}], basePath: /a/}'],
  ['API', /expected document, configMapRef or compositionRef/, '{routeRefs: [{name: r}], openapi: {}}'],
  [
    'AuthenticationPolicy',
    /expected Gateway, ListenerSet, HTTPRoute/,
    `{${elsewhere}, credentials: [{apiKey: {}}]}`,
  ],
  [
    'AuthenticationPolicy',
    /an API has no sections/,
    `{targetRefs: [{group: portcullis.dev, kind: API, name: a, sectionName: b}], credentials: [{apiKey: {}}]}`,
  ],
  [
    'AuthenticationPolicy',
    /leaves out every request/,
    `{${gateway}, credentials: [{apiKey: {}}], except: [{}]}`,
  ],
  ['AuthenticationPolicy', /expected one of apiKey/, `{${gateway}, credentials: [{}]}`],
  [
    'AuthenticationPolicy',
    /apiKey.in\[0\]: .*expected one of header/,
    `{${gateway}, credentials: [{apiKey: {in: [{}]}}]}`,
  ],
  [
    'AuthenticationPolicy',
    /jwt.in\[0\]: .*expected one of header/,
    `{${gateway}, credentials: [{${jwt.slice(0, -1)}, in: [{}]}}]}`,
  ],
  [
    'AuthorizationPolicy',
    /expected Gateway, ListenerSet, HTTPRoute/,
    `{${elsewhere}, rules: [{name: r, action: Allow}]}`,
  ],
  [
    'AuthorizationPolicy',
    /an API has no sections/,
    `{targetRefs: [{group: portcullis.dev, kind: API, name: a, sectionName: b}], rules: [{name: r, action: Allow}]}`,
  ],
  [
    'AuthorizationPolicy',
    /leaves out every request/,
    `{${gateway}, rules: [{name: r, action: Allow}], except: [{}]}`,
  ],
  [
    'AuthorizationPolicy',
    /can only be the last/,
    `{${gateway}, rules: [{name: r, action: Allow, from: {principals: ["a*b"]}}]}`,
  ],
  ['Plan', /per is one of/, '{limits: [{name: a, kind: Rate, amount: 1, per: Month}]}'],
  ['Plan', /anchor and timeZone are only/, `{${limit(', timeZone: Europe/Berlin')}}`],
  ['Plan', /burst is only for/, '{limits: [{name: a, kind: Quota, amount: 1, per: Day, burst: 3}]}'],
  ['Plan', /onStoreError is only/, `{${limit(', onStoreError: Deny')}}`],
  ['Plan', /costs and costHeader/, `{${limit('')}, costHeader: x-cost}`],
  ['Plan', /maxCost is of no use/, `{${limit('')}, maxCost: 5}`],
  ['RateLimitPolicy', /expected Gateway, ListenerSet, HTTPRoute/, `{${elsewhere}, ${limit('')}}`],
  [
    'RateLimitPolicy',
    /an API has no sections/,
    `{targetRefs: [{group: portcullis.dev, kind: API, name: a, sectionName: b}], ${limit('')}}`,
  ],
  ['RateLimitPolicy', /leaves out every request/, `{${gateway}, ${limit('')}, except: [{}]}`],
  [
    'RateLimitPolicy',
    /per is one of/,
    `{${gateway}, limits: [{name: a, kind: Rate, amount: 1, per: Month}]}`,
  ],
  [
    'RateLimitPolicy',
    /burst is only for/,
    `{${gateway}, limits: [{name: a, kind: Quota, amount: 1, per: Day, burst: 3}]}`,
  ],
  ['RateLimitPolicy', /onStoreError is only/, `{${gateway}, ${limit(', onStoreError: Deny')}}`],
  ['RateLimitPolicy', /claim is required for by: Claim/, `{${gateway}, ${limit(', by: Claim')}}`],
  ['RateLimitPolicy', /header is required for by: Header/, `{${gateway}, ${limit(', by: Header')}}`],
  ['RateLimitPolicy', /only a Plan says/, `{${gateway}, ${limit(', unit: Cost')}}`],
  // Formats and shapes, which are not rules of a kind.
  ['Backend', /expected an IP address or a DNS name/, '{endpoints: [{address: "a b", port: 80}]}'],
  ['Backend', /expected an IP address or a DNS name/, '{endpoints: [{address: "1.2.3", port: 80}]}'],
  ['TrafficPolicy', /expected an IP address or a range/, `{${gateway}, addresses: {allow: ["10.0.0.0/33"]}}`],
  ['Backend', /unknown field "spec.prot"/, '{endpoints: [{address: a, port: 80}], prot: http}'],
]

const text = (kind: string, spec: string) =>
  `apiVersion: portcullis.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: x, namespace: default }\nspec: ${spec}\n`

function refusalsOf(kind: string, spec: string): string[] {
  const { declarations, problems } = readText(text(kind, spec), 'a.yaml')
  assert.deepEqual(problems, [])
  return declarations.flatMap(one =>
    validate(one, kinds)
      .problems.filter(({ severity }) => severity === 'error')
      .map(formatProblem),
  )
}

suite('definitions of our kinds, by an API server', () => {
  let cluster: RealCluster | null = null

  before(async context => {
    cluster = await RealCluster.start(context as Parameters<typeof RealCluster.start>[0])
    cluster?.kubectl(['apply', '--server-side', '-f', join(root, 'deploy/kustomize/crds.yaml')])
    cluster?.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  async function create(
    object: Declared,
  ): Promise<{ status: number; said: string; warnings: readonly string[] }> {
    const { plural } = ours.find(({ kind }) => kind === object.kind)!
    const { apiVersion, metadata } = object
    const path = `/apis/${apiVersion}/namespaces/default/${plural}?dryRun=All&fieldValidation=Strict`
    const placed = { ...object, metadata: { ...metadata, namespace: 'default' } }
    const { status, body, warnings } = await cluster!.ask('POST', path, placed)
    const { message = '' } = JSON.parse(body) as { message?: string }
    return { status, said: message, warnings }
  }

  /** Into its status, as a gateway would; `kept` is what came back. */
  async function write(object: Declared, conditions: readonly Condition[]) {
    const { plural } = ours.find(({ kind }) => kind === object.kind)!
    const path = `/apis/${object.apiVersion}/namespaces/default/${plural}/${object.metadata.name}`
    const known = JSON.parse((await cluster!.ask('GET', path)).body) as { readonly status?: object }
    const metadata = { name: object.metadata.name, namespace: 'default', generation: 1 }
    const resource: Resource = { ...object, metadata, body: {}, at: () => null }
    const said = { resource, conditions, gateways: new Map(), addresses: [], features: [] }
    const now = wantedStatus(said, known.status, '2026-01-01T00:00:00Z')
    const written = { ...known, status: { ...known.status, ...now } }
    const { status, body } = await cluster!.ask('PUT', `${path}/status`, written)
    assert.equal(status, 200, body)
    return { now, kept: (JSON.parse(body) as { readonly status: unknown }).status }
  }

  test('it takes them without a warning', async t => {
    if (cluster === null) return t.skip('no API server')
    for (const { plural } of ours) {
      const { status, body } = await cluster.ask(
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${PORTCULLIS}`,
      )
      assert.equal(status, 200, plural)
      const { status: seen } = JSON.parse(body) as {
        status: { conditions: { type: string; status: string }[] }
      }
      const by = Object.fromEntries(seen.conditions.map(one => [one.type, one.status]))
      assert.deepEqual(
        [by['Established'], by['NamesAccepted'], by['NonStructuralSchema']],
        ['True', 'True', undefined],
      )
    }
  })

  test('what examples and pages show is taken', async t => {
    if (cluster === null) return t.skip('no API server')
    const objects = shown()
    assert.ok(objects.length > 40, String(objects.length))
    for (const { from, object } of objects) {
      const { status, said, warnings } = await create(object)
      assert.deepEqual(
        [status, warnings],
        [201, []],
        `${from} ${object.kind}/${object.metadata.name}: ${said}`,
      )
    }
  })

  test('what is wrong is refused by it, and by check', async t => {
    if (cluster === null) return t.skip('no API server')
    const wrong: string[] = []
    const refused: { readonly kind: string; readonly said: string }[] = []
    for (const [kind, message, spec] of broken) {
      const { declarations } = readText(text(kind, spec), 'a.yaml')
      const { status, said } = await create(declarations[0]!.value as unknown as Declared)
      if (status === 201 || !message.test(said))
        wrong.push(`${kind} ${spec}: ${status} ${said}, expected ${message}`)
      if (refusalsOf(kind, spec).length === 0) wrong.push(`check takes ${kind} ${spec}`)
      refused.push({ kind, said })
    }
    for (const { kind, cel = [] } of ours)
      for (const { path, message } of cel) {
        const where = path.replaceAll('.*', '[0]')
        const isBroken = refused.some(
          one => one.kind === kind && one.said.includes(`${where}: `) && one.said.includes(message),
        )
        if (!isBroken) wrong.push(`${kind} ${where}: ${message}: broken by none of the table`)
      }
    assert.deepEqual(wrong, [])
  })

  test('what is said of each kind is kept, of itself and of what it is for', async t => {
    if (cluster === null) return t.skip('no API server')
    const byKind = new Map(shown().map(({ object }) => [object.kind, object]))
    const objects = [...byKind.values()].map(object => ({
      ...object,
      metadata: { name: object.metadata.name, namespace: 'default' },
    }))
    assert.ok(objects.length > 10, String(objects.length))
    cluster.kubectl(
      ['apply', '--server-side', '-f', '-'],
      objects.map(one => JSON.stringify(one)).join('\n---\n'),
    )
    const about = { group: PORTCULLIS, kind: 'API', namespace: 'default', name: 'a' }
    const condition = { about, type: 'Accepted', status: 'True', reason: 'Accepted', message: 'm' } as const
    for (const [conditions, accepted] of [
      [[{ ...condition, parent: about }], 'True'],
      [[{ ...condition, status: 'False' }], 'False'],
      [
        [
          { ...condition, parent: about },
          { ...condition, type: 'Current', status: 'False' },
        ],
        'True',
      ],
    ] as const) {
      for (const object of objects) {
        const { now, kept } = await write(object, conditions)
        assert.deepEqual(kept, { ...(kept as object), ...now }, object.kind)
      }
      const kindsOf = objects.map(({ kind }) => ours.find(one => one.kind === kind)!.plural).join()
      const columns: readonly string[] = cluster
        .kubectl(['get', kindsOf, '--no-headers'])
        .split('\n')
        .filter(line => line !== '')
      assert.deepEqual(
        columns.map(line => line.split(/ +/)[1]),
        objects.map(() => accepted),
      )
    }
  })

  test('kubectl explains them with our words, and says whose they are', t => {
    if (cluster === null) return t.skip('no API server')
    for (const { plural, role } of ours)
      assert.match(cluster.kubectl(['explain', plural]), new RegExp(`Of\\s+the\\s+role\\s+${role}\\.`))
    assert.match(
      cluster.kubectl(['explain', 'backend.spec.endpoints.address']),
      /An IP address, or a DNS name/,
    )
  })
})
