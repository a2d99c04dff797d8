import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Figures } from '../../src/admin/shapes/figures.ts'
import { follows } from './follows.ts'

const at = (second: number, fields: Partial<Figures> = {}): Figures => {
  const problems = { errors: 0, warnings: 0, notes: 0 }
  const usual = { at: new Date(second * 1000).toISOString(), intervalS: 1, snapshot: 1, problems, held: 0 }
  return { ...usual, ...fields } as Figures
}

for (const [what, now, expected] of [
  ['a second later', at(11), true],
  ['where figures of many routes take longer', at(15, { intervalS: 5 }), true],
  ['after a gap', at(20), false],
  ['of another snapshot', at(11, { snapshot: 2 }), false],
  ['with another problem', at(11, { problems: { errors: 1, warnings: 0, notes: 0 } }), false],
  ['where something is held back', at(11, { held: 1 }), false],
] as const)
  test(`figures ${what} ${expected ? 'follow' : 'do not follow'} those before`, () =>
    assert.equal(follows(at(10), now), expected))
