import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorityText } from './authority-text.ts'

for (const [host, text] of [
  ['shop.example', 'shop.example:80'],
  ['10.0.0.1', '10.0.0.1:80'],
  ['::1', '[::1]:80'],
] as const)
  test(`authority of ${host}`, () => assert.equal(authorityText(host, 80), text))
