import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T, type TSchema } from 'typebox'
import { allowList } from './allow-list.ts'
import { Checked } from './checked.ts'

const A = T.Object({ kind: T.Literal('a'), x: T.Integer() })
const B = T.Object({ kind: T.Literal('b'), y: T.Integer() })
const Node = T.Cyclic({ Node: T.Object({ name: T.String(), below: T.Array(T.Ref('Node')) }) }, 'Node')

/** A schema as it is written by hand, or comes of a document. */
const raw = (schema: object): TSchema => T.Unsafe(schema as TSchema)
const within = (properties: object) => ({ properties: { in: { properties } } })

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
    ['members without a type', raw({ properties: { a: {} } }), { a: 1, b: 2 }, { a: 1 }],
    [
      'members of one of two types',
      raw({ type: ['object', 'null'], properties: { a: {} } }),
      { a: 1, b: 2 },
      { a: 1 },
    ],
    ['members by a pattern alone', raw({ patternProperties: { '^a': {} } }), { ab: 1, b: 2 }, { ab: 1 }],
    ['no members, where no more is said', raw({ additionalProperties: false }), { a: 1 }, {}],
    ['nothing of an array, where members are named', raw({ properties: { a: {} } }), [{ a: 1, b: 2 }], []],
    [
      'an array beside an object, neither of which says more',
      raw({ type: ['object', 'array'] }),
      [{ a: 1 }],
      [{ a: 1 }],
    ],
    ['items without a type', raw({ items: A }), [{ kind: 'a', x: 1, y: 2 }], [{ kind: 'a', x: 1 }]],
    [
      'a tuple and what is behind it',
      raw({ prefixItems: [{ type: 'string' }], items: A }),
      ['s', { kind: 'a', x: 1, y: 2 }],
      ['s', { kind: 'a', x: 1 }],
    ],
    ['one of alternatives', raw({ oneOf: [A, B] }), { kind: 'b', y: 1, x: 2 }, { kind: 'b', y: 1 }],
    [
      'an alternative beside members',
      raw({ properties: { a: {} }, oneOf: [{ properties: { b: { type: 'integer' } } }] }),
      { a: 1, b: 2, c: 3 },
      { a: 1, b: 2 },
    ],
    [
      'members beside alternatives that name none',
      raw({ properties: { a: {}, b: {} }, anyOf: [{ required: ['a'] }, { required: ['b'] }] }),
      { a: 1, c: 3 },
      { a: 1 },
    ],
    [
      'both of two, of which one names none',
      T.Intersect([A, T.Unknown()]),
      { kind: 'a', x: 1, y: 2 },
      { kind: 'a', x: 1 },
    ],
    [
      'members of members of both of two',
      raw({ allOf: [within({ a: {} }), within({ b: {} })] }),
      { in: { a: 1, b: 2, c: 3 } },
      { in: { a: 1, b: 2 } },
    ],
    [
      'items of both of two',
      raw({ allOf: [{ items: A }, { type: 'array' }] }),
      [{ kind: 'a', x: 1, y: 2 }],
      [{ kind: 'a', x: 1 }],
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

  for (const [keyword, schema] of [
    ['if', { properties: { a: {} }, if: { required: ['a'] }, else: false }],
    ['propertys', { type: 'object', propertys: { a: {} } }],
    ['unevaluatedProperties', { properties: { a: {} }, unevaluatedProperties: A }],
    ['dependentSchemas', { properties: { a: { items: { dependentSchemas: {} } } } }],
    ['$dynamicRef', { $defs: { N: { $dynamicRef: '#N' } }, $ref: 'N' }],
  ] as const)
    test(`a schema with "${keyword}" is refused: nobody knows what it names`, () => {
      assert.throws(() => allowList(raw(schema)), new RegExp(`"${keyword.replace('$', '\\$')}"`))
    })

  for (const [keyword, schema] of [
    ['type', { type: 'nonsense' }],
    ['type', { type: ['string', 'text'] }],
    ['required', { type: 'object', required: 'id' }],
    ['required', { properties: { a: { required: [1] } } }],
    ['enum', { enum: 5 }],
    ['properties', { properties: [] }],
    ['properties', { properties: { a: 3 } }],
    ['items', { items: 'string' }],
    ['anyOf', { anyOf: {} }],
    ['minimum', { type: 'number', minimum: '1' }],
    ['multipleOf', { multipleOf: 0 }],
    ['maxLength', { items: { maxLength: '3' } }],
    ['pattern', { anyOf: [{ pattern: '(' }] }],
    ['not', { not: 3 }],
  ] as const)
    test(`"${keyword}" of ${JSON.stringify(schema)} is refused: it would hold nobody to anything`, () => {
      assert.throws(() => allowList(raw(schema)), new RegExp(`a schema with "${keyword}": .*, expected `))
    })

  test('types of TypeBox that JSON Schema does not have are taken', () => {
    const schema = T.Object({
      a: T.Union([T.Undefined(), T.String({ pattern: /^x/ })]),
      b: T.Optional(T.Enum(['x', 'y'])),
      c: T.Record(T.String(), T.Integer({ minimum: 0 })),
      d: T.Tuple([T.Literal(1), T.Null()]),
      e: T.TemplateLiteral([T.Literal('a'), T.String()]),
    })
    const value = { a: 'x1', b: 'x', c: { n: 1 }, d: [1, null], e: 'ab' }
    assert.deepEqual(new Checked('answer', schema).allow(value), { value, faults: [] })
  })

  test('what says nothing of what is allowed is left to who checks', () => {
    const schema = raw({
      type: 'object',
      title: 'x',
      'x-unit': 'ms',
      unevaluatedProperties: false,
      properties: { a: { type: 'integer', minimum: 1, not: { const: 3 }, examples: [1] } },
    })
    assert.deepEqual(allowList(schema)({ a: 1, b: 1 }), { a: 1 })
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
