import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { targetingOf } from './targeting.ts'

const path = (field: string, i?: number) => (i === undefined ? ['spec', field] : ['spec', field, i])
const route = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }

suite('what a spec targets', () => {
  for (const [name, spec, refs] of [
    [
      'targetRefs',
      { targetRefs: [{ ...route, name: 'a' }] },
      [{ ...route, namespace: 'home', name: 'a', path: path('targetRefs', 0) }],
    ],
    [
      'targetRef, as it was before',
      { targetRef: { ...route, name: 'a' } },
      [{ ...route, namespace: 'home', name: 'a', path: path('targetRef') }],
    ],
    [
      'one object where a list is due',
      { targetRefs: { ...route, name: 'a' } },
      [{ ...route, namespace: 'home', name: 'a', path: path('targetRefs') }],
    ],
    [
      'both, with a section and a namespace',
      {
        targetRef: { ...route, name: 'a', sectionName: 's' },
        targetRefs: [{ ...route, name: 'b', namespace: 'n' }],
      },
      [
        { ...route, namespace: 'home', name: 'a', sectionName: 's', path: path('targetRef') },
        { ...route, namespace: 'n', name: 'b', path: path('targetRefs', 0) },
      ],
    ],
    [
      'no group: any',
      { targetRef: { kind: 'Service', name: 'a' } },
      [{ group: null, kind: 'Service', namespace: 'home', name: 'a', path: path('targetRef') }],
    ],
    [
      'core',
      { targetRef: { group: 'core', kind: 'Service', name: 'a' } },
      [{ group: '', kind: 'Service', namespace: 'home', name: 'a', path: path('targetRef') }],
    ],
    [
      'an apiVersion',
      { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
      [{ group: 'apps', kind: 'Deployment', namespace: 'home', name: 'a', path: path('targetRef') }],
    ],
  ] as const)
    test(name, () => assert.deepEqual(targetingOf(spec, 'home'), { refs, selectors: [] }))

  for (const [name, selector, expected] of [
    ['labels', { ...route, matchLabels: { a: 'b' } }, { ...route, labels: { a: 'b' }, namespace: 'home' }],
    ['no labels: all', { kind: 'Gateway' }, { group: null, kind: 'Gateway', labels: {}, namespace: 'home' }],
    ['all namespaces', { ...route, namespaces: { from: 'All' } }, { ...route, labels: {}, namespace: null }],
    // Which namespaces these are is not judged.
    [
      'some namespaces',
      { ...route, namespaces: { from: 'Selector', selector: {} } },
      { ...route, labels: {}, namespace: null },
    ],
    [
      'expressions',
      { ...route, matchExpressions: [{ key: 'a', operator: 'Exists' }] },
      { ...route, labels: {}, namespace: 'home' },
    ],
  ] as const)
    test(`selectors: ${name}`, () =>
      assert.deepEqual(targetingOf({ targetSelectors: [selector] }, 'home'), {
        refs: [],
        selectors: [{ ...expected, path: path('targetSelectors', 0) }],
      }))

  for (const spec of [undefined, null, 'text', {}, { selector: {} }, { targetRefs: [], targetSelectors: [] }])
    test(`nothing: ${JSON.stringify(spec)}`, () => assert.equal(targetingOf(spec, 'home'), 'none'))

  for (const spec of [
    { targetRef: 'shop' },
    { targetRef: {} },
    { targetRef: { ...route } },
    { targetRef: { ...route, name: '' } },
    { targetRef: { name: 'a' } },
    { targetRef: { group: 1, kind: 'HTTPRoute', name: 'a' } },
    { targetRef: { ...route, name: 'a', namespace: 1 } },
    { targetRef: { ...route, name: 'a', sectionName: [] } },
    { targetRefs: 'shop' },
    { targetRefs: [{ ...route, name: 'a' }, null] },
    { targetSelectors: [{}] },
    { targetSelectors: [{ ...route, matchLabels: ['a'] }] },
    { targetSelectors: [{ ...route, matchLabels: { a: 1 } }] },
  ])
    test(`unreadable: ${JSON.stringify(spec)}`, () => assert.equal(targetingOf(spec, 'home'), 'unreadable'))
})
