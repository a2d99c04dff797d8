import { backendRefRules } from './http-filter-rules.ts'
import { backendRef } from './http-filters.ts'
import { parentRules } from './route-rules.ts'
import { parentRefs, ruleName, useDefaultGateways } from './route.ts'
import { list, object, required, type Shape, type Violation } from './shapes.ts'

const rule = object({
  name: ruleName,
  backendRefs: required(list(backendRef, 1, 16), 'Where what comes is sent on, shared by weight.'),
})

const spec = object({
  parentRefs,
  useDefaultGateways,
  rules: required(list(rule, 1, 1), 'Where what comes is sent on: one rule.'),
})

/** Of the kinds of routes that tell nothing apart but the port: TCPRoute and UDPRoute. */
export function transportRouteSchema(description: string) {
  return object(
    { spec: required(spec, 'Which listeners it is for, and where what they take goes.') },
    { description },
  )
}

export type TransportRouteBody = Shape<ReturnType<typeof transportRouteSchema>>

/** The CEL rules of both CRDs (v1.7.0). */
export function transportRouteRules({
  spec: { parentRefs: parents = [], rules },
}: TransportRouteBody): Violation[] {
  return [
    ...parentRules(parents),
    ...rules.flatMap(({ backendRefs }, i) =>
      backendRefs.flatMap((ref, j) => backendRefRules(ref, ['spec', 'rules', i, 'backendRefs', j])),
    ),
  ]
}
