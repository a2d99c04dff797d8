import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distance, isSlip, nearest } from './nearest.ts'

const known = ['rules', 'parentRefs', 'hostnames', 'useDefaultGateways', 'PathPrefix', 'GET']

for (const [written, meant] of [
  ['rule', 'rules'],
  ['ruels', 'rules'],
  ['Rules', 'rules'],
  ['parentsRef', 'parentRefs'],
  ['hostname', 'hostnames'],
  ['useDefaultGatways', 'useDefaultGateways'],
  ['Prefix', 'PathPrefix'],
  ['get', 'GET'],
  ['xyz', undefined],
  ['spec', undefined],
  ['', undefined],
  ['r'.repeat(5000), undefined],
] as const)
  test(`${written.slice(0, 20)} means ${meant ?? 'nothing'}`, () =>
    assert.equal(nearest(written, known), meant))

for (const [a, b, d] of [
  ['', '', 0],
  ['abc', '', 3],
  ['abcd', 'acbd', 1],
  ['kitten', 'sitting', 3],
] as const)
  test(`distance of ${a} and ${b} is ${d}`, () => assert.equal(distance(a, b), d))

test('distance is symmetric, and 0 only for equal texts', () => {
  const word = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(
      word,
      word,
      (a, b) => distance(a, b) === distance(b, a) && (distance(a, b) === 0) === (a === b),
    ),
  )
})

for (const [written, name, is] of [
  ['petstor', 'petstore', true],
  ['petsotre', 'petstore', true],
  ['pet-store', 'petstore', true],
  ['pets', 'petstore', false],
  ['petstore', 'petstore', false],
  // What is gone, and what came after it.
  ['shop-v1', 'shop-v2', false],
  ['shop', 'shop2', false],
  ['shop-v9', 'shop-v10', false],
  // Those of one naming scheme, each of which is meant.
  ['team-x', 'team-y', false],
  ['prod-b', 'prod-g', false],
  ['eu-a-shop', 'eu-b-shop', false],
  ['shop-a.example', 'shop-b.example', false],
  ['team-ax', 'team-ay', true],
  ['team-a', 'teem-a', true],
  // Too short: it is one letter from most.
  ['api', 'app', false],
] as const)
  test(`${written} is ${is ? 'a slip for' : 'not'} ${name}`, () => assert.equal(isSlip(written, name), is))
