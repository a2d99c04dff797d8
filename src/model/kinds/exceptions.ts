import { Type } from 'typebox'
import { routeDefaults } from '../defaults.ts'
import { Rejection } from '../../http/failures.ts'
import { canonicalPath, writtenPaths } from '../../http/target.ts'
import type { CelRule } from '../kind.ts'
import type { FieldPath } from '../resource.ts'
import { methodViolations, methodName } from './methods.ts'
import {
  list,
  namespaceName,
  object,
  objectName,
  optional,
  pattern,
  required,
  set,
  type Violation,
  type Shape,
} from './shapes.ts'

const route = object({
  kind: optional(Type.Enum(['HTTPRoute', 'GRPCRoute']), 'The kind of the route.', 'HTTPRoute'),
  name: required(objectName, 'The name of the route.'),
  namespace: optional(namespaceName, 'Its namespace; left out, that of the policy.'),
})

const path = object({
  type: optional(
    Type.Enum(['Exact', 'PathPrefix']),
    'Whether the whole path is this one, or begins with it; a prefix takes whole segments.',
    routeDefaults.pathType,
  ),
  value: required(
    pattern('^/', 'a path like "/health"', 1024),
    'The path as the client asks for it, without a query; rewriting comes later.',
  ),
})

/** What the owner of a protecting policy leaves out of it. What a policy that is nearer protects stays protected. */
export const exceptions = list(
  object(
    {
      routes: optional(list(route, 1, 64), 'Only what these routes take.'),
      paths: optional(
        list(path, 1, 64),
        'Only these paths. One that a backend may read in two ways (%2F, %5C, /..;) is left out of nothing.',
      ),
      methods: optional(set(methodName, 16), 'Only these methods, in upper case.'),
    },
    { title: 'Exception' },
  ),
  0,
  64,
)

export type Exceptions = Shape<typeof exceptions>

/** The same for an API server, of `spec.except`. */
export const exceptionCel: readonly CelRule[] = [
  {
    path: 'spec.except.*',
    rule: 'has(self.routes) || has(self.paths) || (has(self.methods) && size(self.methods) > 0)',
    message: 'leaves out every request, expected routes, paths or methods',
  },
]

/** Something is to be said in each, or it would leave out everything. */
export function exceptionRules(except: Exceptions, at: FieldPath): Violation[] {
  return except.flatMap(({ routes, paths, methods }, i) => {
    const here = [...at, i]
    if (routes === undefined && paths === undefined && (methods ?? []).length === 0)
      return [{ path: here, message: 'leaves out every request, expected routes, paths or methods' }]
    return [
      ...pathViolations(paths ?? [], [...here, 'paths']),
      ...methodViolations(methods ?? [], [...here, 'methods']),
    ]
  })
}

function pathViolations(paths: NonNullable<Exceptions[number]['paths']>, at: FieldPath): Violation[] {
  return paths.flatMap(({ value }, i) => {
    const canonical = value.includes('?') ? null : canonicalPath(value, writtenPaths)
    if (typeof canonical === 'string') return []
    const why = canonical instanceof Rejection ? canonical.detail : 'a query is no part of it'
    return [{ path: [...at, i, 'value'], message: `no request can have this path: ${why}` }]
  })
}
