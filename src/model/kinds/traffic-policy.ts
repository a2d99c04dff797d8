import { Type } from 'typebox'
import { isOwn, ownedFields } from '../../http/owned-fields.ts'
import { trafficDefaults } from '../defaults.ts'
import { PORTCULLIS, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { bulkhead } from './bulkhead.ts'
import { fallback, fallbackRules } from './fallback.ts'
import { exceptionRules, exceptions, exceptionCel } from './exceptions.ts'
import { headerName } from './http-filters.ts'
import { localReplies, localRepliesRules } from './local-replies.ts'
import { requestTargetViolations, requestTargetCel } from './request-targets.ts'
import { responseCache, responseCacheRules } from './response-cache.ts'
import {
  addressRange,
  integer,
  list,
  mapList,
  object,
  optional,
  pattern,
  policyTargets,
  required,
  secretReference,
  type Violation,
  type Shape,
} from './shapes.ts'

const limit = object(
  {
    name: required(
      pattern('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'lower-case letters, digits and "-"', 63),
      'What clients are told of it in RateLimit and RateLimit-Policy, and the operator in metrics. What is counted is found again by it after a change.',
    ),
    requests: required(integer(1, 100_000_000), 'How many requests, at a steady pace.'),
    unit: required(Type.Enum(['Second', 'Minute', 'Hour']), 'In which time.'),
    burst: optional(
      integer(1, 100_000_000),
      'How many of them may come at once. Left out, as many as `requests`; 1: none before its time.',
    ),
    by: optional(
      Type.Enum(['ClientAddress', 'Header', 'All']),
      'Who has a limit of its own: each client, which is an IPv4 address or a /64 of IPv6, after PROXY protocol and `trustedHops`; each value of a header, and without it each client; or nobody, all together have one.',
      trafficDefaults.by,
    ),
    header: optional(headerName, 'For by: Header, the name of the header, in any case.'),
  },
  { title: 'RateLimit' },
)

const addresses = object({
  allow: optional(list(addressRange, 1, 4096), 'Only these clients are taken; 403 for others.'),
  deny: optional(
    list(addressRange, 1, 4096),
    'These clients are not taken, also where they are in `allow`; 403.',
  ),
})

const basicAuth = object({
  secretRef: required(
    secretReference,
    'The Secret that holds the users: lines of htpasswd under auth, users, .htpasswd or htpasswd (bcrypt, apr1 or {SHA}), or username and password in one of type kubernetes.io/basic-auth.',
  ),
  realm: optional(
    pattern('^[ -~]*$', 'printable ASCII', 128, 1),
    'What browsers show to whom they ask for a password.',
    trafficDefaults.realm,
  ),
  userHeader: optional(
    headerName,
    'The header that tells the backend who it is. What clients send under this name is removed. Left out, none.',
  ),
  forwardCredentials: optional(
    Type.Boolean(),
    'Whether the backend gets the header Authorization as it came.',
    trafficDefaults.forwardCredentials,
  ),
})

/** portcullis.dev/v1alpha1 TrafficPolicy. */
const schema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          'Gateways and ListenerSets, and listeners of them by `sectionName`; HTTPRoutes and GRPCRoutes, and rules of them by `sectionName`. Every policy that applies to a request is enforced; of `cache`, `localReplies` (field by field), `fallback` and `priority` the nearest.',
        ),
        rateLimits: optional(
          mapList(limit, 'name', 1, 16),
          'How many requests are taken; 429 beyond. Counted for all workers of this process together, and for all targets of the policy together.',
        ),
        addresses: optional(addresses, 'Whose requests are taken, by address.'),
        basicAuth: optional(
          basicAuth,
          'Who may pass says so by name and password (RFC 7617); 401 otherwise.',
        ),
        cache: optional(
          responseCache,
          'Answers are kept and given again (RFC 9111, as a shared cache): to who may pass, and only within the same identity unless they say that they are for all. Of several policies the nearest counts, field by field.',
        ),
        localReplies: optional(
          localReplies,
          'What the gateway itself answers, as its owner wants it: error pages, and maintenance. Of several policies the nearest counts, field by field.',
        ),
        bulkhead: optional(
          bulkhead,
          'How many requests of a route may be under way at once, so that one whose backend is slow leaves others what they need. What is answered from a cache needs no place. Each policy counts each route by itself: of several the lowest number counts.',
        ),
        fallback: optional(
          fallback,
          'What answers where the backend of a route fails: of what is there, the other backend first, then the last good answer, then the fixed one. Of several policies the nearest counts.',
        ),
        priority: optional(
          Type.Enum(['Critical', 'Normal', 'Sheddable']),
          'Who is refused first (503, Retry-After) while a worker has too much to do: Sheddable, then Normal; Critical only where memory is short. Of several policies the nearest counts.',
          trafficDefaults.priority,
        ),
        except: optional(
          exceptions,
          'Requests that the policy is not for: of each entry, all that it says must fit.',
        ),
      }),
      'What is asked of every request, before anything else is; and what need not be asked again.',
    ),
  },
  {
    description:
      'Limits of requests, lists of addresses, passwords, a cache of answers, error pages, and who is refused first.',
  },
)

