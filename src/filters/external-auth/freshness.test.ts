import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../http/fields.ts'
import { freshForMs } from './freshness.ts'

for (const [list, allowed, denied] of [
  [[], 60, 0],
  [['Cache-Control', 'max-age=10'], 10, 10],
  [['Cache-Control', 'max-age=600'], 60, 60],
  [['Cache-Control', 'max-age=10, s-maxage=20'], 20, 20],
  [['Cache-Control', 'MAX-AGE="10"'], 10, 10],
  [['Cache-Control', 'max-age=10', 'Cache-Control', 'no-store'], 0, 0],
  [['Cache-Control', 'max-age=10, private'], 0, 0],
  [['Cache-Control', 'no-cache'], 0, 0],
  [['Cache-Control', 'no-store="x"'], 0, 0],
  [['Cache-Control', 'max-age=0'], 0, 0],
  [['Cache-Control', 'max-age=-5'], 0, 0],
  [['Cache-Control', 'max-age=ten'], 0, 0],
  [['Cache-Control', 'max-age'], 0, 0],
  [['Cache-Control', 'public'], 60, 0],
  [['Cache-Control', 'max-age=10, max-age=50'], 10, 10],
  [['Cache-Control', 'max-age=10', 'Age', '4'], 6, 6],
  [['Cache-Control', 'max-age=10', 'Age', '40'], 0, 0],
  [['Cache-Control', 'max-age=10', 'Age', 'old'], 0, 0],
  [['Set-Cookie', 'a=1', 'Cache-Control', 'max-age=10'], 0, 0],
  [['Vary', 'Accept, *', 'Cache-Control', 'max-age=10'], 0, 0],
  [['Vary', 'Accept', 'Cache-Control', 'max-age=10'], 10, 10],
] as const)
  test(`${JSON.stringify(list)}: ${allowed} s where it allows, ${denied} s where it denies`, () => {
    assert.equal(freshForMs(new Fields([...list]), true, 60_000), allowed * 1000)
    assert.equal(freshForMs(new Fields([...list]), false, 60_000), denied * 1000)
  })
