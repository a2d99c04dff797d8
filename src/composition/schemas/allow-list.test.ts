import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { allowList } from './allow-list.ts'
import { Checked } from './checked.ts'

const A = T.Object({ kind: T.Literal('a'), x: T.Integer() })
const B = T.Object({ kind: T.Literal('b'), y: T.Integer() })
const Node = T.Cyclic({ Node: T.Object({ name: T.String(), below: T.Array(T.Ref('Node')) }) }, 'Node')

suite('what a schema names, and nothing else', () => {
  for (const [what, schema, given, expected] of [
    ['members', T.Object({ a: T.String() }), { a: 'x', b: 1 }, { a: 'x' }],
    [
      'members of members',
      T.Object({ a: T.Object({ b: T.Null() }) }),
      { a: { b: null, c: 1 } },
      { a: { b: null } },
    ],
    ['items', T.Array(T.Object({ a: T.Integer() })), [{ a: 1, b: 2 }, { a: 3 }], [{ a: 1 }, { a: 3 }]],
    [
      'what may be missing, undefined too',
      T.Object({ a: T.Optional(T.String()) }),
      { a: undefined, b: 1 },
      {},
    ],
    ['an alternative', T.Union([A, B]), { kind: 'b', y: 1, x: 2 }, { kind: 'b', y: 1 }],
    ['null, or an object', T.Union([T.Null(), A]), { kind: 'a', x: 1, z: 1 }, { kind: 'a', x: 1 }],
    ['what fits no alternative', T.Union([A, B]), { kind: 'c', secret: 1 }, {}],
    [
      'both of two',
      T.Intersect([T.Object({ a: T.Integer() }), T.Object({ b: T.Integer() })]),
      { a: 1, b: 2, c: 3 },
      { a: 1, b: 2 },
    ],
    ['a map', T.Record(T.String(), T.Object({ a: T.Integer() })), { x: { a: 1, b: 2 } }, { x: { a: 1 } }],
    ['a tuple', T.Tuple([A, T.String()]), [{ kind: 'a', x: 1, y: 2 }, 's'], [{ kind: 'a', x: 1 }, 's']],
    [
      'what refers to itself',
      Node,
      { name: 'r', below: [{ name: 'l', below: [], secret: 1 }], secret: 2 },
      { name: 'r', below: [{ name: 'l', below: [] }] },
    ],
    [
      'members of any name, where that is said',
      T.Object({ a: T.Integer() }, { additionalProperties: true }),
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ],
    ['everything, where nothing is named', T.Unknown(), { a: 1 }, { a: 1 }],
    ['no prototype', T.Object({ a: T.Integer() }), JSON.parse('{"a":1,"__proto__":{"b":2}}'), { a: 1 }],
    ['no inherited member', T.Object({ toString: T.Optional(T.Unknown()) }), {}, {}],
  ] as const)
    test(what, () => {
      const before = structuredClone(given as unknown)
      assert.deepEqual(allowList(schema)(given), expected)
      assert.deepEqual(given, before, 'what was given is as it was')
    })

  test('what comes in and must have no more is refused with more, what goes out is not', () => {
    const checked = new Checked('body', T.Object({ a: T.Integer() }, { additionalProperties: false }))
    assert.notDeepEqual(checked.take({ a: 1, b: 2 }).faults, [])
    assert.deepEqual(checked.allow({ a: 1, b: 2 }), { value: { a: 1 }, faults: [] })
  })

  test('where it does not fit', () => {
    const { faults } = new Checked('body', T.Object({ items: T.Array(T.Object({ id: T.String() })) })).take({
      items: [{ id: 7 }],
    })
    assert.deepEqual(faults, [{ at: 'body/items/0/id', message: 'must be string' }])
  })
})
