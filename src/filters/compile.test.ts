import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FilterConfig } from '../snapshot/rule.ts'
import { exchange as viewOf, origin } from '../../test/support/exchange.ts'
import { kit } from '../../test/support/kit.ts'
import { FilterTable, stepsOf, type FilterSteps, type SteppedExchange } from './compile.ts'
import { cors as corsType, type CorsConfig } from './cors.ts'
import type { FilterType } from './filter.ts'
import { requestHeaders, responseHeaders, type HeaderModifierConfig } from './header-modifier.ts'
import { phases } from './phases.ts'
import { urlRewrite, type UrlRewriteConfig } from './url-rewrite.ts'

const table = new FilterTable([urlRewrite, responseHeaders, requestHeaders, corsType])

const compileFilters = (configs: readonly FilterConfig[]): FilterSteps => stepsOf(table.ready(configs, kit()))

const exchange = (request: Parameters<typeof viewOf>[0]): SteppedExchange => ({
  ...viewOf(request),
  holdBody: () => undefined,
  hideBody: () => undefined,
})

const headers = (type: HeaderModifierConfig['type'], value: string): HeaderModifierConfig => ({
  type,
  origin,
  set: [],
  add: [{ name: 'X-Trail', value }],
  remove: [],
})
const cors: CorsConfig = {
  type: 'cors',
  origin,
  allowOrigins: ['*'],
  allowCredentials: false,
  allowMethods: [],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
}
const rewrite: UrlRewriteConfig = { type: 'url-rewrite', origin, hostname: 'second.example', path: null }
const setHost: HeaderModifierConfig = {
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
  const verdict = await first?.(x)
  assert.ok(verdict !== undefined && 'status' in verdict)
  assert.equal(verdict.status, 204)
})

test('a type that nobody knows is an error, not an open door', () => {
  const unknown = JSON.parse('{"type":"firewall"}') as FilterConfig
  assert.throws(() => compileFilters([unknown]), /no filter of type "firewall" is known/)
})

test('two filters of one type are an error', () => {
  assert.throws(() => new FilterTable([corsType, corsType]), /two filters of type "cors"/)
})

test('the phase decides, whatever the order of lists, and whichever role a filter is of', async () => {
  const ran: string[] = []
  const types = phases.map((phase): FilterType => ({
    type: phase,
    role: 'ingress',
    phase,
    describe: () => phase,
    compile: () => ({
      request: () => void ran.push(phase),
      response: () => void ran.push(`-${phase}`),
      end: () => void ran.push(`!${phase}`),
    }),
  }))
  const configs = phases.map((type): FilterConfig => ({ type, origin })).toReversed()
  const steps = stepsOf(new FilterTable(types).ready(configs, kit()))
  const x = exchange({})
  for (const step of steps.request ?? []) await step(x)
  assert.deepEqual(ran.splice(0), phases)
  for (const step of steps.response ?? []) await step(x)
  assert.deepEqual(ran.splice(0), phases.map(phase => `-${phase}`).toReversed())
  for (const step of steps.end ?? []) step(x)
  assert.deepEqual(ran, phases.map(phase => `!${phase}`).toReversed())
})

const EXTENSION_AT = phases.indexOf('extension')

for (const [i, phase] of phases.entries())
  test(`what stands before a filter of the user's own goes no further in: ${phase}`, () => {
    const types = phases.map((of): FilterType => ({
      type: of,
      role: 'ingress',
      phase: of,
      describe: () => of,
      compile: () => ({}),
    }))
    const others = phases.filter(one => one !== phase).map((type): FilterConfig => ({ type, origin }))
    const ahead: FilterConfig = { type: phase, origin, ahead: true }
    const order = new FilterTable(types).inOrder([ahead, ...others]).map(({ type }) => type)
    const expected = phases.filter(one => one !== phase)
    expected.splice(Math.min(i, EXTENSION_AT), 0, phase)
    assert.deepEqual(order, expected)
  })
