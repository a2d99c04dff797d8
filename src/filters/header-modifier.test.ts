import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HINT_FORWARDED, HINT_ORIGIN, HINT_REQUEST_ID, HINT_TRACE, HINT_VIA } from '../http/head.ts'
import { exchange, origin } from '../../test/support/exchange.ts'
import { kit } from '../../test/support/kit.ts'
import { requestHeaders, responseHeaders, type HeaderModifierConfig } from './header-modifier.ts'

/** `Name: value` lines. */
const fields = (lines: readonly string[]): HeaderModifierConfig['set'] =>
  lines.map(line => ({ name: line.slice(0, line.indexOf(':')), value: line.slice(line.indexOf(':') + 2) }))
const flat = (lines: readonly string[]): string[] => fields(lines).flatMap(({ name, value }) => [name, value])
const lines = (list: readonly string[]): string[] =>
  list.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${list[i + 1]!}`] : []))

interface Actions {
  readonly set?: readonly string[]
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

const config = (
  type: HeaderModifierConfig['type'],
  { set = [], add = [], remove = [] }: Actions,
): HeaderModifierConfig => ({
  type,
  origin,
  set: fields(set),
  add: fields(add),
  remove,
})

const table: readonly [string, Actions, readonly string[], readonly string[]][] = [
  ['set on nothing', { set: ['X-A: 1'] }, ['Other: o'], ['Other: o', 'X-A: 1']],
  ['set overwrites, in any case', { set: ['X-A: 1'] }, ['x-a: 0', 'Other: o'], ['X-A: 1', 'Other: o']],
  ['set replaces every line', { set: ['X-A: 1'] }, ['x-a: 0', 'Other: o', 'X-A: 2'], ['X-A: 1', 'Other: o']],
  ['add on nothing', { add: ['X-A: 1'] }, [], ['X-A: 1']],
  ['add appends', { add: ['X-A: 1,2'] }, ['x-a: 0'], ['x-a: 0', 'X-A: 1,2']],
  ['remove, in any case, every line', { remove: ['x-a'] }, ['X-A: 1', 'Other: o', 'x-a: 2'], ['Other: o']],
  ['remove what is not there', { remove: ['x-a'] }, ['Other: o'], ['Other: o']],
  [
    'all three',
    { set: ['A: 1'], add: ['B: 2'], remove: ['c'] },
    ['C: 3', 'B: 1', 'A: 0'],
    ['B: 1', 'A: 1', 'B: 2'],
  ],
  [
    'what the codec owns never gets in',
    {
      set: ['Content-Length: 5', 'transfer-encoding: chunked', 'A: 1'],
      add: ['Connection: close', 'TE: trailers', 'Upgrade: h2c'],
    },
    [],
    ['A: 1'],
  ],
]

for (const [name, actions, before, after] of table) {
  test(`request: ${name}`, () => {
    const x = exchange({ fields: flat(before) })
    assert.equal(requestHeaders.compile(config('request-headers', actions), kit()).request?.(x), undefined)
    assert.deepEqual(lines(x.request.fields.list), after)
  })

  test(`response: ${name}`, async () => {
    const x = exchange({}, flat(before))
    await responseHeaders.compile(config('response-headers', actions), kit()).response?.(x)
    assert.deepEqual(lines(x.response.fields.list), after)
  })
}

for (const [action, authority, hostname] of [
  [{ set: ['Host: Other.example:81'] }, 'Other.example:81', 'other.example'],
  [{ add: ['host: other.example'] }, 'other.example', 'other.example'],
  [{ set: ['HOST: [2001:DB8::1]:81'] }, '[2001:DB8::1]:81', '[2001:db8::1]'],
  [{ set: ['Host: [::1]'] }, '[::1]', '[::1]'],
  [{ remove: ['host'] }, 'example.com', 'example.com'],
] as const)
  test(`Host is what the request is addressed to: ${JSON.stringify(action)}`, async () => {
    const x = exchange({})
    await requestHeaders.compile(config('request-headers', action), kit()).request?.(x)
    assert.deepEqual(
      [x.request.authority, x.request.hostname, x.request.fields.list],
      [authority, hostname, []],
    )
  })

test('hints tell of fields that were brought in, except of an Origin that the client did not send', async () => {
  for (const [line, hint] of [
    ['X-Forwarded-For: 1.2.3.4', HINT_FORWARDED],
    ['forwarded: for=1.2.3.4', HINT_FORWARDED],
    ['X-Request-Id: a', HINT_REQUEST_ID],
    ['TraceParent: 00-', HINT_TRACE],
    ['Via: 1.1 a', HINT_VIA],
    ['Origin: https://a.example', 0],
    ['X-Other: a', 0],
  ] as const)
    for (const actions of [{ set: [line] }, { add: [line] }]) {
      const x = exchange({ hints: HINT_ORIGIN })
      await requestHeaders.compile(config('request-headers', actions), kit()).request?.(x)
      assert.equal(x.request.hints, hint | HINT_ORIGIN, line)
    }
})
