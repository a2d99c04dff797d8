import type { GRPCMethodMatch, GRPCRouteBody, GRPCRouteRule } from './grpc-route.ts'
import { backendRefRules, filterListRules } from './http-filter-rules.ts'
import { parentRules, ruleListRules, sessionRules } from './route-rules.ts'
import type { Finding } from './shapes.ts'

type Path = Finding['path']

/** The CEL rules of the GRPCRoute CRD (v1.6.1, experimental channel), with its defaults taken into account. */
export function grpcRouteRules({ spec }: GRPCRouteBody): Finding[] {
  const rules = spec.rules ?? []
  return [
    ...parentRules(spec.parentRefs ?? []),
    ...rules.flatMap((rule, i) => oneRule(rule, ['spec', 'rules', i])),
    ...ruleListRules(rules, 0),
  ]
}

function oneRule(rule: GRPCRouteRule, path: Path): Finding[] {
  const { filters = [], backendRefs = [], matches = [], sessionPersistence } = rule
  return [
    ...matches.flatMap(({ method }, i) =>
      method ? methodRules(method, [...path, 'matches', i, 'method']) : [],
    ),
    ...filterListRules(filters, [...path, 'filters']),
    ...backendRefs.flatMap((ref, i) => [
      ...backendRefRules(ref, [...path, 'backendRefs', i]),
      ...filterListRules(ref.filters ?? [], [...path, 'backendRefs', i, 'filters']),
    ]),
    ...(sessionPersistence ? sessionRules(sessionPersistence, [...path, 'sessionPersistence']) : []),
  ]
}

const serviceName = /^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i
const methodName = /^[A-Za-z_][A-Za-z_0-9]*$/

/** "At least one of Service and Method MUST be a non-empty string": the CRD lets two empty expressions pass. */
function methodRules({ type = 'Exact', service, method }: GRPCMethodMatch, path: Path): Finding[] {
  if (!service && !method) return [{ path, message: 'has neither, expected service, method, or both' }]
  if (type === 'RegularExpression') return []
  const findings: Finding[] = []
  if (service !== undefined && !serviceName.test(service))
    findings.push({
      path: [...path, 'service'],
      message: 'is no name of a service, expected one like "shop.v1.Items" for type Exact',
    })
  if (method !== undefined && !methodName.test(method))
    findings.push({
      path: [...path, 'method'],
      message: 'is no name of a method, expected one like "GetItem" for type Exact',
    })
  return findings
}
