import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimReader } from './claims.ts'

const claims = {
  sub: 'mary',
  level: 3,
  admin: true,
  none: null,
  empty: [],
  groups: ['dev', 'ops'],
  mixed: ['dev', { name: 'ops' }],
  realm: { roles: ['reader', 'writer'], id: { deep: 'x' } },
  teams: [{ name: 'red' }, { name: 'blue' }, 'loose'],
  'https://example.com/roles': ['editor'],
  'realm.roles': 'named so',
  __proto__: null,
}

for (const [name, isThere, values, isOpaque] of [
  ['sub', true, ['mary'], false],
  ['level', true, ['3'], false],
  ['admin', true, ['true'], false],
  ['none', true, [], true],
  ['empty', true, [], false],
  ['groups', true, ['dev', 'ops'], false],
  ['mixed', true, ['dev'], true],
  ['realm', true, [], true],
  ['realm.id.deep', true, ['x'], false],
  ['realm.id', true, [], true],
  ['realm.gone', false, [], false],
  ['sub.x', false, [], false],
  ['teams.name', true, ['red', 'blue'], false],
  ['https://example.com/roles', true, ['editor'], false],
  ['realm.roles', true, ['named so'], false],
  ['toString', false, [], false],
  ['realm.constructor', false, [], false],
  ['gone', false, [], false],
] as const)
  test(`claim ${name}`, () => {
    assert.deepEqual(claimReader(name)(claims), { isThere, values, isOpaque })
  })

test('a claim that is nested without end cannot be read, and breaks nothing', () => {
  let deep: unknown = 'x'
  for (let i = 0; i < 100_000; i++) deep = [deep]
  assert.deepEqual(claimReader('deep')({ deep }), { isThere: true, values: [], isOpaque: true })
})
