import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { exchange } from '../../../../test/support/exchange.ts'
import { compilePlace, CONFLICT } from './places.ts'

const header = { where: 'header', name: 'X-API-Key' } as const
const query = { where: 'query', name: 'api_key' } as const
const cookie = { where: 'cookie', name: 'key' } as const
const bearer = { where: 'bearer', name: 'Bearer' } as const

suite('where a credential stands', () => {
  // The place, fields of the request, its query, what is read, and what is left of fields and query when it is taken out.
  for (const [place, fields, asked, expected, leftFields, leftQuery] of [
    [header, ['X-API-Key', 'k'], '', 'k', [], ''],
    [header, ['x-api-key', 'k', 'A', 'b'], '?api_key=q', 'k', ['A', 'b'], '?api_key=q'],
    [header, ['A', 'b'], '', null, ['A', 'b'], ''],
    [header, ['X-API-Key', ''], '', '', [], ''],
    [header, ['X-API-Key', 'k', 'X-Api-Key', 'k'], '', 'k', [], ''],
    [header, ['X-API-Key', 'k', 'X-Api-Key', 'l'], '', CONFLICT, [], ''],
    // Where a ClientPolicy allows underscores: not read, and not left for a backend that would.
    [header, ['X_API_Key', 'k', 'x-api_key', 'l', 'X-API-Kez', 'z'], '', null, ['X-API-Kez', 'z'], ''],
    [bearer, ['Authorization', 'Bearer k'], '', 'k', [], ''],
    [bearer, ['authorization', 'bearer  k'], '', 'k', [], ''],
    [bearer, ['Authorization', 'Basic k'], '', null, ['Authorization', 'Basic k'], ''],
    [bearer, ['Authorization', 'Bearerk'], '', null, ['Authorization', 'Bearerk'], ''],
    [bearer, ['Authorization', 'Bearer'], '', null, ['Authorization', 'Bearer'], ''],
    [query, [], '?api_key=k', 'k', [], ''],
    [query, [], '?a=1&api_key=k&b=2', 'k', [], '?a=1&b=2'],
    [query, [], '?a=1&b=api_key', null, [], '?a=1&b=api_key'],
    [query, [], '?api_key', '', [], ''],
    [query, [], '?api%5Fkey=k', 'k', [], ''],
    [query, [], '?%61pi_key=%6B&a=%zz', 'k', [], '?a=%zz'],
    [query, [], '?api_key=k&api_key=k', 'k', [], ''],
    [query, [], '?api_key=k&api%5fkey=l', CONFLICT, [], ''],
    [query, [], '?API_KEY=k&xapi_key=k', null, [], '?API_KEY=k&xapi_key=k'],
    [query, [], '?', null, [], '?'],
    [query, [], '', null, [], ''],
    [cookie, ['Cookie', 'key=k'], '', 'k', [], ''],
    [cookie, ['Cookie', 'a=1; key=k; b=2'], '', 'k', ['Cookie', 'a=1; b=2'], ''],
    [cookie, ['Cookie', 'a=1;key="k";b=2'], '', 'k', ['Cookie', 'a=1; b=2'], ''],
    [cookie, ['Cookie', 'a=1', 'cookie', 'key=k; b=2'], '', 'k', ['Cookie', 'a=1; b=2'], ''],
    [cookie, ['Cookie', 'key=k; key=k'], '', 'k', [], ''],
    [cookie, ['Cookie', 'key=k; key=l'], '', CONFLICT, [], ''],
    [cookie, ['Cookie', 'monkey=k; a=key'], '', null, ['Cookie', 'monkey=k; a=key'], ''],
  ] as const)
    test(`${place.where} of ${JSON.stringify(fields)} ${asked}`, () => {
      const x = exchange({ fields, query: asked })
      const compiled = compilePlace(place)
      assert.equal(compiled.read(x), expected)
      compiled.takeOut(x)
      assert.deepEqual(x.request.fields.list, leftFields)
      assert.equal(x.request.query, leftQuery)
      // Who asks for it behind still finds it, unless nobody knows which of two it was.
      if (typeof expected === 'string') assert.equal(compiled.read(x), expected)
    })
})
