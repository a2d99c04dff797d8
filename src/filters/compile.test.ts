import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FilterConfig, HeaderModifierConfig } from '../snapshot/snapshot.ts'
import { exchange, origin } from '../../test/support/exchange.ts'
import { compileFilters } from './compile.ts'
import { stages } from './order.ts'

const headers = (type: HeaderModifierConfig['type'], value: string): FilterConfig => ({
  type,
  origin,
  set: [],
  add: [{ name: 'X-Trail', value }],
  remove: [],
})
const cors: FilterConfig = {
  type: 'cors',
  origin,
  allowOrigins: ['*'],
  allowCredentials: false,
  allowMethods: [],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
}
const rewrite: FilterConfig = { type: 'url-rewrite', origin, hostname: 'second.example', path: null }
const setHost: FilterConfig = {
  type: 'request-headers',
  origin,
  set: [{ name: 'Host', value: 'first.example' }],
  add: [],
  remove: [],
}

for (const [name, configs, request, response] of [
  ['nothing', [], null, null],
  ['a request filter', [rewrite], 1, null],
  ['a response filter', [headers('response-headers', 'a')], null, 1],
  ['a filter with both', [cors], 1, 1],
  ['all', [rewrite, headers('request-headers', 'a'), headers('response-headers', 'a'), cors], 3, 2],
] as const)
  test(`steps of ${name}`, () => {
    const steps = compileFilters(configs)
    assert.deepEqual([steps.request?.length ?? null, steps.response?.length ?? null], [request, response])
  })

test('within a stage filters run as the route lists them', async () => {
  for (const [configs, host] of [
    [[setHost, rewrite], 'second.example'],
    [[rewrite, setHost], 'first.example'],
  ] as const) {
    const x = exchange({})
    for (const step of compileFilters(configs).request ?? []) await step(x)
    assert.equal(x.request.hostname, host)
  }
})

test('responses meet filters in reverse', async () => {
  const x = exchange({})
  const steps = compileFilters([headers('response-headers', 'outer'), headers('response-headers', 'inner')])
  for (const step of steps.response ?? []) await step(x)
  assert.equal(x.response.fields.combined('x-trail'), 'inner, outer')
})

test('a preflight is answered before other filters, wherever the route lists CORS', async () => {
  const x = exchange({
    method: 'OPTIONS',
    fields: ['Origin', 'https://a.example', 'Access-Control-Request-Method', 'GET'],
  })
  const first = compileFilters([rewrite, cors]).request?.[0]
  assert.equal((await first?.(x))?.status, 204)
})

test('a type that nobody knows is an error, not an open door', () => {
  const unknown = JSON.parse('{"type":"firewall"}') as FilterConfig
  assert.throws(() => compileFilters([unknown]), /no filter of type "firewall"/)
})

test('every type is in the table once', () => {
  const types = stages.flat().map(({ type }) => type)
  assert.deepEqual([...types].sort(), ['cors', 'request-headers', 'response-headers', 'url-rewrite'])
})