export type TrafficPolicyBody = Shape<typeof schema>
export type TrafficPolicySpec = TrafficPolicyBody['spec']
export type TrafficPolicy = Resource<TrafficPolicyBody>
export type RateLimit = NonNullable<TrafficPolicySpec['rateLimits']>[number]

export const TrafficPolicy: ResourceKind<TrafficPolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'TrafficPolicy',
  plural: 'trafficpolicies',
  scope: 'Namespaced',
  role: 'ingress',
  schema,
  rules,
  cel: [
    ...requestTargetCel,
    ...exceptionCel,
    {
      path: 'spec',
      rule: 'has(self.rateLimits) || has(self.addresses) || has(self.basicAuth) || has(self.cache) || has(self.localReplies) || has(self.bulkhead) || has(self.fallback) || has(self.priority)',
      message:
        'asks for nothing, expected rateLimits, addresses, basicAuth, cache, localReplies, bulkhead, fallback or priority',
    },
    {
      path: 'spec.addresses',
      rule: 'has(self.allow) || has(self.deny)',
      message: 'lists no address, expected allow or deny',
    },
    {
      path: 'spec.rateLimits.*',
      rule: "has(self.header) == (has(self.by) && self.by == 'Header')",
      message: 'header is required for by: Header, and only for that',
    },
    {
      path: 'spec.rateLimits.*',
      rule: "!has(self.burst) || self.burst * (self.unit == 'Second' ? 1 : self.unit == 'Minute' ? 60 : 3600) <= self.requests * 86400",
      message: 'burst takes more than a day to be earned again',
    },
    {
      path: 'spec.fallback',
      rule: 'has(self.backendRef) || has(self.lastGood) || has(self.response)',
      message: 'falls back to nothing, expected backendRef, lastGood or response',
    },
    {
      path: 'spec.localReplies',
      rule: 'has(self.errors) || has(self.maintenance)',
      message: 'answers nothing, expected errors or maintenance',
    },
    {
      path: 'spec.localReplies.errors.*',
      rule: 'has(self.html) || has(self.json) || has(self.text)',
      message: 'has no body, expected html, json or text',
    },
  ],
  protects: true,
}

export const windowMs: Readonly<Record<RateLimit['unit'], number>> = {
  Second: 1_000,
  Minute: 60_000,
  Hour: 3_600_000,
}

/** What is counted is a time, which is at most so far ahead. */
const LONGEST_MS = 24 * windowMs.Hour

function rules({ spec }: TrafficPolicyBody): Violation[] {
  return [
    ...requestTargetViolations(spec.targetRefs, 'a TrafficPolicy'),
    ...partRules(spec),
    ...(spec.rateLimits ?? []).flatMap((one, i) => limitRules(one, i)),
    ...userHeaderRules(spec),
    ...(spec.localReplies === undefined
      ? []
      : localRepliesRules(spec.localReplies, ['spec', 'localReplies'])),
    ...(spec.fallback === undefined ? [] : fallbackRules(spec.fallback, ['spec', 'fallback'])),
    ...(spec.cache === undefined ? [] : responseCacheRules(spec.cache, ['spec', 'cache'])),
    ...exceptionRules(spec.except ?? [], ['spec', 'except']),
  ]
}

function partRules({
  rateLimits,
  addresses: lists,
  basicAuth: passwords,
  cache,
  localReplies: replies,
  priority,
  bulkhead: places,
  fallback: instead,
}: TrafficPolicySpec): Violation[] {
  if (lists !== undefined && lists.allow === undefined && lists.deny === undefined)
    return [{ path: ['spec', 'addresses'], message: 'lists no address, expected allow or deny' }]
  const parts = [rateLimits, lists, passwords, cache, replies, places, instead, priority]
  if (parts.some(part => part !== undefined)) return []
  return [
    {
      path: ['spec'],
      message:
        'asks for nothing, expected rateLimits, addresses, basicAuth, cache, localReplies, bulkhead, fallback or priority',
    },
  ]
}

function limitRules({ requests, unit, burst = requests, by, header }: RateLimit, i: number): Violation[] {
  const path = ['spec', 'rateLimits', i]
  const violations: Violation[] = []
  if (by === 'Header' && header === undefined)
    violations.push({ path: [...path, 'header'], message: 'is required for by: Header' })
  if (header !== undefined && ownedFields.has(header.toLowerCase()))
    violations.push({
      path: [...path, 'header'],
      message: `${header} is of the connection, and tells no client from another`,
    })
  if (by !== 'Header' && header !== undefined)
    violations.push({ path: [...path, 'header'], message: 'is only for by: Header' })
  if ((burst * windowMs[unit]) / requests > LONGEST_MS)
    violations.push({
      path: [...path, 'burst'],
      message: `takes more than a day to be earned again, expected at most ${Math.floor((LONGEST_MS * requests) / windowMs[unit])}`,
    })
  return violations
}

/** A second Content-Length would be another request. */
function userHeaderRules({ basicAuth: passwords }: TrafficPolicySpec): Violation[] {
  const userHeader = passwords?.userHeader
  if (userHeader === undefined || !isOwn(userHeader)) return []
  const message = `${userHeader} is of the gateway or of the connection, and cannot name a user`
  return [{ path: ['spec', 'basicAuth', 'userHeader'], message }]
}
