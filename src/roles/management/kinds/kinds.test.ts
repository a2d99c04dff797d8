import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kinds } from '../../../model/kinds.ts'
import { formatProblem } from '../../../model/problem.ts'
import { validate } from '../../../model/validate.ts'
import { readText } from '../../../model/yaml.ts'
import { management } from '../management.ts'

const kinds = new Kinds(management.kinds)

function messages(kind: string, spec: string): string[] {
  const text = `apiVersion: portcullis.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: x }\nspec: ${spec}\n`
  const { declarations, problems } = readText(text, 'a.yaml')
  assert.deepEqual(problems, [])
  return declarations.flatMap(one => validate(one, kinds).problems.map(formatProblem))
}

const gateway = 'targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}]'
const api = 'targetRefs: [{group: portcullis.dev, kind: API, name: p}]'
const plan = (limit: string, rest = '') => `{limits: [${limit}]${rest}}`
const allow = (rest: string) => `{${api}, rules: [{name: r, action: Allow, ${rest}}]}`
const deprecated = (rest: string) => `{routeRefs: [{name: r}], lifecycle: Deprecated, deprecation: {${rest}}}`
const document = (paths: string, version = '3.1.0') =>
  `{routeRefs: [{name: r}], openapi: {document: {openapi: ${version}, info: {title: t, version: v}, paths: {${paths}}}}}`

/** A kind and a spec of it that nothing is wrong with. */
for (const [kind, spec] of [
  ['API', '{routeRefs: [{name: r}]}'],
  [
    'API',
    '{routeRefs: [{kind: GRPCRoute, name: r, sectionName: a}, {name: r, sectionName: a}], basePath: /pets/v1}',
  ],
  [
    'API',
    deprecated(
      'since: 2026-11-01, sunset: 2027-05-01T00:00:00Z, successor: b, documentation: "https://d.example/a?b"',
    ),
  ],
  ['API', document('"/pets/{id}": {get: {operationId: getPet}}')],
  ['API', '{routeRefs: [{name: r}], openapi: {configMapRef: {name: m}}}'],
  ['API', '{routeRefs: [{name: r}], openapi: {compositionRef: {}}}'],
  ['API', '{routeRefs: [{name: r}], openapi: {compositionRef: {name: home}, servedAt: ""}}'],
  ['Product', '{apis: [{name: a}]}'],
  [
    'Product',
    '{apis: [{name: a, operations: [getPet, "GET /pets/{id}"]}], plans: [{name: free}], anonymousPlan: {name: trial}}',
  ],
  ['Plan', '{}'],
  ['Plan', plan('{name: burst, kind: Rate, amount: 20, per: Second, burst: 100}')],
  [
    'Plan',
    plan(
      '{name: pace, kind: Rate, amount: 20, per: Second}, {name: peak, kind: Rate, amount: 60, per: Second, burst: 5}',
    ),
  ],
  [
    'Plan',
    plan(
      '{name: month, kind: Quota, amount: 1000, per: Month, timeZone: Europe/Berlin, counters: Exact, onStoreError: Deny}',
    ),
  ],
  [
    'Plan',
    plan(
      '{name: units, kind: Quota, unit: Cost, amount: 10, per: Day}',
      ', costs: [{operations: [search], cost: 5}], costHeader: X-Cost',
    ),
  ],
  ['AuthenticationPolicy', `{${gateway}, credentials: [{apiKey: {}}, {basic: {}}, {clientCertificate: {}}]}`],
  [
    'AuthenticationPolicy',
    `{${api}, credentials: [{apiKey: {in: [{header: X-Key}, {query: key}, {cookie: key}, {scheme: Bearer}]}}], anonymous: true}`,
  ],
  [
    'AuthenticationPolicy',
    `{${api}, credentials: [{jwt: {issuer: "https://a.example"}}, {jwt: {issuer: "http://127.0.0.1:9000"}}]}`,
  ],
  [
    'AuthorizationPolicy',
    allow(
      'from: {scopes: [write], plans: [gold, other/gold]}, to: {operations: [getPet], paths: [/a, /b/*]}',
    ),
  ],
  [
    'AuthorizationPolicy',
    allow(
      'when: [{attribute: Time, operator: Between, values: ["08:00", "24:00"], timeZone: Asia/Calcutta}]',
    ),
  ],
  [
    'AuthorizationPolicy',
    allow(
      'when: [{attribute: Header, name: X-Tier, operator: Exists}, {attribute: Query, name: n, operator: LessThan, values: ["10"]}]',
    ),
  ],
  [
    'RateLimitPolicy',
    `{${api}, limits: [{name: a, kind: Rate, amount: 5, per: Minute, by: Claim, claim: tenant}]}`,
  ],
] as const)
  test(`${kind} ${spec} is taken`, () => assert.deepEqual(messages(kind, spec), []))

