import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatProblem } from './problem.ts'
import { kinds, parseResources } from '../../test/support/declared.ts'
import { validate } from './validate.ts'

const messages = (yaml: string) => parseResources('a.yaml', yaml).problems.map(formatProblem)

const head = (kind: string, apiVersion = 'gateway.networking.k8s.io/v1') =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: x }\n`
const route = (spec: string) => `${head('HTTPRoute')}spec:\n${spec}`
const gateway = (listeners: string, rest = '') =>
  `${head('Gateway')}spec:\n  gatewayClassName: portcullis\n${rest}  listeners:\n${listeners}`
const ours = (kind: string, spec: string) => `${head(kind, 'portcullis.dev/v1alpha1')}spec: ${spec}\n`
const redirect = '{type: RequestRedirect, requestRedirect: {statusCode: 301}}'
const mirror = (rest: string) =>
  `{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 80}, ${rest}}}`
const filters = (...list: string[]) => route(`  rules:\n  - filters: [${list.join(', ')}]\n`)
const match = (text: string) => route(`  rules:\n  - matches: [${text}]\n`)
const rewrite = (path: string) => `{type: URLRewrite, urlRewrite: {path: ${path}}}`
const prefix = rewrite('{type: ReplacePrefixMatch, replacePrefixMatch: /}')

/** YAML in, formatted problems out. */
const goldens: readonly (readonly [name: string, yaml: string, expected: readonly string[]])[] = [
  // The object as such.
  [
    'no kind',
    'metadata: {name: x}\n',
    [`a.yaml:1:1 kind: is required, expected one of ${kinds.names.join(', ')}`],
  ],
  [
    'a misspelt kind',
    head('HTTPRuote'),
    ['a.yaml:2:1 HTTPRuote/x kind: unknown kind "HTTPRuote" (did you mean "HTTPRoute"?)'],
  ],
  [
    'an unknown version',
    `${head('HTTPRoute', 'gateway.networking.k8s.io/v2')}spec: {}\n`,
    [
      'a.yaml:1:1 HTTPRoute/x apiVersion: unknown version "gateway.networking.k8s.io/v2" (did you mean "gateway.networking.k8s.io/v1"?), expected "gateway.networking.k8s.io/v1" or "gateway.networking.k8s.io/v1beta1"',
    ],
  ],
  [
    "another group, which is nobody else's",
    `${head('HTTPRoute', 'networking.k8s.io/v1')}`,
    [
      'a.yaml:1:1 HTTPRoute/x apiVersion: unknown group for kind HTTPRoute "networking.k8s.io/v1", expected "gateway.networking.k8s.io/v1" or "gateway.networking.k8s.io/v1beta1"',
      'a.yaml:1:1 HTTPRoute/x spec: is required, expected an object',
    ],
  ],
  [
    'no apiVersion',
    'kind: Namespace\nmetadata: {name: x}\n',
    ['a.yaml:1:1 Namespace/x apiVersion: is required, expected "v1"'],
  ],
  [
    'no name',
    'apiVersion: v1\nkind: ConfigMap\n',
    ['a.yaml:1:1 ConfigMap metadata.name: is required, expected text of 1 to 253 characters'],
  ],
  [
    'a bad name',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: My_Map}\n',
    [
      'a.yaml:3:12 ConfigMap/My_Map metadata.name: "My_Map" is no valid name, expected lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit (RFC 1123 subdomain)',
    ],
  ],
  [
    'a dot in a Service name',
    'apiVersion: v1\nkind: Service\nmetadata: {name: a.b}\nspec: {ports: [{port: 80}]}\n',
    [
      'a.yaml:3:12 Service/a.b metadata.name: "a.b" is no valid name, expected at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit (RFC 1123 label)',
    ],
  ],
  [
    'a bad namespace',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a.b}\n',
    [
      'a.yaml:3:21 ConfigMap/x metadata.namespace: "a.b" is no valid namespace, expected at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit (RFC 1123 label)',
    ],
  ],
  [
    'a namespace of a cluster-scoped object',
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: x, namespace: y}\n',
    [
      'a.yaml:3:21 Namespace/x metadata.namespace: must be absent, because a Namespace belongs to no namespace',
    ],
  ],
  [
    'labels',
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  labels: {"a b": x, c: 1, d: "-"}\n',
    [
      'a.yaml:5:22 Namespace/x metadata.labels.c: is an integer, expected letters, digits, "-", "_" and ".", beginning and ending with a letter or digit (put it in quotes)',
      'a.yaml:5:28 Namespace/x metadata.labels.d: "-" is not valid, expected letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
    ],
  ],
  [
    'label keys',
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  labels: {"a b": x}\n',
    [
      'a.yaml:5:12 Namespace/x metadata.labels["a b"]: is no valid key, expected an optional DNS name and "/", then at most 63 letters, digits, "-", "_" and "."',
    ],
  ],
  [
    'an annotation that is no text',
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  annotations: {a: true}\n',
    ['a.yaml:5:17 Namespace/x metadata.annotations.a: is a boolean, expected text (put it in quotes)'],
  ],
  [
    'an unknown field of metadata',
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: x, lables: {}}\n',
    ['a.yaml:3:21 Namespace/x metadata.lables: unknown field (did you mean "labels"?)'],
  ],
  [
    'metadata that is no object',
    'apiVersion: v1\nkind: Namespace\nmetadata: x\n',
    ['a.yaml:3:1 Namespace metadata: is text, expected an object'],
  ],

  // By schema.
  [
    'an unknown field that is near',
    route('  rulez: []\n'),
    ['a.yaml:5:3 HTTPRoute/x spec.rulez: unknown field (did you mean "rules"?)'],
  ],
  [
    'a required field by another name',
    `${head('Backend', 'portcullis.dev/v1alpha1')}spec: {endpoint: [{address: a, ports: 1}]}\n`,
    ['a.yaml:4:8 Backend/x spec.endpoint: unknown field (did you mean "endpoints"?)'],
  ],
  [
    'a required field that is missing beside an unknown one',
    `${head('Backend', 'portcullis.dev/v1alpha1')}spec: {endpoints: [{address: a, weigth: 1}]}\n`,
    [
      'a.yaml:4:20 Backend/x spec.endpoints[0].port: is required, expected an integer from 1 to 65535',
      'a.yaml:4:33 Backend/x spec.endpoints[0].weigth: unknown field (did you mean "weight"?)',
    ],
  ],
  [
    'an unknown field that is not',
    `${head('Backend', 'portcullis.dev/v1alpha1')}spec: {endpoints: [{address: a, port: 1}], foo: 1}\n`,
    ['a.yaml:4:44 Backend/x spec.foo: unknown field, expected one of "endpoints", "protocol"'],
  ],
  [
    'a field beside spec',
    `${route('  rules: []\n').replace('rules: []', 'rules: [{}]')}specs: 1\n`,
    ['a.yaml:6:1 HTTPRoute/x specs: unknown field (did you mean "spec"?)'],
  ],
  ['no spec', head('HTTPRoute'), ['a.yaml:1:1 HTTPRoute/x spec: is required, expected an object']],
  [
    'an empty spec',
    `${head('HTTPRoute')}spec:\n`,
    ['a.yaml:4:1 HTTPRoute/x spec: is required, expected an object'],
  ],
  [
    'text for a list',
    route('  hostnames: shop.example\n'),
    ['a.yaml:5:3 HTTPRoute/x spec.hostnames: is text, expected a list of at most 16 items'],
  ],
  [
    'an empty list',
    route('  rules: []\n'),
    ['a.yaml:5:3 HTTPRoute/x spec.rules: is an empty list, expected a list of 1 to 16 items'],
  ],
  [
    'an empty item',
    route('  rules: [null]\n'),
    ['a.yaml:5:11 HTTPRoute/x spec.rules[0]: is empty, expected an object'],
  ],
  [
    'too many items',
    route(`  hostnames: [${'a, '.repeat(17)}]\n`),
    ['a.yaml:5:3 HTTPRoute/x spec.hostnames: has 17 items, expected a list of at most 16 items'],
  ],
  [
    'a hostname',
    route('  hostnames: [Shop.example]\n'),
    [
      'a.yaml:5:15 HTTPRoute/x spec.hostnames[0]: "Shop.example" is not valid, expected a DNS name in lower case, like "shop.example" or "*.shop.example"',
    ],
  ],
  [
    'a quoted number',
    route('  rules: [{backendRefs: [{name: a, port: "80"}]}]\n'),
    [
      'a.yaml:5:36 HTTPRoute/x spec.rules[0].backendRefs[0].port: is text, expected an integer from 1 to 65535 (without quotes)',
    ],
  ],
  [
    'a number out of range',
    route('  rules: [{backendRefs: [{name: a, port: 70000}]}]\n'),
    [
      'a.yaml:5:36 HTTPRoute/x spec.rules[0].backendRefs[0].port: is 70000, expected an integer from 1 to 65535',
    ],
  ],
  [
    'a fraction',
    route('  rules: [{backendRefs: [{name: a, port: 1.5}]}]\n'),
    [
      'a.yaml:5:36 HTTPRoute/x spec.rules[0].backendRefs[0].port: is a number, expected an integer from 1 to 65535',
    ],
  ],
  [
    'a misspelt filter',
    filters('{type: RequestHeaderModifer, requestHeaderModifier: {}}'),
    [
      'a.yaml:6:16 HTTPRoute/x spec.rules[0].filters[0].type: unknown value "RequestHeaderModifer" (did you mean "RequestHeaderModifier"?), expected one of "RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "RequestRedirect", "URLRewrite", "ExtensionRef", "CORS", "ExternalAuth"',
    ],
  ],
  [
    'a status that redirects cannot have',
    filters('{type: RequestRedirect, requestRedirect: {statusCode: 304}}'),
    [
      'a.yaml:6:57 HTTPRoute/x spec.rules[0].filters[0].requestRedirect.statusCode: is 304, expected one of 301, 302, 303, 307, 308',
    ],
  ],
  [
    'a header value that would split a message',
    filters(
      '{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: "hunter2\\r\\nb: c"}]}}',
    ),
    [
      'a.yaml:6:85 HTTPRoute/x spec.rules[0].filters[0].requestHeaderModifier.set[0].value: is not valid, expected visible ASCII characters, with blanks only between them',
    ],
  ],
  [
    'a header name',
    filters('{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: "a b", value: c}]}}'),
    [
      'a.yaml:6:76 HTTPRoute/x spec.rules[0].filters[0].requestHeaderModifier.set[0].name: "a b" is not valid, expected a header name',
    ],
  ],
  [
    'a header set twice',
    filters(
      '{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}, {name: a, value: c}]}}',
    ),
    [
      'a.yaml:6:97 HTTPRoute/x spec.rules[0].filters[0].requestHeaderModifier.set[1].name: is the name of another item of this list, expected one of its own',
    ],
  ],
  [
    'a header removed twice',
    filters('{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a, b, a]}}'),
    [
      'a.yaml:6:84 HTTPRoute/x spec.rules[0].filters[0].requestHeaderModifier.remove[2]: is in this list twice, expected it once',
    ],
  ],
  [
    'a duration',
    route('  rules: [{timeouts: {request: 10, backendRequest: 1.5s}}]\n'),
    [
      'a.yaml:5:23 HTTPRoute/x spec.rules[0].timeouts.request: is an integer, expected a duration like "500ms", "10s" or "1m30s"',
      'a.yaml:5:36 HTTPRoute/x spec.rules[0].timeouts.backendRequest: "1.5s" is not valid, expected a duration like "500ms", "10s" or "1m30s"',
    ],
  ],
  [
    'several mistakes, in the order of the file',
    route('  rulez: []\n  hostnames: [""]\n  parentRefs: [{nam: a}]\n'),
    [
      'a.yaml:5:3 HTTPRoute/x spec.rulez: unknown field (did you mean "rules"?)',
      'a.yaml:6:15 HTTPRoute/x spec.hostnames[0]: is empty text, expected a DNS name in lower case, like "shop.example" or "*.shop.example", 1 to 253 characters',
      'a.yaml:7:17 HTTPRoute/x spec.parentRefs[0].nam: unknown field (did you mean "name"?)',
    ],
  ],

  // HTTPRoute's rules.
  [
    'a path without slash',
    match('{path: {value: a}}'),
    ['a.yaml:6:23 HTTPRoute/x spec.rules[0].matches[0].path.value: must start with "/" for type PathPrefix'],
  ],
  [
    'dots in a path',
    match('{path: {type: Exact, value: /a/../b}}'),
    ['a.yaml:6:36 HTTPRoute/x spec.rules[0].matches[0].path.value: must not contain "/../" for type Exact'],
  ],
  [
    'dots at the end of a path',
    match('{path: {value: /a/..}}'),
    [
      'a.yaml:6:23 HTTPRoute/x spec.rules[0].matches[0].path.value: must not end with "/.." for type PathPrefix',
    ],
  ],
  [
    'an encoded slash in a path',
    match('{path: {value: /a%2Fb}}'),
    [
      'a.yaml:6:23 HTTPRoute/x spec.rules[0].matches[0].path.value: must not contain "%2F" for type PathPrefix',
    ],
  ],
  [
    'a blank in a path',
    match('{path: {value: "/a b"}}'),
    [
      'a.yaml:6:23 HTTPRoute/x spec.rules[0].matches[0].path.value: has a character that a URL path cannot have, expected it percent-encoded for type PathPrefix',
    ],
  ],
  ['a regular expression may have all that', match('{path: {type: RegularExpression, value: "a//.*#"}}'), []],
  [
    'the field of another filter',
    filters('{type: URLRewrite, requestRedirect: {}}'),
    [
      'a.yaml:6:15 HTTPRoute/x spec.rules[0].filters[0].urlRewrite: is required for filter type URLRewrite',
      'a.yaml:6:34 HTTPRoute/x spec.rules[0].filters[0].requestRedirect: must be absent for filter type URLRewrite, expected urlRewrite',
    ],
  ],
  [
    'a filter given twice',
    filters('{type: CORS, cors: {}}', '{type: CORS, cors: {}}'),
    ['a.yaml:6:39 HTTPRoute/x spec.rules[0].filters[1]: CORS must not be repeated'],
  ],
  ['mirrors may be given twice', filters(mirror(''), mirror('percent: 5')), []],
  [
    'a rewrite and a redirect',
    filters(redirect, '{type: URLRewrite, urlRewrite: {hostname: a.example}}'),
    [
      'a.yaml:6:76 HTTPRoute/x spec.rules[0].filters[1]: URLRewrite must not be used together with RequestRedirect',
    ],
  ],
  [
    'a redirect with a backend',
    route(`  rules:\n  - filters: [${redirect}]\n    backendRefs: [{name: a, port: 80}]\n`),
    [
      'a.yaml:6:39 HTTPRoute/x spec.rules[0].filters[0].requestRedirect: must not be used together with backendRefs of the same rule',
    ],
  ],
  [
    'a Service without port',
    route('  rules: [{backendRefs: [{name: a}]}]\n'),
    ['a.yaml:5:26 HTTPRoute/x spec.rules[0].backendRefs[0].port: is required for a Service'],
  ],
  ['another core kind without port', route('  rules: [{backendRefs: [{kind: Thing, name: a}]}]\n'), []],
  [
    'a Backend without port',
    route('  rules: [{backendRefs: [{group: portcullis.dev, kind: Backend, name: a}]}]\n'),
    [],
  ],
  [
    'percent and fraction',
    filters(mirror('percent: 1, fraction: {numerator: 1}')),
    [
      'a.yaml:6:98 HTTPRoute/x spec.rules[0].filters[0].requestMirror.fraction: must be absent where percent is given',
    ],
  ],
  [
    'a fraction above one',
    filters(mirror('fraction: {numerator: 101}')),
    [
      'a.yaml:6:97 HTTPRoute/x spec.rules[0].filters[0].requestMirror.fraction.numerator: must not be more than the denominator (100 where absent)',
    ],
  ],
  [
    'a modifier of the other type',
    filters(rewrite('{type: ReplaceFullPath, replacePrefixMatch: /}')),
    [
      'a.yaml:6:47 HTTPRoute/x spec.rules[0].filters[0].urlRewrite.path.replaceFullPath: is required for type ReplaceFullPath',
      'a.yaml:6:77 HTTPRoute/x spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch: must be absent for type ReplaceFullPath',
    ],
  ],
  ['a prefix replacement with the default match', filters(prefix), []],
  [
    'a prefix replacement with an exact match',
    route(`  rules: [{matches: [{path: {type: Exact, value: /}}], filters: [${prefix}]}]\n`),
    [
      'a.yaml:5:131 HTTPRoute/x spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch: needs exactly one match in this rule, of type PathPrefix; this one has one of type Exact',
    ],
  ],
  [
    'a prefix replacement with two matches, in a backendRef',
    route(`  rules: [{matches: [{}, {}], backendRefs: [{name: a, port: 1, filters: [${prefix}]}]}]\n`),
    [
      'a.yaml:5:139 HTTPRoute/x spec.rules[0].backendRefs[0].filters[0].urlRewrite.path.replacePrefixMatch: needs exactly one match in this rule, of type PathPrefix; this one has 2',
    ],
  ],
  [
    'a star beside other origins',
    filters('{type: CORS, cors: {allowOrigins: ["*", "http://a.example"]}}'),
    [
      'a.yaml:6:35 HTTPRoute/x spec.rules[0].filters[0].cors.allowOrigins: cannot contain "*" beside other values',
    ],
  ],
  [
    'the wrong protocol of external auth',
    filters('{type: ExternalAuth, externalAuth: {protocol: GRPC, backendRef: {name: a, port: 1}, http: {}}}'),
    [
      'a.yaml:6:36 HTTPRoute/x spec.rules[0].filters[0].externalAuth.grpc: is required for protocol GRPC',
      'a.yaml:6:99 HTTPRoute/x spec.rules[0].filters[0].externalAuth.http: must be absent for protocol GRPC',
    ],
  ],
  [
    'an attempt longer than the request',
    route('  rules: [{timeouts: {request: 1s, backendRequest: 1001ms}}]\n'),
    [
      'a.yaml:5:36 HTTPRoute/x spec.rules[0].timeouts.backendRequest: must not be longer than timeouts.request',
    ],
  ],
  [
    'an attempt under a request without end',
    route('  rules: [{timeouts: {request: 0s, backendRequest: 1001ms}}]\n'),
    [],
  ],
  [
    'a rule name given twice',
    route('  rules: [{name: a}, {}, {name: a}]\n'),
    ['a.yaml:5:27 HTTPRoute/x spec.rules[2].name: is the name of another rule of this route'],
  ],
  [
    '129 matches',
    route(`  rules:\n${`  - matches: [${'{}, '.repeat(43)}]\n`.repeat(3)}`),
    ['a.yaml:5:3 HTTPRoute/x spec.rules: have 129 matches in all, expected at most 128 in one route'],
  ],
  [
    'one parent twice',
    route('  parentRefs: [{name: a}, {name: a, namespace: b}, {kind: Gateway, name: a}]\n'),
    [
      'a.yaml:5:52 HTTPRoute/x spec.parentRefs[2]: refers to the same parent and section as another one, expected a sectionName or port of its own',
    ],
  ],
  [
    'one parent whole and in part',
    route('  parentRefs: [{name: a}, {name: a, port: 80}]\n'),
    [
      'a.yaml:5:27 HTTPRoute/x spec.parentRefs[1]: refers to the same parent as another one, expected sectionName or port on both',
    ],
  ],
  [
    'two sections of one parent',
    route('  parentRefs: [{name: a, sectionName: b}, {name: a, sectionName: c}]\n'),
    [],
  ],
  [
    'a permanent cookie without end',
    route('  rules: [{sessionPersistence: {cookie: {lifetimeType: Permanent}}}]\n'),
    [
      'a.yaml:5:12 HTTPRoute/x spec.rules[0].sessionPersistence.absoluteTimeout: is required where cookie.lifetimeType is Permanent',
    ],
  ],
  [
    'a cookie for a header',
    route('  rules: [{sessionPersistence: {type: Header, header: {name: X-A}, cookie: {}}}]\n'),
    ['a.yaml:5:68 HTTPRoute/x spec.rules[0].sessionPersistence.cookie: must be absent for type Header'],
  ],

  // Gateway's rules.
  [
    'TLS where there is none',
    gateway('  - {name: a, port: 80, protocol: HTTP, tls: {certificateRefs: [{name: c}]}}\n'),
    ['a.yaml:7:41 Gateway/x spec.listeners[0].tls: must be absent for protocol HTTP'],
  ],
  [
    'HTTPS that is passed through',
    gateway('  - {name: a, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}\n'),
    ['a.yaml:7:49 Gateway/x spec.listeners[0].tls.mode: must be Terminate for protocol HTTPS'],
  ],
  [
    'HTTPS without certificate',
    gateway('  - {name: a, port: 443, protocol: HTTPS, tls: {}}\n'),
    [
      'a.yaml:7:43 Gateway/x spec.listeners[0].tls.certificateRefs: is required where tls.mode is Terminate, expected at least one reference (or tls.options)',
    ],
  ],
  [
    'protocol TLS without tls',
    gateway('  - {name: a, port: 443, protocol: TLS}\n'),
    ['a.yaml:7:5 Gateway/x spec.listeners[0].tls: is required for protocol TLS'],
  ],
  [
    'a hostname for TCP',
    gateway('  - {name: a, port: 443, protocol: TCP, hostname: a.example}\n'),
    ['a.yaml:7:41 Gateway/x spec.listeners[0].hostname: must be absent for protocol TCP'],
  ],
  [
    'a listener name given twice',
    gateway('  - {name: a, port: 80, protocol: HTTP}\n  - {name: a, port: 81, protocol: HTTP}\n'),
    [
      'a.yaml:8:6 Gateway/x spec.listeners[1].name: is the name of another item of this list, expected one of its own',
    ],
  ],
  [
    'a listener given twice',
    gateway('  - {name: a, port: 80, protocol: HTTP}\n  - {name: b, port: 80, protocol: HTTP}\n'),
    [
      'a.yaml:8:5 Gateway/x spec.listeners[1]: has the port, protocol and hostname of another listener of this Gateway',
    ],
  ],
  [
    'listeners that differ in hostname',
    gateway(
      '  - {name: a, port: 80, protocol: HTTP}\n  - {name: b, port: 80, protocol: HTTP, hostname: a.example}\n',
    ),
    [],
  ],
  [
    'a protocol with something in front',
    gateway('  - {name: a, port: 80, protocol: "! a.b/HTTP"}\n'),
    [
      'a.yaml:7:25 Gateway/x spec.listeners[0].protocol: "! a.b/HTTP" is not valid, expected a protocol like "HTTP", "HTTPS", "TLS", "TCP", "UDP", or one with a domain in front',
    ],
  ],
  [
    'addresses',
    gateway(
      '  - {name: a, port: 80, protocol: HTTP}\n',
      '  addresses: [{value: 1.2.3}, {type: Hostname, value: A}, {value: "::1"}, {value: "::1"}, {}]\n',
    ),
    [
      'a.yaml:6:16 Gateway/x spec.addresses[0].value: is no IP address, expected IPv4 or IPv6',
      'a.yaml:6:48 Gateway/x spec.addresses[1].value: is no hostname, expected a DNS name in lower case',
      'a.yaml:6:76 Gateway/x spec.addresses[3].value: is given twice',
    ],
  ],
  [
    'keys of infrastructure labels',
    gateway('  - {name: a, port: 80, protocol: HTTP}\n', '  infrastructure: {labels: {"a//b": x}}\n'),
    [
      'a.yaml:6:29 Gateway/x spec.infrastructure.labels["a//b"]: is no valid key, expected an optional DNS name and "/", then at most 63 letters, digits, "-", "_" and "."',
    ],
  ],
  [
    'a selector',
    gateway(
      '  - {name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchExpressions: [{key: a, operator: In}]}}}}\n',
    ),
    [
      'a.yaml:7:116 Gateway/x spec.listeners[0].allowedRoutes.namespaces.selector.matchExpressions[0].values: must name at least one value for operator In',
    ],
  ],

  // Core kinds.
  [
    'a Service without ports',
    `${head('Service', 'v1')}spec: {}\n`,
    ['a.yaml:4:1 Service/x spec.ports: is required, expected at least one port'],
  ],
  ['a headless Service without ports', `${head('Service', 'v1')}spec: {clusterIP: None}\n`, []],
  [
    'an ExternalName without name',
    `${head('Service', 'v1')}spec: {type: ExternalName}\n`,
    ['a.yaml:4:1 Service/x spec.externalName: is required for type ExternalName'],
  ],
  [
    'ports of a Service',
    `${head('Service', 'v1')}spec:\n  ports:\n  - {name: a, port: 80}\n  - {name: a, port: 81}\n  - {port: 82}\n  - {name: d, port: 80}\n`,
    [
      'a.yaml:7:6 Service/x spec.ports[1].name: is the name of another port of this Service',
      'a.yaml:8:5 Service/x spec.ports[2].name: is required where a Service has more than one port',
      'a.yaml:9:15 Service/x spec.ports[3].port: is given twice for the same protocol',
    ],
  ],
  [
    'addresses of a slice',
    `${head('EndpointSlice', 'discovery.k8s.io/v1')}addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}, {addresses: ["::1"]}]\n`,
    ['a.yaml:5:51 EndpointSlice/x endpoints[1].addresses[0]: is not of addressType IPv4'],
  ],
  [
    'a TLS secret without key',
    `${head('Secret', 'v1')}type: kubernetes.io/tls\ndata: {tls.crt: aHVudGVyMg==}\n`,
    ['a.yaml:5:1 Secret/x data["tls.key"]: is required for type kubernetes.io/tls'],
  ],
  [
    'a bad key of a ConfigMap',
    `${head('ConfigMap', 'v1')}data: {../a: b, c: d}\nbinaryData: {c: aGk=}\n`,
    [
      'a.yaml:4:8 ConfigMap/x data["../a"]: is no valid key, expected letters, digits, "-", "_" and ".", at most 253',
      'a.yaml:5:14 ConfigMap/x binaryData.c: is also a key of data',
    ],
  ],

  // Ours.
  [
    'addresses of a Backend',
    ours(
      'Backend',
      '{endpoints: [{address: 1.2.3.400, port: 1}, {address: my_service, port: 1}, {address: "::1", port: 1}, {address: "http://a", port: 1}]}',
    ),
    [
      'a.yaml:4:21 Backend/x spec.endpoints[0].address: "1.2.3.400" is not valid, expected an IP address or a DNS name',
      'a.yaml:4:111 Backend/x spec.endpoints[3].address: "http://a" is not valid, expected an IP address or a DNS name',
    ],
  ],
  [
    'limits of a ClientPolicy',
    ours(
      'ClientPolicy',
      '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}], limits: {headBytes: 8KB, bodyBytes: -1, fieldBytes: 8Ki}}',
    ),
    [
      'a.yaml:4:91 ClientPolicy/x spec.limits.headBytes: "8KB" is not valid, expected a number of bytes like 8192, "8Ki" or "1M"',
      'a.yaml:4:107 ClientPolicy/x spec.limits.bodyBytes: is -1, expected a number of bytes like 8192, "8Ki" or "1M"',
    ],
  ],
  [
    'who is trusted by a ClientPolicy',
    ours(
      'ClientPolicy',
      '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}], trustedPeers: [10.0.0.0/8, 10.0.0.0/33], sharing: "no"}',
    ),
    [
      'a.yaml:4:109 ClientPolicy/x spec.trustedPeers[1]: "10.0.0.0/33" is not valid, expected an IP address or a range of them, like "10.0.0.0/8" or "2001:db8::/32"',
      'a.yaml:4:123 ClientPolicy/x spec.sharing: unknown value "no", expected one of "client", "off"',
    ],
  ],
  [
    'a PROXY header that anybody may leave out',
    ours(
      'ClientPolicy',
      '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}], proxyProtocol: {required: false}}',
    ),
    [
      'a.yaml:4:98 ClientPolicy/x spec.proxyProtocol.required: lets every client choose its address, expected true, or spec.trustedPeers with the addresses of the balancers',
    ],
  ],
  [
    'a PROXY header of no version',
    ours(
      'ClientPolicy',
      '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}], proxyProtocol: {versions: []}}',
    ),
    [
      'a.yaml:4:98 ClientPolicy/x spec.proxyProtocol.versions: is an empty list, expected a list of 1 to 2 items',
    ],
  ],
  [
    'methods of a ClientPolicy',
    ours(
      'ClientPolicy',
      '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}], methods: [GET, get, CONNECT, PAINT, paint]}',
    ),
    [
      'a.yaml:4:97 ClientPolicy/x spec.methods[1]: get differs from GET only in case, expected GET: methods are case-sensitive',
      'a.yaml:4:102 ClientPolicy/x spec.methods[2]: CONNECT cannot be taken: it is not served here',
    ],
  ],
  [
    'what is no method of a ClientPolicy',
    ours(
      'ClientPolicy',
      '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}], methods: ["a b", GET, GET]}',
    ),
    [
      'a.yaml:4:92 ClientPolicy/x spec.methods[0]: "a b" is not valid, expected a method like "GET" or "PROPFIND"',
      'a.yaml:4:104 ClientPolicy/x spec.methods[2]: is in this list twice, expected it once',
    ],
  ],
  [
    'the target of a ClientPolicy',
    ours('ClientPolicy', '{targetRefs: [{group: "", kind: Service, name: g}]}'),
    [
      'a.yaml:4:33 ClientPolicy/x spec.targetRefs[0].kind: a ClientPolicy cannot attach to Service (group ""), expected Gateway (group "gateway.networking.k8s.io")',
    ],
  ],
  [
    'a patience that outlasts who waits',
    ours(
      'BackendPolicy',
      '{targetRefs: [{group: "", kind: Service, name: s}], connections: {connectTimeout: 2s}, pressure: {patience: 2s}}',
    ),
    [
      'a.yaml:4:105 BackendPolicy/x spec.pressure.patience: must be below connections.connectTimeout (2s), how long a request may wait for a connection',
    ],
  ],
  [
    'a patience that outlasts who waits by default',
    ours('BackendPolicy', '{targetRefs: [{group: "", kind: Service, name: s}], pressure: {patience: 1m}}'),
    [
      'a.yaml:4:70 BackendPolicy/x spec.pressure.patience: must be below connections.connectTimeout (5s), how long a request may wait for a connection',
    ],
  ],
  [
    'groups for the exchange of keys',
    ours(
      'ClientPolicy',
      '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}], tls: {groups: [secp256r1, X25519MLKEM786, ffdhe8192]}}',
    ),
    [
      'a.yaml:4:108 ClientPolicy/x spec.tls.groups[1]: unknown or costly group "X25519MLKEM786" (did you mean "X25519MLKEM768"?), expected one of X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, X25519, P-256, P-384, P-521, X448, ffdhe2048, ffdhe3072',
      'a.yaml:4:124 ClientPolicy/x spec.tls.groups[2]: unknown or costly group "ffdhe8192" (did you mean "ffdhe3072"?), expected one of X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, X25519, P-256, P-384, P-521, X448, ffdhe2048, ffdhe3072',
    ],
  ],
  [
    'the target of a BackendPolicy',
    ours('BackendPolicy', '{targetRefs: [{group: apps, kind: Deployment, name: g}]}'),
    [
      'a.yaml:4:35 BackendPolicy/x spec.targetRefs[0].kind: a BackendPolicy cannot attach to Deployment (group "apps"), expected Service (group "") or Backend (group "portcullis.dev")',
    ],
  ],
  [
    'a hash without type',
    ours(
      'BackendPolicy',
      '{targetRefs: [{group: "", kind: Service, name: g}], loadBalancing: {consistentHash: {source: Header}}}',
    ),
    [
      'a.yaml:4:75 BackendPolicy/x spec.loadBalancing.consistentHash: must be absent for type RoundRobin, expected type ConsistentHash or RingHash or Maglev',
      'a.yaml:4:75 BackendPolicy/x spec.loadBalancing.consistentHash.name: is required for source Header',
    ],
  ],
]

for (const [name, yaml, expected] of goldens)
  test(`problems of ${name}`, () => assert.deepEqual(messages(yaml), expected))

test('every position is that of the field, or where that is missing, of the nearest parent', () => {
  for (const [, yaml] of goldens)
    for (const { path, position, message } of parseResources('a.yaml', yaml).problems) {
      assert.ok(position)
      const there = yaml.split('\n')[position.line - 1]?.slice(position.column - 1) ?? ''
      const name = path.at(-1)
      // Items of lists have no name to find, and a field that is required is not there.
      if (typeof name === 'string' && !/^(is required|must name)/.test(message))
        assert.ok(there.replace(/^"/, '').startsWith(name), `${path.join('.')}: ${message} is at ${there}`)
    }
})

test('what kubectl prints loads, without what the server filled in', () => {
  const { resources, problems } = parseResources(
    'a.yaml',
    `apiVersion: v1
