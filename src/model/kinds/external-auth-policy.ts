import { Type } from 'typebox'
import { Rejection } from '../../http/failures.ts'
import { isOwn } from '../../http/owned-fields.ts'
import { canonicalPath, writtenPaths } from '../../http/target.ts'
import { externalAuthDefaults } from '../defaults.ts'
import { PORTCULLIS, type ResourceKind } from '../kind.ts'
import { durationMs, formatBytes, formatDuration, quantityBytes } from '../quantity.ts'
import type { Resource } from '../resource.ts'
import { exceptionRules, exceptions, exceptionCel } from './exceptions.ts'
import { backendRefRules } from './http-filter-rules.ts'
import { backendObjectReference, headerName } from './http-filters.ts'
import { requestTargetViolations, requestTargetCel } from './request-targets.ts'
import {
  byteQuantity,
  duration,
  integer,
  object,
  optional,
  pattern,
  policyTargets,
  required,
  set,
  type Violation,
  type Shape,
} from './shapes.ts'

const http = object({
  path: optional(
    pattern('^/[!-~]*$', 'a path like "/oauth2/auth", perhaps with a query', 1024),
    'What is asked for, always the same: what the client wants is in X-Forwarded-Uri and X-Original-URL. Left out, the path and the query of the request.',
  ),
  pathPrefix: optional(
    pattern('^/[!->@-~]*$', 'a path like "/check", without a query', 1024),
    'Put before the path of the request. Not beside `path`.',
  ),
  method: optional(
    Type.Enum(['GET', 'HEAD', 'POST']),
    'The method that the service is asked by. Left out, GET where `path` is given, POST with `forwardBody`, and otherwise that of the request.',
  ),
  hostname: optional(
    pattern(
      '^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$',
      'a host name like "auth.example", perhaps with a port',
      259,
    ),
    'The Host that the service is asked by; left out, that of the request.',
  ),
  allowedHeaders: optional(
    set(headerName, 64),
    'Request headers that the service is sent beside Authorization, Cookie, and what the gateway says of the client. Left out, all. With a cache, each of them is part of what a decision is kept for.',
  ),
  allowedResponseHeaders: optional(
    set(headerName, 64),
    'Headers of an answer that lets a request pass, which the request gets. What a client sends under these names is always removed.',
  ),
})

const grpc = object({
  allowedHeaders: optional(
    set(headerName, 64),
    'Request headers that the service is sent beside Authorization, Cookie, and what the gateway says of the client. Left out, all.',
  ),
})

/** portcullis.dev/v1alpha1 ExternalAuthPolicy. */
const schema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          'Gateways and ListenerSets, and listeners of them by `sectionName`; HTTPRoutes and GRPCRoutes, and rules of them by `sectionName`. Every policy that applies to a request is asked.',
        ),
        backendRef: required(backendObjectReference, 'The service that is asked.'),
        protocol: optional(
          Type.Enum(['HTTP', 'GRPC']),
          'How it is asked. HTTP: a 2xx lets the request pass, a 3xx or 4xx is the answer of the client. GRPC: envoy.service.auth.v3.Authorization/Check, as Envoy asks it.',
          externalAuthDefaults.protocol,
        ),
        http: optional(http, 'For protocol HTTP.'),
        grpc: optional(grpc, 'For protocol GRPC.'),
        forwardBody: optional(
          object({
            maxSize: required(
              byteQuantity,
              'Most bytes of a body, up to 1Mi; 413 beyond. The backend gets it as it came.',
            ),
          }),
          'The service is sent the body of the request, too.',
        ),
        timeout: optional(
          duration,
          'How long an answer may take; then the service is not available.',
          formatDuration(externalAuthDefaults.timeoutMs),
        ),
        maxAnswerSize: optional(
          byteQuantity,
          'Most bytes of the body of an answer, up to 1Mi; one that is longer is none.',
          formatBytes(externalAuthDefaults.answerBytes),
        ),
        whenUnavailable: optional(
          Type.Enum(['deny', 'allow']),
          'What becomes of a request where the service cannot be asked, fails (5xx) or does not answer in time: 503 (deny), or it passes without what the service would have added (allow).',
          externalAuthDefaults.whenUnavailable,
        ),
        cache: optional(
          object({
            maxAge: required(
              duration,
              'How long a decision is kept at most. Cache-Control of the answer may shorten that, or forbid it; a refusal is kept only where it allows it. An answer with Set-Cookie never is.',
            ),
            entries: optional(
              integer(1, 1_000_000),
              'Decisions that each worker keeps. When it is full, the client that has most loses one.',
              externalAuthDefaults.cacheEntries,
            ),
          }),
          'Decisions are kept, each for requests of one client that are alike in all that the service is sent, and in all credentials.',
        ),
        except: optional(
          exceptions,
          'Requests for which the service is not asked: of each entry, all that it says must fit.',
        ),
      }),
      'Which service is asked, about which requests, and what its answers do.',
    ),
  },
  { description: 'Asks another service whether a request may pass.' },
)

