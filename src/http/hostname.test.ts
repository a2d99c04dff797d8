import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalHostname } from './hostname.ts'

for (const [name, canonical] of [
  ['up.example', 'up.example'],
  ['up.example.', 'up.example'],
  ['UP.Example.', 'up.example'],
  ['*.Up.example.', '*.up.example'],
  // One dot: two are no name, and must not become one.
  ['up.example..', 'up.example.'],
  ['', ''],
] as const)
  test(`${JSON.stringify(name)} is ${JSON.stringify(canonical)}`, () =>
    assert.equal(canonicalHostname(name), canonical))
