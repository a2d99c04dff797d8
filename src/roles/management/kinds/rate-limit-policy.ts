import { Type } from 'typebox'
import { ownedFields } from '../../../http/owned-fields.ts'
import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import { exceptionRules, exceptions, exceptionCel } from '../../../model/kinds/exceptions.ts'
import { headerName } from '../../../model/kinds/http-filters.ts'
import {
  mapList,
  object,
  optional,
  policyTargets,
  required,
  text,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { limitDefaults } from './defaults.ts'
import { limitFields, limitViolations, limitCel } from './limit.ts'
import { apiTargetViolations, TARGETS, apiTargetCel } from './targets.ts'

const limit = object(
  {
    ...limitFields,
    by: optional(
      Type.Enum(['Identity', 'Application', 'Account', 'Claim', 'ClientAddress', 'Header', 'All']),
      'Who has a limit of its own: each identity, application or account, each value of a claim or a header, each client by its address, or nobody: all together have one. Who lacks it has that of its address.',
      limitDefaults.by,
    ),
    claim: optional(
      text(256, 1),
      'For by: Claim, the name of the claim; of one inside of another, "realm_access.tenant".',
    ),
    header: optional(headerName, 'For by: Header, the name of the header, in any case.'),
  },
  { title: 'IdentityLimit' },
)

/** portcullis.dev/v1alpha1 RateLimitPolicy. */
const schema = object(
  {
    spec: required(
      object({
        targetRefs: required(policyTargets, `${TARGETS} Every policy that applies to a request is enforced.`),
        limits: required(
          mapList(limit, 'name', 1, 16),
          'How much is taken; 429 beyond. For all targets of the policy together.',
        ),
        except: optional(
          exceptions,
          'Requests that the policy is not for: of each entry, all that it says must fit.',
        ),
      }),
      'How much is taken of whom, beside what a Plan says.',
    ),
  },
  { description: 'Limits by who it is that asks, which are no part of a Plan.' },
)

export type RateLimitPolicyBody = Shape<typeof schema>
export type RateLimitPolicySpec = RateLimitPolicyBody['spec']
export type RateLimitPolicy = Resource<RateLimitPolicyBody>
export type IdentityLimit = RateLimitPolicySpec['limits'][number]

export const RateLimitPolicy: ResourceKind<RateLimitPolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'RateLimitPolicy',
  plural: 'ratelimitpolicies',
  scope: 'Namespaced',
  role: 'management',
  schema,
  rules,
  cel: [
    ...apiTargetCel,
    ...exceptionCel,
    ...limitCel,
    ...(['Claim', 'Header'] as const).map(by => ({
      path: 'spec.limits.*',
      rule: `has(self.${by.toLowerCase()}) == (has(self.by) && self.by == '${by}')`,
      message: `${by.toLowerCase()} is required for by: ${by}, and only for that`,
    })),
    {
      path: 'spec.limits.*',
      rule: "!has(self.unit) || self.unit != 'Cost'",
      message: 'only a Plan says what requests cost, expected Requests or Bytes',
    },
  ],
  protects: true,
}

function rules({ spec }: RateLimitPolicyBody): Violation[] {
  return [
    ...apiTargetViolations(spec.targetRefs, 'a RateLimitPolicy'),
    ...limitViolations(spec.limits, ['spec', 'limits']),
    ...spec.limits.flatMap((one, i) => whoseViolations(one, i)),
    ...exceptionRules(spec.except ?? [], ['spec', 'except']),
  ]
}

function whoseViolations(one: IdentityLimit, i: number): Violation[] {
  const { by = limitDefaults.by, unit, header } = one
  const path = ['spec', 'limits', i]
  const named = (['Claim', 'Header'] as const).flatMap(kind => {
    const field = kind === 'Claim' ? 'claim' : 'header'
    const isGiven = one[field] !== undefined
    if (isGiven === (by === kind)) return []
    return [
      {
        path: [...path, field],
        message: isGiven ? `is only for by: ${kind}` : `is required for by: ${kind}`,
      },
    ]
  })
  const owned = header !== undefined && ownedFields.has(header.toLowerCase())
  return [
    ...named,
    ...(owned
      ? [
          {
            path: [...path, 'header'],
            message: `${header} is of the connection, and tells no client from another`,
          },
        ]
      : []),
    ...(unit === 'Cost'
      ? [
          {
            path: [...path, 'unit'],
            message: 'only a Plan says what requests cost, expected Requests or Bytes',
          },
        ]
      : []),
  ]
}
