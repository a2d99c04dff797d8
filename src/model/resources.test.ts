import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyOf, refOf, Resources } from './resources.ts'
import { unservedIn } from './unserved.ts'
import { kinds, parseResources } from '../../test/support/declared.ts'
import { groupOf } from './kind.ts'
import { ConfigMap } from './kinds/config-map.ts'
import { Gateway } from './kinds/gateway.ts'
import { Secret } from './kinds/secret.ts'
import { Service } from './kinds/service.ts'
import type { Resource } from './resource.ts'

const read = (yaml: string) => {
  const { resources, problems } = parseResources('a.yaml', yaml)
  assert.deepEqual(problems, [])
  return resources
}
const kindOf = ({ apiVersion, kind }: Resource) => kinds.find(groupOf(apiVersion), kind)!
const map = (name: string, rest = '') =>
  `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}${rest}}}\n---\n`

test('order is age, then namespace/name, then kind; what has no age is youngest, in whatever order it was read', () => {
  const list = read(
    map('d') +
      map('b', ', creationTimestamp: "2026-01-02T00:00:00Z"') +
      map('a', ', creationTimestamp: "2026-01-01T23:59:59-02:00"') +
      map('c', ', creationTimestamp: "2026-01-02T00:00:00Z"') +
      map('aa') +
      map('z', ', namespace: default-2') +
      '{apiVersion: v1, kind: Secret, metadata: {name: aa}}\n---\n',
  )
  // As text "default-2/" comes before "default/".
  const expected = ['b', 'c', 'a', 'z', 'ConfigMap aa', 'Secret aa', 'd']
  const named = ({ kind, metadata: { name } }: Resource) => (name === 'aa' ? `${kind} ${name}` : name)
  for (const given of [list, list.toReversed()])
    assert.deepEqual(Resources.of(given).list.map(named), expected)
})

test('objects are found by kind, namespace and name, and the first of equals counts', () => {
  const list = read(
    `${map('a')}${map('a', ', namespace: b')}{apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\n${map('a', ', labels: {second: x}')}`,
  )
  const resources = Resources.of(list)
  assert.equal(resources.get(ConfigMap, 'default', 'a'), list[0])
  assert.equal(resources.get(ConfigMap, 'b', 'a'), list[1])
  assert.equal(resources.get(Secret, 'default', 'a'), list[2])
  assert.equal(resources.get(Secret, 'b', 'a'), undefined)
  assert.deepEqual(resources.all(Gateway), [])
  assert.equal(resources.list.length, 3)
})

test('objects of another group are others, whatever their kind and their name are', () => {
  const [service] = read('{apiVersion: v1, kind: Service, metadata: {name: a}}')
  assert.ok(service)
  const foreign = { ...service, apiVersion: 'serving.knative.dev/v1' }
  for (const list of [
    [foreign, service],
    [service, foreign],
  ]) {
    const resources = Resources.of(list)
    assert.equal(resources.get(Service, 'default', 'a'), service)
    assert.deepEqual(resources.all(Service), [service])
    assert.deepEqual(resources.list, [service, foreign])
  }
})

test('keys and references of namespaced, cluster-scoped and core objects', () => {
  const [backend, namespace] = read(
    `{apiVersion: portcullis.dev/v1alpha1, kind: Backend, metadata: {name: a, namespace: b}, spec: {endpoints: [{address: a, port: 1}]}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: c}}`,
  )
  assert.ok(backend && namespace)
  assert.equal(keyOf(backend), 'Backend.portcullis.dev/b/a')
  assert.deepEqual(refOf(backend), { group: 'portcullis.dev', kind: 'Backend', namespace: 'b', name: 'a' })
  assert.equal(keyOf(namespace), 'Namespace//c')
  assert.deepEqual(refOf(namespace), { group: '', kind: 'Namespace', namespace: '', name: 'c' })
})

test('the set cannot be changed', () => {
  const resources = Resources.of(read(map('a')))
  assert.ok(
    Object.isFrozen(resources) &&
      Object.isFrozen(resources.list) &&
      Object.isFrozen(resources.all(ConfigMap)),
  )
})

const policy = (kind: string, target: string, rest: string) =>
  `{apiVersion: portcullis.dev/v1alpha1, kind: ${kind}, metadata: {name: a}, spec: {targetRefs: [${target}], ${rest}}}`
const gateway = '{group: gateway.networking.k8s.io, kind: Gateway, name: g}'
const service = '{group: "", kind: Service, name: s}'
const backend = (protocol: string) =>
  `{apiVersion: portcullis.dev/v1alpha1, kind: Backend, metadata: {name: a}, spec: {endpoints: [{address: a, port: 1}], protocol: ${protocol}}}`

for (const [yaml, expected] of [
  [backend('http'), []],
  [backend('h2c'), []],
  [backend('https'), []],
  [backend('udp'), []],
  [policy('ClientPolicy', gateway, 'trustedHops: 1, limits: {bodyBytes: 1Mi}'), []],
  [policy('ClientPolicy', gateway, 'tls: {alpn: [h2]}, compression: {}'), []],
  [policy('BackendPolicy', service, 'loadBalancing: {type: LeastRequest}, dns: {refresh: 1s}'), []],
  [
    policy(
      'BackendPolicy',
      service,
      'healthChecks: {}, meshMode: Strict, timeouts: {request: 1s, silence: 1s}',
    ),
    [
      'spec.meshMode: the mesh role is not served yet; of this only that what a mesh repeats is not repeated here',
    ],
  ],
] as const)
  test(`not served in ${yaml.slice(38)}: ${expected.length}`, () => {
    const found = read(yaml).flatMap(r =>
      unservedIn(r, kindOf(r)).map(({ path, note }) => `${path.join('.')}: ${note}`),
    )
    assert.deepEqual(found, expected)
  })
