import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GRPCMethodMatch } from '../../../model/kinds/grpc-route.ts'
import { compilePath, takesPath } from '../../../proxy/router/conditions.ts'
import { callMatches } from './grpc-matches.ts'

const regular = 'RegularExpression'

/** Each row: a method match, a path, and whether it takes it. */
const table: readonly (readonly [method: GRPCMethodMatch | undefined, path: string, expected: boolean])[] = [
  [undefined, '/shop.Items/Get', true],
  [{ service: 'shop.Items', method: 'Get' }, '/shop.Items/Get', true],
  [{ service: 'shop.Items', method: 'Get' }, '/shop.Items/GetAll', false],
  [{ service: 'shop.Items', method: 'Get' }, '/shop.items/get', false],
  [{ service: 'shop.Items', method: 'Get' }, '/shopxItems/Get', false],
  [{ service: 'shop.Items' }, '/shop.Items/Get', true],
  [{ service: 'shop.Items' }, '/shop.Items2/Get', false],
  [{ service: 'shop.Items' }, '/shop/Get', false],
  [{ method: 'Get' }, '/shop.Items/Get', true],
  [{ method: 'Get' }, '/shop.Items/GetAll', false],
  [{ method: 'Get' }, '/Get', false],
  [{ method: 'Get' }, '//Get', false],
  [{ method: 'Get' }, '/a/b/Get', false],
  [{ type: regular, service: 'shop[.](Items|Carts)' }, '/shop.Carts/Get', true],
  [{ type: regular, service: 'shop[.](Items|Carts)' }, '/shop.Orders/Get', false],
  [{ type: regular, service: 'shop' }, '/shop.Items/Get', false],
  [{ type: regular, service: 'Items' }, '/shop.Items/Get', false],
  [{ type: regular, service: 'a|b' }, '/b/Get', true],
  [{ type: regular, service: 'a|b' }, '/a', false],
  [{ type: regular, method: 'Get.*' }, '/shop.Items/GetAll', true],
  [{ type: regular, method: 'Get.*' }, '/shop.Items/List', false],
  [{ type: regular, service: '', method: 'a|b' }, '/x/b', true],
  [{ type: regular, service: 'a|b', method: 'c|d' }, '/a/d', true],
  [{ type: regular, service: 'a|b', method: 'c|d' }, '/a/x', false],
  [{ type: regular, service: '^shop[.].*$', method: '^Get$' }, '/shop.Items/Get', true],
  [{ type: regular, service: '^shop[.].*$', method: '^Get$' }, '/my.shop.Items/Get', false],
  [{ type: regular, method: 'cost\\$' }, '/shop.Items/cost$', true],
  [{ type: regular, method: 'cost\\\\$' }, '/shop.Items/cost\\', true],
  [{ type: regular, method: '[^A-Z]*[$]' }, '/shop.Items/cost$', true],
]
for (const [method, path, expected] of table)
  test(`${JSON.stringify(method ?? {})} ${expected ? 'takes' : 'leaves'} ${path}`, () => {
    const { matches, flaws } = callMatches({ matches: method === undefined ? [] : [{ method }] }, [])
    assert.deepEqual(flaws, [])
    assert.equal(takesPath(compilePath(matches[0]!.match.path), path), expected)
  })

for (const [method, path, message] of [
  [{ type: regular, service: '(a*)*' }, 'service', /more than linear time/],
  [{ type: regular, method: '(?i)get' }, 'method', /flags .* are not taken/],
  [{ type: regular, service: 'a)(b' }, 'service', /"\)" without "\("/],
  [{ type: regular, service: '^a$|^b$' }, 'service', /leave "\^" and "\$" out/],
  [{ type: regular, method: '(^a|b)' }, 'method', /leave "\^" and "\$" out/],
  // Each is linear where nothing follows, and the first is not where something does.
  [{ type: regular, service: '.*a.*', method: 'Get' }, '', /more than linear time/],
] as const)
  test(`${JSON.stringify(method)} is refused`, () => {
    const { flaws } = callMatches({ matches: [{ method }] }, [])
    assert.equal(flaws.length, 1)
    assert.match(flaws[0]!.message, message)
    assert.deepEqual(flaws[0]!.path, ['matches', 0, 'method', ...(path === '' ? [] : [path])])
  })
