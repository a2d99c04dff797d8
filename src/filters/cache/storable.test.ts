import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../http/fields.ts'
import { directivesOf } from './directives.ts'
import { refusal } from './storable.ts'

for (const [status, cacheControl, expected] of [
  [200, 'max-age=60', null],
  [299, 'max-age=60', null],
  [299, 'max-age=60, must-understand', 'status'],
  [404, 'max-age=60', null],
  // About one request, whatever it says (RFC 9110 §13, RFC 6585).
  [206, 'max-age=60', 'status'],
  [304, 'max-age=60', 'status'],
  [412, 'max-age=60', 'status'],
  [416, 'max-age=60', 'status'],
  [417, 'max-age=60', 'status'],
  [428, 'max-age=60', 'status'],
  [429, 'max-age=60', 'status'],
  [431, 'max-age=60', 'status'],
  [511, 'max-age=60', 'status'],
  [200, 'max-age=60, private', 'private'],
  [200, 'no-store', 'no-store'],
] as const)
  test(`${status} with ${cacheControl}: ${expected ?? 'may be stored'}`, () => {
    const directives = directivesOf(cacheControl)
    assert.equal(refusal({ status, fields: new Fields(), directives, isUseful: true }), expected)
  })
