import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds as known, parseResources } from '../../test/support/declared.ts'
import { isKind } from './kind.ts'
import { Kinds } from './kinds.ts'
import { Backend } from './kinds/backend.ts'
import { Gateway } from './kinds/gateway.ts'
import { HTTPRoute } from './kinds/http-route.ts'
import { Service } from './kinds/service.ts'
import { Resources } from './resources.ts'

test('kinds are found by group and name, and one that several roles read is there once', () => {
  const kinds = new Kinds([Gateway, Service, Service, Backend, Gateway])
  assert.deepEqual(kinds.names, ['Gateway', 'Service', 'Backend'])
  assert.equal(kinds.find('', 'Service'), Service)
  assert.equal(kinds.find('portcullis.dev', 'Backend'), Backend)
  assert.equal(kinds.find('serving.knative.dev', 'Service'), undefined)
  assert.equal(kinds.find('', 'Backend'), undefined)
  assert.deepEqual([...kinds.wholeGroups], ['gateway.networking.k8s.io', 'portcullis.dev'])
})

test('names are unique, for messages leave the group out', () => {
  assert.equal(new Set(known.names).size, known.names.length)
})

test('an object is the same in each version of its kind', () => {
  const route = (version: string, label: string) =>
    `{apiVersion: gateway.networking.k8s.io/${version}, kind: HTTPRoute, metadata: {name: a, labels: {l: ${label}}}, spec: {}}\n---\n`
  const parsed = parseResources('a.yaml', route('v1beta1', 'first') + route('v1', 'second'))
  const resources = Resources.of(parsed.resources)
  const [only, ...more] = resources.all(HTTPRoute)
  assert.deepEqual([only?.metadata.labels, more], [{ l: 'first' }, []])
  assert.equal(resources.get(HTTPRoute, 'default', 'a'), only)
  for (const resource of parsed.resources) {
    assert.ok(isKind(resource, HTTPRoute))
    assert.ok(!isKind(resource, Gateway))
  }
})

test('a misspelt kind is told which one was meant, also where the role of that one does not run', () => {
  for (const [kind, meant] of [
    ['Gatway', 'Gateway'],
    ['RateLimitPolicys', 'RateLimitPolicy'],
    ['TraficPolicy', 'TrafficPolicy'],
  ] as const) {
    const text = `{apiVersion: portcullis.dev/v1alpha1, kind: ${kind}, metadata: {name: a}, spec: {targetRefs: [{kind: Gateway, name: g}]}}`
    const { problems, unenforced } = parseResources('a.yaml', text)
    assert.match(problems[0]?.message ?? '', new RegExp(`did you mean "${meant}"`))
    assert.equal(unenforced.length, 1, 'what it targets is closed')
  }
})
