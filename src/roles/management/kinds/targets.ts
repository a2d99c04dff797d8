import { GATEWAY_API, PORTCULLIS, type CelRule } from '../../../model/kind.ts'
import { described, type PolicyTarget, type Violation } from '../../../model/kinds/shapes.ts'

const routed = ['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute']

/** What the targetRefs of a policy of management are for, as the end of a description. */
export const TARGETS =
  'Gateways and ListenerSets, and listeners of them by `sectionName`; HTTPRoutes and GRPCRoutes, and rules of them by `sectionName`; APIs (group portcullis.dev), which stand for all that they cover.'

/** The same for an API server. */
export const apiTargetCel: readonly CelRule[] = [
  {
    path: 'spec.targetRefs.*',
    rule: `(self.group == '${PORTCULLIS}' && self.kind == 'API') || (self.group == '${GATEWAY_API}' && self.kind in ['${routed.join("', '")}'])`,
    message: `expected Gateway, ListenerSet, HTTPRoute or GRPCRoute (group "${GATEWAY_API}") or API (group "${PORTCULLIS}")`,
  },
  {
    path: 'spec.targetRefs.*',
    rule: `self.kind != 'API' || !has(self.sectionName)`,
    message: 'an API has no sections: name operations in the policy, or rules of a route',
  },
]

/** What requests come to on their way, or an API; `policy` is its kind with an article. */
export function apiTargetViolations(targetRefs: readonly PolicyTarget[], policy: string): Violation[] {
  return targetRefs.flatMap((target, i) => {
    const path = ['spec', 'targetRefs', i]
    const { group, kind, sectionName } = target
    if (group === PORTCULLIS && kind === 'API') {
      if (sectionName === undefined) return []
      const message =
        'an API has no sections, expected none: name operations in the policy, or rules of a route'
      return [{ path: [...path, 'sectionName'], message }]
    }
    if (group === GATEWAY_API && routed.includes(kind)) return []
    const expected = `expected Gateway, ListenerSet, HTTPRoute or GRPCRoute (group "${GATEWAY_API}") or API (group "${PORTCULLIS}")`
    return [
      { path: [...path, 'kind'], message: `${policy} cannot attach to ${described(target)}, ${expected}` },
    ]
  })
}
