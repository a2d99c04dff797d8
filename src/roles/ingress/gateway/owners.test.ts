import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { parseResources } from '../../../../test/support/declared.ts'
import { Resources } from '../../../model/resources.ts'
import { intersect } from '../routes/hostnames.ts'
import { Owners } from './owners.ts'

const head = (kind: string): string =>
  `apiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: { name: r }\nspec: {}\n---\n`
const resources = Resources.of(parseResources('a.yaml', head('HTTPRoute') + head('GRPCRoute')).resources)
const requests = resources.all(HTTPRoute)[0]!
const calls = resources.all(GRPCRoute)[0]!

for (const [theirs, ours, rival] of [
  ['a.example', 'a.example', true],
  ['a.example', 'b.example', false],
  ['*.example', 'a.example', true],
  ['*.example', 'a.b.example', true],
  ['*.example', 'example', false],
  ['a.b.example', '*.example', true],
  ['*.b.example', '*.example', true],
  ['*.example', '*.b.example', true],
  ['*.a.example', '*.b.example', false],
  ['xb.example', '*.b.example', false],
  ['', 'a.example', true],
  ['a.example', '', true],
  ['', '*.example', true],
  ['', '', true],
] as const)
  test(`${theirs || 'any'} and ${ours || 'any'} have ${rival ? 'names' : 'nothing'} in common`, () => {
    const owners = new Owners()
    owners.add(theirs, requests)
    assert.deepEqual(owners.rivalOf(calls, ours), rival ? { hostname: theirs, route: requests } : null)
    assert.equal(owners.rivalOf(requests, ours), null)
  })

test('of several routes the first is named', () => {
  const owners = new Owners()
  const another = { ...requests }
  owners.add('a.example', requests)
  owners.add('a.example', another)
  assert.equal(owners.rivalOf(calls, 'a.example')?.route, requests)
  assert.equal(owners.rivalOf(calls, '*.example')?.route, requests)
})

test('there is a rival exactly where hostnames intersect', () => {
  const name = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
    .map(labels => labels.join('.'))
  const hostname = fc.oneof(
    name,
    name.map(one => `*.${one}`),
    fc.constant(''),
  )
  fc.assert(
    fc.property(fc.array(hostname, { maxLength: 5 }), hostname, (theirs, ours) => {
      const owners = new Owners()
      for (const one of theirs) owners.add(one, calls)
      const expected = theirs.some(one => intersect(one, ours) !== null)
      assert.equal(owners.rivalOf(requests, ours) !== null, expected)
    }),
    { numRuns: 2000 },
  )
})