/** A kind, a spec, and what is said of it, without the place. */
for (const [kind, spec, ...expected] of [
  ['API', '{}', 'spec.routeRefs: is required, expected a list of 1 to 32 items'],
  [
    'API',
    '{routeRefs: [{name: r}, {name: r, sectionName: a}]}',
    'spec.routeRefs[1].sectionName: is a rule of a route that is there as a whole',
  ],
  ['API', '{routeRefs: [{name: r}, {name: r}]}', 'spec.routeRefs[1]: is there already, expected it once'],
  [
    'API',
    '{routeRefs: [{name: r}], basePath: /a/}',
    'spec.basePath: ends in "/", with which the paths of the document begin, expected none at the end',
  ],
  [
    'API',
    '{routeRefs: [{name: r}], basePath: /a/../b}',
    'spec.basePath: no request can have this path: requests for it have /b',
  ],
  [
    'API',
    '{routeRefs: [{name: r}], lifecycle: Deprecated}',
    'spec.deprecation: is required for lifecycle: Deprecated, expected at least since',
  ],
  [
    'API',
    '{routeRefs: [{name: r}], deprecation: {since: 2026-11-01}}',
    'spec.deprecation: is only for lifecycle: Deprecated or Retired, and this is Published',
  ],
  ['API', deprecated('since: 2026-02-30'), 'spec.deprecation.since: is a day that no calendar has'],
  ['API', deprecated('since: 2026-13-01'), 'spec.deprecation.since: is a day that no calendar has'],
  [
    'API',
    deprecated('since: soon'),
    'spec.deprecation.since: "soon" is not valid, expected a day like "2026-11-01" or a moment like "2026-11-01T08:00:00Z"',
  ],
  [
    'API',
    deprecated('since: 2026-11-02, sunset: 2026-11-01'),
    'spec.deprecation.sunset: is before since, expected a later time',
  ],
  [
    'API',
    '{routeRefs: [{name: r}], openapi: {}}',
    'spec.openapi: says nothing, expected document, configMapRef or compositionRef',
  ],
  [
    'API',
    '{routeRefs: [{name: r}], openapi: {compositionRef: {}, configMapRef: {name: m}}}',
    'spec.openapi: says configMapRef and compositionRef, expected one of them',
  ],
  [
    'API',
    document('', '3.2.0'),
    'spec.openapi.document.openapi: "3.2.0" is not read, expected "3.0.x" or "3.1.x"',
  ],
  [
    'API',
    document('pets: {}'),
    'spec.openapi.document.paths.pets: does not begin with "/", expected a path like "/pets/{id}"',
  ],
  [
    'API',
    document('/a: {get: {operationId: one}}, /b: {get: {operationId: one}}'),
    'spec.openapi.document.paths["/b"].get.operationId: "one" is the id of GET /a already, expected another',
  ],
  ['Product', '{apis: []}', 'spec.apis: is an empty list, expected a list of 1 to 64 items'],
  [
    'Product',
    '{apis: [{name: a}, {name: a}]}',
    'spec.apis[1].name: is the name of another item of this list, expected one of its own',
  ],
  [
    'Plan',
    plan('{name: a, kind: Rate, amount: 1, per: Month}'),
    'spec.limits[0].per: Month is none of a Rate, expected Second, Minute, Hour, Day',
  ],
  [
    'Plan',
    plan('{name: a, kind: Quota, amount: 1, per: Second}'),
    'spec.limits[0].per: Second is none of a Quota, expected Minute, Hour, Day, Week, Month, Year, Lifetime',
  ],
  [
    'Plan',
    plan('{name: a, kind: Quota, amount: 1, per: Day, burst: 3}'),
    'spec.limits[0].burst: is only for kind: Rate',
  ],
  [
    'Plan',
    plan('{name: a, kind: Rate, amount: 1, per: Day, timeZone: UTC}'),
    'spec.limits[0].timeZone: is only for kind: Quota',
  ],
  [
    'Plan',
    plan('{name: a, kind: Rate, amount: 1, per: Day, burst: 100}'),
    'spec.limits[0].burst: takes more than 31 days to be earned again, expected at most 31',
  ],
  [
    'Plan',
    plan('{name: a, kind: Quota, amount: 1, per: Day, timeZone: Europe/Berln}'),
    'spec.limits[0].timeZone: "Europe/Berln" is no time zone of the IANA database (did you mean "Europe/Berlin"?)',
  ],
  [
    'Plan',
    plan('{name: a, kind: Quota, amount: 1, per: Lifetime, anchor: Calendar}'),
    'spec.limits[0].anchor: is only for windows that end',
  ],
  [
    'Plan',
    plan('{name: a, kind: Quota, amount: 1, per: Day, onStoreError: Allow}'),
    'spec.limits[0].onStoreError: is only for counters: Exact',
  ],
  [
    'Plan',
    plan('{name: a, kind: Quota, amount: 1, per: Day}, {name: b, kind: Quota, amount: 2, per: Day}'),
    'spec.limits[1].name: limits the same as a before it, and of the two only the smaller one would count, expected one of them',
  ],
  ['Plan', '{costs: [{operations: [a], cost: 2}]}', 'spec.costs: are of no use without a limit of unit Cost'],
  [
    'Plan',
    plan(
      '{name: a, kind: Quota, unit: Cost, amount: 1, per: Day}',
      ', costs: [{operations: [a], cost: 2}, {operations: [a], cost: 3}]',
    ),
    'spec.costs[1].operations[0]: a has a cost already, of spec.costs[0], expected it once',
  ],
  [
    'Plan',
    plan('{name: a, kind: Quota, unit: Cost, amount: 1, per: Day}', ', costHeader: Content-Length'),
    'spec.costHeader: Content-Length is of the gateway or of the connection, and says no cost',
  ],
  [
    'AuthenticationPolicy',
    `{${gateway}, credentials: [{}]}`,
    'spec.credentials[0]: says nothing, expected one of apiKey, jwt, clientCertificate, basic',
  ],
  [
    'AuthenticationPolicy',
    `{${gateway}, credentials: [{apiKey: {}, basic: {}}]}`,
    'spec.credentials[0]: says apiKey and basic, expected one of them, and an entry for each',
  ],
  [
    'AuthenticationPolicy',
    `{${gateway}, credentials: [{apiKey: {}}, {apiKey: {}}]}`,
    'spec.credentials[1]: is of the same kind as spec.credentials[0], expected one of them',
  ],
  [
    'AuthenticationPolicy',
    `{${gateway}, credentials: [{apiKey: {in: [{header: authorization}]}}]}`,
    'spec.credentials[0].apiKey.in[0].header: authorization has more in it, expected scheme: Bearer in its place',
  ],
  [
    'AuthenticationPolicy',
    `{${gateway}, credentials: [{apiKey: {in: [{header: X-Forwarded-For}]}}]}`,
    'spec.credentials[0].apiKey.in[0].header: X-Forwarded-For is of the gateway or of the connection, and has no credential',
  ],
  [
    'AuthenticationPolicy',
    `{${gateway}, credentials: [{jwt: {issuer: "http://login.example"}}]}`,
    'spec.credentials[0].jwt.issuer: must begin with https:, for who is in between could give keys of its own',
  ],
  [
    'AuthenticationPolicy',
    `{${gateway}, credentials: [{jwt: {issuer: "https://a.example", algorithms: [none]}}]}`,
    'spec.credentials[0].jwt.algorithms[0]: unknown value "none", expected one of "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"',
  ],
  [
    'AuthenticationPolicy',
    '{targetRefs: [{group: "", kind: Service, name: s}], credentials: [{apiKey: {}}]}',
    'spec.targetRefs[0].kind: an AuthenticationPolicy cannot attach to Service (group ""), expected Gateway, ListenerSet, HTTPRoute or GRPCRoute (group "gateway.networking.k8s.io") or API (group "portcullis.dev")',
  ],
  [
    'AuthenticationPolicy',
    '{targetRefs: [{group: portcullis.dev, kind: API, name: a, sectionName: b}], credentials: [{apiKey: {}}]}',
    'spec.targetRefs[0].sectionName: an API has no sections, expected none: name operations in the policy, or rules of a route',
  ],
  [
    'AuthorizationPolicy',
    allow('from: {}'),
    'spec.rules[0].from: says nothing, and so fits every request; left out, it does so plainly',
  ],
  [
    'AuthorizationPolicy',
    allow('from: {principals: ["key:*x"]}'),
    'spec.rules[0].from.principals[0]: "*" can only be the last character',
  ],
  [
    'AuthorizationPolicy',
    allow('to: {paths: [/a*]}'),
    'spec.rules[0].to.paths[0]: "*" can only be at the end, as "/*"',
  ],
  [
    'AuthorizationPolicy',
    allow('to: {methods: [get]}'),
    'spec.rules[0].to.methods[0]: get differs from GET only in case, expected GET: methods are case-sensitive',
  ],
  [
    'AuthorizationPolicy',
    allow('when: [{attribute: Header, operator: Exists}]'),
    'spec.rules[0].when[0].name: is required for attribute: Header',
  ],
  [
    'AuthorizationPolicy',
    allow('when: [{attribute: Time, operator: In, values: ["08:00"]}]'),
    'spec.rules[0].when[0].operator: Time is not compared by In, expected GreaterThan, LessThan, Between',
  ],
  [
    'AuthorizationPolicy',
    allow('when: [{attribute: Time, operator: Between, values: ["08:00"]}]'),
    'spec.rules[0].when[0].values: has 1 for Between, expected 2',
  ],
  [
    'AuthorizationPolicy',
    allow('when: [{attribute: Address, operator: In, values: [10.0.0.0/33]}]'),
    'spec.rules[0].when[0].values[0]: "10.0.0.0/33" is not valid, expected an address or a range like "10.0.0.0/8"',
  ],
  [
    'AuthorizationPolicy',
    allow('when: [{attribute: Query, name: n, operator: GreaterThan, values: [many]}]'),
    'spec.rules[0].when[0].values[0]: "many" is not valid, expected a number',
  ],
  [
    'RateLimitPolicy',
    `{${api}, limits: [{name: a, kind: Rate, amount: 5, per: Minute, by: Header}]}`,
    'spec.limits[0].header: is required for by: Header',
  ],
  [
    'RateLimitPolicy',
    `{${api}, limits: [{name: a, kind: Rate, amount: 5, per: Minute, claim: x}]}`,
    'spec.limits[0].claim: is only for by: Claim',
  ],
] as const)
  test(`${kind} ${spec} is refused`, () =>
    assert.deepEqual(
      messages(kind, spec).map(message => message.replace(/^a\.yaml:\d+:\d+ \S+ /, '')),
      expected,
    ))
