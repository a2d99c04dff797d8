import { PORTCULLIS, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { aggregateSchema } from './aggregate/aggregate.ts'
import { bundleFields, bundleFile, limitRules } from './bundle.ts'
import { object, optional, required, type Shape, type Violation } from './shapes.ts'

/** portcullis.dev/v1alpha1 Composition. */
const schema = object(
  {
    spec: required(
      object({
        bundle: optional(
          bundleFile,
          'A module file (`./shop.gateway.ts`) whose export `gateway`, or default export, is made by `defineGateway`. Relative to the file that declares this object. It is code of yours: it may do what the gateway may.',
        ),
        aggregate: optional(
          aggregateSchema,
          'The API itself, in place of a bundle: calls, and what of their answers is shown (docs/AGGREGATE.md).',
        ),
        ...bundleFields,
      }),
      'Which API it is, and what that may use.',
    ),
  },
  {
    description:
      'An API that is made of others, by code (docs/COMPOSITION.md) or declared (docs/AGGREGATE.md). A route refers to it by group portcullis.dev and kind Composition.',
  },
)

export type CompositionBody = Shape<typeof schema>
export type Composition = Resource<CompositionBody>

export const Composition: ResourceKind<Composition> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'Composition',
  plural: 'compositions',
  scope: 'Namespaced',
  role: 'composition',
  schema,
  rules,
  cel: [
    {
      path: 'spec',
      rule: 'has(self.bundle) != has(self.aggregate)',
      message: 'expected bundle or aggregate, and one of them',
    },
  ],
}

function rules(body: CompositionBody): Violation[] {
  return [...codeRules(body), ...limitRules(body.spec.limits)]
}

function codeRules({ spec: { bundle, aggregate } }: CompositionBody): Violation[] {
  if ((bundle === undefined) !== (aggregate === undefined)) return []
  const message =
    bundle === undefined
      ? 'is required, expected it or "aggregate"'
      : 'is there beside "aggregate", expected one of both'
  return [{ path: ['spec', 'bundle'], message }]
}
