import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Condition } from '../../model/resource.ts'
import { refKey } from '../../model/resources.ts'
import { SaidConditions } from './said-conditions.ts'

const refOf = (n: number) => ({ group: 'g', kind: 'K', namespace: 'n', name: `r${n}` })
/** What is said of the n-th object in this version of it. */
const said = (n: number, version: number, type: string): Condition => ({
  about: refOf(n),
  type,
  status: 'True',
  reason: 'R',
  message: `${version}`,
})

/** Objects by their number and version, in an order; the condition of one that stays is the same object. */
const turns = fc.array(
  fc.uniqueArray(fc.tuple(fc.nat(30), fc.nat(2)), { selector: ([n]) => n, maxLength: 30 }),
  {
    minLength: 2,
    maxLength: 6,
  },
)

test('what is said of each object is what grouping all of it says, whatever came before', () => {
  fc.assert(
    fc.property(turns, list => {
      const made = new Map<string, readonly Condition[]>()
      const conditions = new SaidConditions()
      let before: ReadonlyMap<string, readonly Condition[]> = new Map()
      for (const turn of list) {
        const all = turn.flatMap(([n, version]) => {
          const key = `${n} ${version}`
          const about = refOf(n)
          const both = made.get(key) ?? ['A', 'B'].map(type => ({ ...said(n, version, type), about }))
          made.set(key, both)
          return both
        })
        const now = Map.groupBy(all, ({ about }) => refKey(about))
        const other = new Set(conditions.take(all).map(([key]) => key))
        for (let n = 0; n <= 30; n++) {
          const key = refKey(refOf(n))
          assert.deepEqual(conditions.of(key), now.get(key) ?? [])
          const [then, told] = [before.get(key), now.get(key)]
          assert.equal(other.has(key), then?.[0] !== told?.[0], key)
        }
        before = now
      }
    }),
  )
})

test('of thousands that are said anew at once all are told', () => {
  const conditions = new SaidConditions()
  const all = Array.from({ length: 1_000 }, (_, n) => said(n, 0, 'A'))
  assert.equal(conditions.take(all).length, 1_000)
  assert.equal(conditions.take([...all]).length, 0)
  assert.equal(conditions.take(all.map(one => ({ ...one, message: 'other' }))).length, 1_000)
  assert.equal(conditions.take([]).length, 1_000)
})
