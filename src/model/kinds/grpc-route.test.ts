import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResources } from '../../../test/support/declared.ts'

function problemsOf(spec: string): string[] {
  const text = `
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: r }
spec: ${spec}
`
  return parseResources('r.yaml', text).problems.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

const match = (text: string): string => `{ rules: [{ matches: [${text}] }] }`
const method = (text: string): string => match(`{ method: { ${text} } }`)
const filters = (text: string): string => `{ rules: [{ filters: [${text}] }] }`
const one = 'spec.rules.0.matches.0'
const noService = `${one}.method.service: is no name of a service, expected one like "shop.v1.Items" for type Exact`
const noMethod = `${one}.method.method: is no name of a method, expected one like "GetItem" for type Exact`
const neither = `${one}.method: has neither, expected service, method, or both`
const modifier = 'type: RequestHeaderModifier, requestHeaderModifier: { remove: [a] }'
const long = 'a'.repeat(1025)

/** Each row: a spec, and what is wrong with it (the CRD's schema and CEL rules). */
for (const [spec, expected] of [
  ['{}', []],
  ['{ rules: [] }', []],
  ['{ rules: [{}] }', []],
  [match('{}'), []],
  [method('service: shop.v1.Items, method: GetItem'), []],
  [method('service: .Shop_2._x'), []],
  [method('method: _Get2'), []],
  [method('type: RegularExpression, service: "shop[.]v[0-9]+[.].*"'), []],
  [method('type: RegularExpression, service: "", method: "Get.*"'), []],
  [method(''), [neither]],
  [method('type: Exact'), [neither]],
  [method('service: "", method: ""'), [neither]],
  [method('type: RegularExpression, service: ""'), [neither]],
  [method('service: "", method: Get'), [noService]],
  [method('service: a, method: ""'), [noMethod]],
  [method('service: ".*", method: ".*"'), [noService, noMethod]],
  [method('type: Exact, service: shop/v1, method: a/b'), [noService, noMethod]],
  [method('service: shop..v1'), [noService]],
  [method('service: shop.1v'), [noService]],
  [method('service: "shop.v1\\n"'), [noService]],
  [method('method: Get.Item'), [noMethod]],
  [
    method(`service: ${long}`),
    [`${one}.method.service: has 1025 characters, expected text of at most 1024 characters`],
  ],
  [
    method('type: Prefix, service: a'),
    [`${one}.method.type: unknown value "Prefix", expected one of "Exact", "RegularExpression"`],
  ],
  [match('{ path: { value: / } }'), [`${one}.path: unknown field, expected one of "method", "headers"`]],
  [
    match('{ headers: [{ name: a, value: "two  words" }, { name: b, type: RegularExpression, value: .+ }] }'),
    [],
  ],
  [
    match('{ headers: [{ name: a }] }'),
    [`${one}.headers.0.value: is required, expected text of 1 to 4096 characters`],
  ],
  [
    match('{ headers: [{ name: a, value: b }, { name: a, value: c }] }'),
    [`${one}.headers.1.name: is the name of another item of this list, expected one of its own`],
  ],
  [`{ rules: [{ matches: [${'{}, '.repeat(64)}] }] }`, []],
  [
    `{ rules: [{ matches: [${'{}, '.repeat(65)}] }] }`,
    ['spec.rules.0.matches: has 65 items, expected a list of at most 64 items'],
  ],
  [`{ rules: [${`{ matches: [${'{}, '.repeat(64)}] }, `.repeat(2)} {}] }`, []],
  [
    `{ rules: [${`{ matches: [${'{}, '.repeat(43)}] }, `.repeat(3)}] }`,
    ['spec.rules: have 129 matches in all, expected at most 128 in one route'],
  ],
  ['{ rules: [{ name: a }, { name: a }] }', ['spec.rules.1.name: is the name of another rule of this route']],
  [filters(`{ ${modifier} }`), []],
  [
    filters(`{ ${modifier} }, { ${modifier} }`),
    ['spec.rules.0.filters.1: RequestHeaderModifier must not be repeated'],
  ],
  [
    filters('{ type: RequestMirror }'),
    ['spec.rules.0.filters.0.requestMirror: is required for filter type RequestMirror'],
  ],
  [
    filters(`{ ${modifier}, extensionRef: { group: a, kind: B, name: c } }`),
    [
      'spec.rules.0.filters.0.extensionRef: must be absent for filter type RequestHeaderModifier, expected requestHeaderModifier',
    ],
  ],
  [
    filters('{ type: URLRewrite }'),
    [
      'spec.rules.0.filters.0.type: unknown value "URLRewrite", expected one of "RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef"',
    ],
  ],
  [
    '{ rules: [{ backendRefs: [{ name: a, filters: [{ type: RequestHeaderModifier }] }] }] }',
    [
      'spec.rules.0.backendRefs.0.port: is required for a Service',
      'spec.rules.0.backendRefs.0.filters.0.requestHeaderModifier: is required for filter type RequestHeaderModifier',
    ],
  ],
  [
    '{ rules: [{ sessionPersistence: { cookie: { lifetimeType: Permanent } } }] }',
    ['spec.rules.0.sessionPersistence.absoluteTimeout: is required where cookie.lifetimeType is Permanent'],
  ],
  [
    '{ rules: [{ timeouts: { request: 1s } }] }',
    [
      'spec.rules.0.timeouts: unknown field, expected one of "name", "matches", "filters", "backendRefs", "sessionPersistence"',
    ],
  ],
  [
    '{ parentRefs: [{ name: a }, { name: a, port: 80 }] }',
    ['spec.parentRefs.1: refers to the same parent as another one, expected sectionName or port on both'],
  ],
  ['{ hostnames: ["*.shop.example"], useDefaultGateways: All }', []],
] as const)
  test(`spec ${spec.slice(0, 90)}: ${expected.length === 0 ? 'valid' : expected[0]!.slice(0, 60)}`, () =>
    assert.deepEqual(problemsOf(spec), expected))
