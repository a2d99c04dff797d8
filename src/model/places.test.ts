import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readText } from './yaml.ts'
import type { FieldPath } from './resource.ts'

/** `line:column` of what a path leads to in a text. */
function placeIn(text: string, path: FieldPath): string {
  const position = readText(text, 'a.yaml').declarations[0]!.at(path)!
  return `${position.line}:${position.column}`
}

suite('a place', () => {
  const text = `kind: x
base: &base
  name: a
  80: http
  list: [1, {deep: true}]
"7":
  "10": x
  "9": {z: 1}
  b: [{c: 1}, 2]
again: *base
more:
  <<: [*base, {other: 1, name: b}]
  443: https
`
  for (const [path, expected] of [
    [['kind'], '1:1'],
    [['base', 'name'], '3:3'],
    // Names that are numbers come first in a value, wherever they were written.
    [['base', '80'], '4:3'],
    [['base', 80], '4:3'],
    [['base', 'list', 1, 'deep'], '5:14'],
    [['7', '10'], '7:3'],
    [['7', '9', 'z'], '8:9'],
    [['7', 'b', 0, 'c'], '9:8'],
    [['7', 'b', 1], '9:15'],
    // What an alias stands for is where its anchor is.
    [['again'], '10:1'],
    [['again', 'list', 1, 'deep'], '5:14'],
    [['again', '80'], '4:3'],
    [['more', '443'], '13:3'],
    [['more', '80'], '4:3'],
    // Of two that are merged the first wins.
    [['more', 'name'], '3:3'],
    [['more', 'list', 0], '5:10'],
    [['more', 'other'], '12:16'],
    // Of what is not there it is the nearest parent's.
    [['nowhere'], '1:1'],
    [['base', 'list', 2], '5:3'],
    [['base', 'list', -1], '5:3'],
    [['base', 'list', 'deep'], '5:3'],
    [['base', 'name', 'length'], '3:3'],
    [['more', '<<'], '11:1'],
  ] as const)
    test(`of ${path.join('.')} is ${expected}`, () => assert.equal(placeIn(text, path), expected))

  test('of JSON is that of YAML, also where names are numbers', () => {
    const json = '{"kind":"x","b":{"2":[0],"a":{"c":1},"1":{"d":2}},"0":3}'
    for (const path of [['b', '2', 0], ['b', 'a', 'c'], ['b', '1', 'd'], ['b', '1'], ['0'], ['b']])
      assert.equal(placeIn(json, path), placeIn(`${json} # YAML`, path), path.join('.'))
  })
})
