import { Type } from 'typebox'
import { filterDefaults } from '../defaults.ts'
import { PORTCULLIS, type ResourceKind } from '../kind.ts'
import { durationMs, formatDuration } from '../quantity.ts'
import type { Resource } from '../resource.ts'
import { bundleFields, bundleFile, limitRules } from './bundle.ts'
import { duration, object, optional, required, type Shape, type Violation } from './shapes.ts'

/** portcullis.dev/v1alpha1 Filter. */
const schema = object(
  {
    spec: required(
      object({
        bundle: required(
          bundleFile,
          'A module file (`./tenant.filter.ts`) whose export `filter`, or default export, is made by `defineFilter`. Relative to the file that declares this object. It is code of yours: it may do what the gateway may.',
        ),
        config: optional(
          Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' }),
          'What the bundle is given as `config`. It is to fit the schema that the bundle has for it.',
        ),
        timeout: optional(
          duration,
          'How long it may take for a request, and for its answer again. One that takes longer answers 503.',
          formatDuration(filterDefaults.timeoutMs),
        ),
        ...bundleFields,
      }),
      'Which code it is, and what that may use.',
    ),
  },
  {
    description:
      'A filter of your own, by code (docs/COMPOSITION.md#filters-of-a-route). Rules of an HTTPRoute or a GRPCRoute refer to it by a filter of type ExtensionRef. Where it does not run, or fails, they answer 503.',
  },
)

export type FilterBody = Shape<typeof schema>
export type Filter = Resource<FilterBody>

export const Filter: ResourceKind<Filter> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'Filter',
  plural: 'filters',
  scope: 'Namespaced',
  role: 'composition',
  schema,
  rules,
}

/** What it may take, of a request and of an answer each. */
export const filterTimeoutMs = ({ spec: { timeout } }: FilterBody): number =>
  (timeout === undefined ? undefined : durationMs(timeout)) ?? filterDefaults.timeoutMs

function rules(body: FilterBody): Violation[] {
  const isNone = filterTimeoutMs(body) <= 0
  return [
    ...(isNone ? [{ path: ['spec', 'timeout'], message: 'is no time, expected more than 0s' }] : []),
    ...limitRules(body.spec.limits),
  ]
}
