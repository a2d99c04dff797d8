import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResources } from '../../../test/support/declared.ts'

function problemsOf(spec: string): string[] {
  const text = `
apiVersion: portcullis.dev/v1alpha1
kind: ExternalAuthPolicy
metadata: { name: p }
spec: ${spec}
`
  return parseResources('p.yaml', text).problems.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

const target = 'targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: gw }]'
const service = 'backendRef: { name: auth, port: 80 }'
const spec = (more = ''): string => `{ ${target}, ${service}${more === '' ? '' : `, ${more}`} }`
const to = (kind: string, group = 'gateway.networking.k8s.io'): string =>
  `{ targetRefs: [{ group: "${group}", kind: ${kind}, name: x }], ${service} }`
const noTarget = (what: string): string =>
  `spec.targetRefs.0.kind: an ExternalAuthPolicy cannot attach to ${what}, expected Gateway, ListenerSet, HTTPRoute or GRPCRoute (group "gateway.networking.k8s.io")`
const notBrought = 'is of the gateway or of the connection, and cannot be brought by an answer'

/** Each row: a spec, and what is wrong with it. */
for (const [text, expected] of [
  [spec(), []],
  [to('HTTPRoute'), []],
  [to('GRPCRoute'), []],
  [to('TLSRoute'), [noTarget('TLSRoute (group "gateway.networking.k8s.io")')]],
  [to('Service', ''), [noTarget('Service (group "")')]],
  [`{ ${target}, backendRef: { name: auth } }`, ['spec.backendRef.port: is required for a Service']],
  [`{ ${target}, backendRef: { group: portcullis.dev, kind: Backend, name: auth } }`, []],
  [spec('protocol: GRPC'), []],
  [spec('protocol: GRPC, grpc: { allowedHeaders: [a] }'), []],
  [spec('protocol: GRPC, http: {}'), ['spec.http: must be absent for protocol GRPC']],
  [spec('grpc: {}'), ['spec.grpc: must be absent for protocol HTTP']],
  [spec('http: { path: /a?b=c }'), []],
  [spec('http: { path: /a, pathPrefix: /b }'), ['spec.http.pathPrefix: must be absent where path is given']],
  [
    spec('http: { pathPrefix: /b?c }'),
    ['spec.http.pathPrefix: "/b?c" is not valid, expected a path like "/check", without a query'],
  ],
  [spec('http: { allowedResponseHeaders: [X-Forwarded-User, Authorization, Cookie] }'), []],
  [
    spec('http: { allowedResponseHeaders: [Host, content-length, X-Forwarded-For] }'),
    ['Host', 'content-length', 'X-Forwarded-For'].map(
      (name, i) => `spec.http.allowedResponseHeaders.${i}: ${name} ${notBrought}`,
    ),
  ],
  [
    spec('http: { allowedResponseHeaders: [Set-Cookie] }'),
    ['spec.http.allowedResponseHeaders.0: Set-Cookie goes to the client, and need not be named'],
  ],
  [spec('forwardBody: { maxSize: 1Mi }, maxAnswerSize: 1048576'), []],
  [
    spec('forwardBody: { maxSize: 2Mi }, maxAnswerSize: 1048577'),
    ['spec.forwardBody.maxSize: must be at most 1Mi', 'spec.maxAnswerSize: must be at most 1Mi'],
  ],
  [
    spec('timeout: 0s, cache: { maxAge: 0s }'),
    ['spec.timeout: must be more than 0s', 'spec.cache.maxAge: must be more than 0s'],
  ],
  [spec('except: [{ paths: [{ value: /health }] }, { routes: [{ name: a }] }, { methods: [GET] }]'), []],
  [
    spec('except: [{}, { methods: [] }]'),
    [0, 1].map(i => `spec.except.${i}: leaves out every request, expected routes, paths or methods`),
  ],
  [
    spec('except: [{ methods: [get] }]'),
    ['spec.except.0.methods.0: get differs from GET only in case, expected GET: methods are case-sensitive'],
  ],
  [
    spec('except: [{ paths: [{ value: "/a?b" }] }]'),
    ['spec.except.0.paths.0.value: no request can have this path: a query is no part of it'],
  ],
  [
    spec('except: [{ paths: [{ value: health }] }]'),
    ['spec.except.0.paths.0.value: "health" is not valid, expected a path like "/health"'],
  ],
  [
    spec('except: [{ paths: [{ value: /a%2F../b }] }]'),
    [
      'spec.except.0.paths.0.value: no request can have this path: The path has a dot segment beside an encoded slash or backslash',
    ],
  ],
] as const satisfies readonly (readonly [string, readonly string[]])[])
  test(text.replace(/\s+/g, ' '), () => assert.deepEqual(problemsOf(text), [...expected]))
