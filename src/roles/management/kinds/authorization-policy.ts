import { Type } from 'typebox'
import {
  conditionFault,
  conditionTable,
  operators,
  type Attribute,
} from '../../../filters/authorization/condition-table.ts'
import { Rejection } from '../../../http/failures.ts'
import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import { exceptionRules, exceptions, exceptionCel } from '../../../model/kinds/exceptions.ts'
import { methodName, methodViolations } from '../../../model/kinds/methods.ts'
import {
  addressRange,
  hostname,
  list,
  mapList,
  object,
  optional,
  pattern,
  policyTargets,
  required,
  sectionName,
  text,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import { authorizationDefaults } from './defaults.ts'
import { operationId } from './operations.ts'
import { apiTargetViolations, TARGETS, apiTargetCel } from './targets.ts'
import { timeZone, timeZoneFault } from './time-zones.ts'

const names = <S extends Parameters<typeof list>[0]>(items: S, most = 256) => ({
  ...list(items, 1, most),
  uniqueItems: true,
})

const claim = object(
  {
    name: required(
      text(256, 1),
      'The name of the claim; of one inside of another, with dots: realm_access.roles.',
    ),
    values: required(names(text(256), 64), 'It is one of these, or as a list has one of them.'),
  },
  { title: 'ClaimValues' },
)

const namespaced = pattern(
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
  'a name, or "namespace/name"',
  317,
)

const from = object(
  {
    principals: optional(
      names(text(512, 1)),
      'Who it is, as logs name it: key:ID, jwt:ISSUER#SUBJECT, cert:SUBJECT, basic:USER. A "*" at the end takes all that begin so; "*" alone is anybody who is known.',
    ),
    applications: optional(names(text(256, 1)), 'Applications, by id, or ACCOUNT/NAME.'),
    accounts: optional(names(text(256, 1)), 'Accounts that applications belong to, by id or name.'),
    plans: optional(
      names(namespaced),
      'Plans by which it is had, in the namespace of the policy unless they say another.',
    ),
    products: optional(
      names(namespaced),
      'Products that it has a subscription to, in the namespace of the policy unless they say another.',
    ),
    scopes: optional(
      names(pattern('^[!#-\\[\\]-~]+( [!#-\\[\\]-~]+)*$', 'scopes with single blanks between them', 512)),
      'Scopes of the credential; one of the entries is enough, and all of those that stand in it with blanks between them.',
    ),
    claims: optional(mapList(claim, 'name', 1, 16), 'Claims of the token; all of them.'),
    addresses: optional(
      names(addressRange, 1024),
      'Addresses of clients, after PROXY protocol and `trustedHops`.',
    ),
    anonymous: optional(Type.Boolean(), 'true: only who brought no credential; false: only who did.'),
  },
  { title: 'AuthorizationFrom' },
)

const to = object(
  {
    operations: optional(names(operationId), 'Operations of the API, by operationId, or by method and path.'),
    methods: optional(names(methodName, 16), 'Methods, in upper case.'),
    paths: optional(
      names(pattern('^/', 'a path like "/items" or "/items/*"', 1024)),
      'Paths as clients ask for them, without a query; one that ends in "/*" takes all below it, too.',
    ),
    hosts: optional(names(hostname, 64), 'Hosts, without a port; *. takes one or more labels.'),
  },
  { title: 'AuthorizationTo' },
)

const condition = object(
  {
    attribute: required(
      Type.Enum(Object.keys(conditionTable) as Attribute[]),
      'What is looked at: a header, a query parameter, a claim, the time of day, the day of the week, or the address of the client.',
    ),
    name: optional(text(256, 1), 'For Header, Query and Claim: which one.'),
    operator: required(
      Type.Enum([...operators]),
      'How it is compared with `values`, of which one is enough (NotIn: none may fit). Matches: "*" is any text. GreaterThan, LessThan and Between compare numbers, or times.',
    ),
    values: optional(
      list(text(1024), 0, 64),
      'What it is compared with: text; for Time "08:30" or "2026-12-31T00:00:00Z", for Weekday Monday to Sunday, for Address addresses and ranges. Between has two, of which the second is no part of it.',
    ),
    timeZone: optional(
      timeZone,
      'For Time and Weekday, where it is that time, as the IANA database calls it.',
      authorizationDefaults.timeZone,
    ),
  },
  { title: 'AuthorizationCondition' },
)

const rule = object(
  {
    name: required(sectionName, 'A name of the rule for log and metrics.'),
    action: required(
      Type.Enum(['Allow', 'Deny']),
      'What becomes of requests that the rule fits. A Deny counts before every Allow, at whatever target.',
    ),
    from: optional(from, 'Who asks: all that is said must fit. Left out, anybody.'),
    to: optional(to, 'What is asked for: all that is said must fit. Left out, anything.'),
    when: optional(list(condition, 0, 16), 'More that must be so, all of it.'),
  },
  { title: 'AuthorizationRule' },
)

/** portcullis.dev/v1alpha1 AuthorizationPolicy. */
const schema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          `${TARGETS} At each of these that has an Allow, one of them must fit.`,
        ),
        rules: required(
          mapList(rule, 'name', 1, 64),
          'What is allowed, and what is not. Without an Allow, all passes that no Deny fits.',
        ),
        dryRun: optional(
          Type.Boolean(),
          'Whether what would be denied passes, and is only counted and logged.',
          authorizationDefaults.dryRun,
        ),
        except: optional(
          exceptions,
          'Requests that the policy is not for: of each entry, all that it says must fit.',
        ),
      }),
      'Who may do what.',
    ),
  },
  { description: 'Allows and denies requests by who asks, what is asked for, and conditions; 403.' },
)

