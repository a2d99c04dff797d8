import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { canonicalJson } from './canonical-json.ts'

suite('canonical JSON', () => {
  for (const [value, text] of [
    [{ b: 1, a: { d: null, c: [{ z: 1, y: 2 }] } }, '{"a":{"c":[{"y":2,"z":1}],"d":null},"b":1}'],
    [{ é: 1, e: 2, E: 3 }, '{"E":3,"e":2,"é":1}'],
    [[3, 1], '[3,1]'],
    ['a"b', '"a\\"b"'],
    [null, 'null'],
  ] as const)
    test(text, () => assert.equal(canonicalJson(value), text))
})