export type ExternalAuthPolicyBody = Shape<typeof schema>
export type ExternalAuthPolicySpec = ExternalAuthPolicyBody['spec']
export type ExternalAuthPolicy = Resource<ExternalAuthPolicyBody>

export const ExternalAuthPolicy: ResourceKind<ExternalAuthPolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'ExternalAuthPolicy',
  plural: 'externalauthpolicies',
  scope: 'Namespaced',
  role: 'ingress',
  schema,
  rules,
  cel: [
    ...requestTargetCel,
    ...exceptionCel,
    {
      path: 'spec',
      rule: "has(self.protocol) && self.protocol == 'GRPC' ? !has(self.http) : !has(self.grpc)",
      message: 'http is only for protocol: HTTP, and grpc for protocol: GRPC',
    },
    {
      path: 'spec.http',
      rule: '!has(self.path) || !has(self.pathPrefix)',
      message: 'pathPrefix must be absent where path is given',
    },
    {
      path: 'spec',
      rule: "!has(self.timeout) || duration(self.timeout) > duration('0s')",
      message: 'timeout must be more than 0s',
    },
  ],
  protects: true,
}

function rules({ spec }: ExternalAuthPolicyBody): Violation[] {
  return [
    ...requestTargetViolations(spec.targetRefs, 'an ExternalAuthPolicy'),
    ...backendRefRules(spec.backendRef, ['spec', 'backendRef']),
    ...protocolRules(spec),
    ...pathRules(spec),
    ...headerRules(spec),
    ...limitRules(spec),
    ...exceptionRules(spec.except ?? [], ['spec', 'except']),
  ]
}

function protocolRules({
  protocol = 'HTTP',
  http: byHttp,
  grpc: byGrpc,
}: ExternalAuthPolicySpec): Violation[] {
  const [given, field] = protocol === 'HTTP' ? [byGrpc, 'grpc'] : [byHttp, 'http']
  return given === undefined
    ? []
    : [{ path: ['spec', field], message: `must be absent for protocol ${protocol}` }]
}

function pathRules({ http: { path, pathPrefix } = {} }: ExternalAuthPolicySpec): Violation[] {
  const at = ['spec', 'http']
  const both = { path: [...at, 'pathPrefix'], message: 'must be absent where path is given' }
  return [
    ...(path !== undefined && pathPrefix !== undefined ? [both] : []),
    ...(path === undefined ? [] : pathViolations(path.split('?', 1)[0]!, [...at, 'path'])),
    ...(pathPrefix === undefined ? [] : pathViolations(pathPrefix, [...at, 'pathPrefix'])),
  ]
}

function pathViolations(value: string, path: Violation['path']): Violation[] {
  const canonical = canonicalPath(value, writtenPaths)
  return canonical instanceof Rejection
    ? [{ path, message: `no request can have this path: ${canonical.detail}` }]
    : []
}

/** Why an answer cannot bring a request a field of this name, which would make another request of it; or null. */
export function unbroughtReason(name: string): string | null {
  if (name.toLowerCase() === 'set-cookie') return 'Set-Cookie goes to the client, and need not be named'
  return isOwn(name)
    ? `${name} is of the gateway or of the connection, and cannot be brought by an answer`
    : null
}

function headerRules({ http: { allowedResponseHeaders = [] } = {} }: ExternalAuthPolicySpec): Violation[] {
  return allowedResponseHeaders.flatMap((name, i) => {
    const message = unbroughtReason(name)
    return message === null ? [] : [{ path: ['spec', 'http', 'allowedResponseHeaders', i], message }]
  })
}

const MOST_BYTES = 1024 * 1024

function limitRules({ forwardBody, maxAnswerSize, timeout, cache }: ExternalAuthPolicySpec): Violation[] {
  const size = (path: string[], value: number | string | undefined): Violation[] =>
    value !== undefined && quantityBytes(value)! > MOST_BYTES
      ? [{ path: ['spec', ...path], message: 'must be at most 1Mi' }]
      : []
  const time = (path: string[], value: string | undefined): Violation[] =>
    value !== undefined && durationMs(value) === 0
      ? [{ path: ['spec', ...path], message: 'must be more than 0s' }]
      : []
  return [
    ...size(['forwardBody', 'maxSize'], forwardBody?.maxSize),
    ...size(['maxAnswerSize'], maxAnswerSize),
    ...time(['timeout'], timeout),
    ...time(['cache', 'maxAge'], cache?.maxAge),
  ]
}