export type AuthorizationPolicyBody = Shape<typeof schema>
export type AuthorizationPolicySpec = AuthorizationPolicyBody['spec']
export type AuthorizationPolicy = Resource<AuthorizationPolicyBody>
export type AuthorizationRule = AuthorizationPolicySpec['rules'][number]
export type AuthorizationCondition = Shape<typeof condition>

export const AuthorizationPolicy: ResourceKind<AuthorizationPolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'AuthorizationPolicy',
  plural: 'authorizationpolicies',
  scope: 'Namespaced',
  role: 'management',
  schema,
  rules,
  cel: [
    ...apiTargetCel,
    ...exceptionCel,
    {
      path: 'spec.rules.*.from.principals.*',
      rule: "self.indexOf('*') < 0 || self.indexOf('*') == size(self) - 1",
      message: '"*" can only be the last character',
    },
  ],
  protects: true,
}

function rules({ spec }: AuthorizationPolicyBody): Violation[] {
  return [
    ...apiTargetViolations(spec.targetRefs, 'an AuthorizationPolicy'),
    ...spec.rules.flatMap((one, i) => ruleViolations(one, ['spec', 'rules', i])),
    ...exceptionRules(spec.except ?? [], ['spec', 'except']),
  ]
}

function ruleViolations({ from: who, to: what, when = [] }: AuthorizationRule, path: FieldPath): Violation[] {
  return [
    ...emptyViolations(who, [...path, 'from']),
    ...emptyViolations(what, [...path, 'to']),
    ...methodViolations(what?.methods ?? [], [...path, 'to', 'methods']),
    ...pathViolations(what?.paths ?? [], [...path, 'to', 'paths']),
    ...(who?.principals ?? []).flatMap((one, i) => starViolations(one, [...path, 'from', 'principals', i])),
    ...when.flatMap((one, i) => conditionViolations(one, [...path, 'when', i])),
  ]
}

/** It would fit everything, and was to say something. */
function emptyViolations(part: object | undefined, path: FieldPath): Violation[] {
  return part === undefined || Object.keys(part).length > 0
    ? []
    : [{ path, message: 'says nothing, and so fits every request; left out, it does so plainly' }]
}

function starViolations(name: string, path: FieldPath): Violation[] {
  const star = name.indexOf('*')
  return star < 0 || star === name.length - 1 ? [] : [{ path, message: '"*" can only be the last character' }]
}

function pathViolations(paths: readonly string[], at: FieldPath): Violation[] {
  return paths.flatMap((written, i) => {
    const path = written.endsWith('/*') ? written.slice(0, -2) || '/' : written
    const star = path.includes('*') ? '"*" can only be at the end, as "/*"' : null
    const canonical = path.includes('?') ? null : canonicalPath(path, writtenPaths)
    const why = canonical instanceof Rejection ? canonical.detail : 'a query is no part of it'
    if (star === null && typeof canonical === 'string') return []
    return [{ path: [...at, i], message: star ?? `no request can have this path: ${why}` }]
  })
}

function conditionViolations(one: AuthorizationCondition, path: FieldPath): Violation[] {
  const { attribute, name = '', operator, values = [], timeZone: zone = '' } = one
  const zoneFault = zone === '' ? null : timeZoneFault(zone)
  if (zoneFault !== null) return [{ path: [...path, 'timeZone'], message: zoneFault }]
  const fault = conditionFault({ attribute, name, operator, values, timeZone: zone })
  return fault === null ? [] : [{ path: [...path, ...fault.path], message: fault.message }]
}
