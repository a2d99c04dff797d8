import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../http/fields.ts'
import { valuesOf } from './vary.ts'

const reader = { digest: (text: string) => `digest of ${text.length}` }

for (const [names, list, expected] of [
  [['accept-language'], ['Accept-Language', 'de,  en'], '6:+de,en'],
  [['accept-language'], [], '1:-'],
  // What may be a secret is not kept as it is.
  [['cookie'], ['Cookie', 'session=1'], '13:#digest of 10'],
  [['cookie'], [], '12:#digest of 1'],
  [['accept', 'x-tenant'], ['Accept', '*/*', 'X-Tenant', 'a'], '4:+*/*12:#digest of 2'],
] as const)
  test(`a request with ${list.join(': ')} varies by ${names.join()} as ${expected}`, () =>
    assert.equal(valuesOf(names, new Fields([...list]), reader), expected))
