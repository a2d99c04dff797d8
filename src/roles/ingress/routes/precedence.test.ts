import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GRPCMethodMatch } from '../../../model/kinds/grpc-route.ts'
import type { Match, Rule } from '../../../snapshot/rule.ts'
import { byPrecedence, grpcWeight, httpWeight, type TieBreak, type RankedEntry } from './precedence.ts'

const rule: Rule = {
  id: 'r',
  origin: { resource: '', group: '', role: 'ingress', path: '', file: '', line: 0, column: 0 },
  filters: [],
  action: { type: 'respond', failure: 'destination_not_found' },
}

interface Shape {
  readonly type?: Match['path']['type']
  readonly value?: string
  readonly method?: string
  readonly headers?: number
  readonly query?: number
}

function ranked(
  { type = 'prefix', value = '/a', method = '', headers = 0, query = 0 }: Shape,
  tie: Partial<TieBreak> = {},
): RankedEntry {
  const values = (count: number): Match['headers'] =>
    Array.from({ length: count }, (_, i) => ({ name: `n${i}`, type: 'exact', value: 'v' }))
  const match: Match = { path: { type, value }, method, headers: values(headers), query: values(query) }
  return {
    entry: { match, rule },
    weight: httpWeight(match),
    tie: { route: 0, rule: 0, match: 0, ...tie },
  }
}

for (const [name, first, second] of [
  [
    'an exact path before a longer prefix',
    ranked({ type: 'exact', value: '/a' }),
    ranked({ value: '/a/b/c' }),
  ],
  [
    'an exact path before a longer regular expression',
    ranked({ type: 'exact', value: '/a' }),
    ranked({ type: 'regex', value: '/a.*b.*' }),
  ],
  [
    'a regular expression before a longer prefix',
    ranked({ type: 'regex', value: '/a' }),
    ranked({ value: '/a/b/c' }),
  ],
  [
    'a longer prefix before one with a method and headers',
    ranked({ value: '/a/b' }),
    ranked({ value: '/a', method: 'GET', headers: 5 }),
  ],
  ['a method before headers', ranked({ method: 'GET' }), ranked({ headers: 5, query: 5 })],
  ['more headers before more query parameters', ranked({ headers: 2 }), ranked({ headers: 1, query: 5 })],
  ['more query parameters before an older route', ranked({ query: 2 }, { route: 9 }), ranked({ query: 1 })],
  ['an older route before an earlier rule', ranked({}, { route: 1, rule: 9 }), ranked({}, { route: 2 })],
  ['an earlier rule before an earlier match', ranked({}, { rule: 1, match: 9 }), ranked({}, { rule: 2 })],
  ['an earlier match before a later one', ranked({}, { match: 1 }), ranked({}, { match: 2 })],
] as const)
  test(name, () => {
    assert.ok(byPrecedence(first, second) < 0)
    assert.ok(byPrecedence(second, first) > 0)
  })

const any = fc
  .record({
    type: fc.constantFrom('exact', 'prefix', 'regex'),
    value: fc.constantFrom('', '/a', '/b', '/a/b'),
    method: fc.constantFrom('', 'GET', 'PUT'),
    headers: fc.nat(2),
    query: fc.nat(2),
    route: fc.nat(2),
    rule: fc.nat(2),
    match: fc.nat(2),
  })
  .map(({ route, rule: ruleIndex, match, ...shape }) => ranked(shape, { route, rule: ruleIndex, match }))

test('precedence is a total order', () => {
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      assert.equal(Math.sign(byPrecedence(a, b)) + Math.sign(byPrecedence(b, a)), 0)
      assert.equal(byPrecedence(a, a), 0)
      if (byPrecedence(a, b) <= 0 && byPrecedence(b, c) <= 0) assert.ok(byPrecedence(a, c) <= 0)
      const samePlace =
        a.tie.route === b.tie.route && a.tie.rule === b.tie.rule && a.tie.match === b.tie.match
      if (!samePlace) assert.notEqual(byPrecedence(a, b), 0)
    }),
    { numRuns: 5000 },
  )
})

const call = (method: GRPCMethodMatch, headers: number, tie: Partial<TieBreak> = {}): RankedEntry => ({
  ...ranked({}, tie),
  weight: grpcWeight(method, headers),
})
const regular = 'RegularExpression'

for (const [name, first, second] of [
  [
    'a longer service before a method',
    call({ service: 'a.bc' }, 0),
    call({ service: 'a.b', method: 'GetItem' }, 5),
  ],
  [
    'a longer method before headers',
    call({ service: 'a', method: 'GetAll' }, 0),
    call({ service: 'a', method: 'Get' }, 5),
  ],
  ['a method before none', call({ service: 'a', method: 'G' }, 0), call({ service: 'a' }, 5)],
  ['any service before none', call({ service: 'a' }, 0), call({ method: 'GetItem' }, 5)],
  ['a method alone before headers', call({ method: 'G' }, 0), call({}, 5)],
  ['more headers before fewer', call({}, 2, { route: 9 }), call({}, 1)],
  ['the older route', call({ service: 'a' }, 1, { rule: 9 }), call({ service: 'b' }, 1, { route: 1 })],
  [
    'a written service before an expression',
    call({ service: 'a' }, 0),
    call({ type: regular, service: 'a.*', method: 'G' }, 5),
  ],
  [
    'an expression for the service before none',
    call({ type: regular, service: 'a.*' }, 0),
    call({ method: 'GetItem' }, 5),
  ],
  [
    'a written method before an expression',
    call({ service: 'a', method: 'G' }, 0),
    call({ type: regular, service: 'a', method: 'G.*' }, 5),
  ],
  ['no type is Exact', call({ service: 'a' }, 0), call({ type: regular, service: 'a' }, 5)],
] as const)
  test(`of calls: ${name}`, () => {
    assert.ok(byPrecedence(first, second) < 0)
    assert.ok(byPrecedence(second, first) > 0)
  })
