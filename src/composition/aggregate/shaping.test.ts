import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  type Arbitrary,
  array,
  assert as holds,
  constantFrom,
  dictionary,
  jsonValue,
  property,
  uniqueArray,
  record,
} from 'fast-check'
import { Value } from 'typebox/value'
import { isObject } from '../schemas/picked.ts'
import { Faults } from './faults.ts'
import { memberAt } from './members.ts'
import { shapeOf } from './shaping.ts'
import { shapingTree } from './shaping-tree.ts'
import { shownSchema } from './shown-schema.ts'
import type { PartDeclaration } from '../../model/kinds/aggregate/part.ts'

const rules = (part: PartDeclaration) => {
  const faults = new Faults()
  return { tree: shapingTree(part, [], faults), faults: faults.all }
}
const shape = (part: PartDeclaration) => shapeOf(rules(part).tree, 'users GET /')

const names = constantFrom('a', 'b', 'c', 'd')
const paths = uniqueArray(
  array(names, { minLength: 1, maxLength: 3 }).map(path => path.join('.')),
  { minLength: 1, maxLength: 4 },
)
const anyLeaf = constantFrom(1, 'x', null, false, [], [{ a: 1 }, { b: { c: 2 } }], {}, { x: 1 })
const anyMembers = <T>(value: Arbitrary<T>) => dictionary(names, value, { noNullPrototype: true })
/** JSON whose members are called as those of the paths. */
const members = anyMembers(anyMembers(anyMembers(anyLeaf)))
const anything = jsonValue({ maxDepth: 4 })
const numRuns = 200

/** Every path to a leaf, without the places of lists. */
function leaves(value: unknown, path = ''): readonly string[] {
  const below = (name: string, member: unknown) => leaves(member, path === '' ? name : `${path}.${name}`)
  if (Array.isArray(value)) return value.flatMap(item => leaves(item, path))
  if (isObject(value)) return Object.entries(value).flatMap(([name, member]) => below(name, member))
  return value === null ? [] : [path]
}

suite('laws of what is shown', () => {
  test('nothing but what is allowed', () =>
    holds(
      property(paths, members, (allow, value) => {
        if (rules({ allow }).faults.length > 0) return true
        const shown = shape({ allow })(value)
        return leaves(shown).every(leaf => allow.some(path => leaf === path || leaf.startsWith(`${path}.`)))
      }),
      { numRuns },
    ))

  test('all that is allowed and there', () =>
    holds(
      property(paths, members, (allow, value) => {
        if (rules({ allow }).faults.length > 0) return true
        const shown = shape({ allow })(value)
        for (const path of allow)
          assert.deepEqual(memberAt(shown, path.split('.')), memberAt(value, path.split('.')))
        return true
      }),
      { numRuns },
    ))

  test('what its schema says, whatever comes', () =>
    holds(
      property(paths, anything, (allow, value) => {
        const { tree, faults } = rules({ allow })
        const shown = shapeOf(tree, '')(value)
        return faults.length > 0 || shown === undefined || Value.Check(shownSchema(tree), shown)
      }),
      { numRuns },
    ))

  test('nothing that is denied, and all else', () =>
    holds(
      property(paths, members, (deny, value) => {
        if (rules({ deny }).faults.length > 0) return true
        const denied = (leaf: string) => deny.some(path => leaf === path || leaf.startsWith(`${path}.`))
        assert.deepEqual(
          [...leaves(shape({ deny })(value))].sort(),
          leaves(value)
            .filter(leaf => !denied(leaf))
            .sort(),
        )
        return true
      }),
      { numRuns },
    ))

  test('what is renamed and renamed back is what it was', () =>
    holds(
      property(paths, members, (all, value) => {
        const depth = Math.max(...all.map(path => path.split('.').length))
        if (depth > 1) return true
        const there = Object.fromEntries(all.map(path => [path, `new-${path}`]))
        const back = Object.fromEntries(all.map(path => [`new-${path}`, path]))
        assert.deepEqual(shape({ rename: back })(shape({ rename: there })(value)), value)
        return true
      }),
      { numRuns },
    ))

  test('flattening keeps every leaf, where none is called as another is', () =>
    holds(
      property(record({ x: anyLeaf, a: anyMembers(anyLeaf) }), value => {
        assert.deepEqual(shape({ flatten: ['a'] })(value), { x: value.x, ...value.a })
        return true
      }),
      { numRuns },
    ))

  test('the value stays as it was', () =>
    holds(
      property(paths, members, (all, value) => {
        const before = structuredClone(value)
        shape({ deny: all })(value)
        shape({ allow: all })(value)
        assert.deepEqual(value, before)
      }),
      { numRuns },
    ))
})

suite('members of objects that have no such names', () => {
  for (const part of [{ deny: ['x'] }, { allow: ['constructor', 'toString'] }, { flatten: ['x'] }])
    test(JSON.stringify(part), () => {
      const shown = shape(part as PartDeclaration)(
        JSON.parse('{"__proto__":{"admin":1},"x":{"__proto__":2}}'),
      )
      assert.deepEqual(Object.getOwnPropertyNames(shown), [])
      assert.equal((shown as { readonly admin?: unknown }).admin, undefined)
    })
})