kind: List
metadata: { resourceVersion: "" }
items:
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  addressType: IPv4
  endpoints: null
  ports: null
  metadata:
    name: a
    namespace: shop
    uid: 1-2-3
    resourceVersion: "7"
    generation: 3
    creationTimestamp: "2026-01-02T03:04:05Z"
    generateName: a-
    labels: { kubernetes.io/service-name: a }
    managedFields: [{ manager: x }]
    ownerReferences: [{ name: x }]
- apiVersion: v1
  kind: Namespace
  metadata: { name: shop, creationTimestamp: null }
  spec: { finalizers: [kubernetes] }
  status: { phase: Active }
`,
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(
    resources.map(({ metadata, body }) => ({ metadata, body })),
    [
      {
        metadata: {
          name: 'a',
          namespace: 'shop',
          labels: { 'kubernetes.io/service-name': 'a' },
          generation: 3,
          creationTimestamp: '2026-01-02T03:04:05Z',
        },
        body: { addressType: 'IPv4' },
      },
      { metadata: { name: 'shop', namespace: '' }, body: { spec: { finalizers: ['kubernetes'] } } },
    ],
  )
})

test('resources are frozen to the last leaf, without defaults, in namespace default', () => {
  const [resource] = parseResources('a.yaml', match('{headers: [{name: a, value: b}]}')).resources
  assert.ok(resource)
  assert.equal(resource.metadata.namespace, 'default')
  assert.deepEqual(resource.body, {
    spec: { rules: [{ matches: [{ headers: [{ name: 'a', value: 'b' }] }] }] },
  })
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    assert.ok(Object.isFrozen(value))
    Object.values(value).forEach(walk)
  }
  walk(resource)
})

test('no schema has a union: their errors speak of every branch', () => {
  for (const { kind, schema } of kinds.all)
    assert.doesNotMatch(JSON.stringify(schema), /"(anyOf|oneOf|allOf)"/, kind)
})

const json = fc.jsonValue({ maxDepth: 4 })
const known = fc.constantFrom(...kinds.all.map(k => k))

test('nothing makes it throw, and a resource comes exactly where there is no problem', () => {
  const spec = fc.dictionary(
    fc.constantFrom('rules', 'listeners', 'targetRefs', 'endpoints', 'ports', '__proto__', 'x'),
    json,
  )
  fc.assert(
    fc.property(
      known,
      fc.record({ spec: fc.oneof(spec, json), data: json, metadata: json, name: fc.boolean() }),
      (kind, parts) => {
        const metadata = parts.name ? { name: 'x' } : parts.metadata
        const value = {
          ...parts,
          apiVersion: kind.group === '' ? 'v1' : `${kind.group}/${kind.versions[0]}`,
          kind: kind.kind,
          metadata,
        }
        const { resource, problems } = validate({ value, at: () => null }, kinds)
        assert.equal(resource === null, problems.length > 0)
        for (const problem of problems) assert.doesNotMatch(formatProblem(problem), /undefined|\[object|\n/)
      },
    ),
    { numRuns: 1000 },
  )
})

test('what has no null fields is not kept twice', () => {
  const rules = [{ matches: [{ path: { value: '/a' } }] }]
  const object = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'a' } }
  const body = (value: object) =>
    validate({ value, at: () => null }, kinds).resource!.body as { spec: object }
  const without = { ...object, spec: { rules } }
  assert.equal(body(without).spec, without.spec)
  const some = { ...object, spec: { rules, parentRefs: null } }
  assert.deepEqual(body(some).spec, { rules })
  assert.equal(Reflect.get(body(some).spec, 'rules'), rules)
})

test('the values of a Secret are in no message', () => {
  const mistake = fc.constantFrom(
    'hunter2%',
    'hunter2\n',
    72_337,
    true,
    null,
    ['hunter2'],
    { hunter2: 'hunter2' },
    'x'.repeat(2000),
  )
  fc.assert(
    fc.property(mistake, mistake, mistake, (a, b, c) => {
      const value = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'x' },
        data: { a },
        stringData: { b },
        immutable: c,
      }
      for (const problem of validate({ value, at: () => null }, kinds).problems)
        assert.doesNotMatch(formatProblem(problem), /hunter2|72337|xxx/)
    }),
  )
})
