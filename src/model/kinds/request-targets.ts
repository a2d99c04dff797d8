import { GATEWAY_API, type CelRule } from '../kind.ts'
import { described, type Violation, type PolicyTarget } from './shapes.ts'

const kinds = ['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute']

/** The same for an API server. */
export const requestTargetCel: readonly CelRule[] = [
  {
    path: 'spec.targetRefs.*',
    rule: `self.group == '${GATEWAY_API}' && self.kind in ['${kinds.join("', '")}']`,
    message: `expected Gateway, ListenerSet, HTTPRoute or GRPCRoute (group "${GATEWAY_API}")`,
  },
]

/** For policies about clients, which attach to Gateways alone. */
export const gatewayTargetCel: readonly CelRule[] = [
  {
    path: 'spec.targetRefs.*',
    rule: `self.group == '${GATEWAY_API}' && self.kind == 'Gateway'`,
    message: `expected Gateway (group "${GATEWAY_API}")`,
  },
]

/** What requests come to on their way, and a policy about requests can attach to; `policy` is its kind with an article. */
export function requestTargetViolations(targetRefs: readonly PolicyTarget[], policy: string): Violation[] {
  return targetRefs.flatMap((target, i) => {
    if (target.group === GATEWAY_API && kinds.includes(target.kind)) return []
    const expected = `expected Gateway, ListenerSet, HTTPRoute or GRPCRoute (group "${GATEWAY_API}")`
    const message = `${policy} cannot attach to ${described(target)}, ${expected}`
    return [{ path: ['spec', 'targetRefs', i, 'kind'], message }]
  })
}
