import { PORTCULLIS } from '../../../model/kind.ts'
import type { TrafficPolicy } from '../../../model/kinds/traffic-policy.ts'
import type { Attachment } from '../../../snapshot/contribution.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import type { Flaw, Report } from '../../../translation/report.ts'
import type { BackendRefs } from '../backends/backend-refs.ts'
import { fallbackTriggers, type Fallback } from '../../../model/kinds/fallback.ts'
import type { FallbackConfig } from '../../../filters/fallback/fallback.ts'
import { fallbackDefaults } from '../../../model/defaults.ts'
import { durationMs } from '../../../model/quantity.ts'

/** What a filter is told of TrafficPolicy spec.fallback, but for its backend. */
export function fallbackOf({
  triggers = fallbackTriggers,
  httpStatusCodes = [],
  lastGood,
  response,
}: Fallback): Pick<FallbackConfig, 'triggers' | 'codes' | 'lastGoodMs' | 'response'> {
  const { lastGoodMs, status, contentType } = fallbackDefaults
  return {
    triggers,
    codes: httpStatusCodes.toSorted((a, b) => a - b),
    lastGoodMs:
      lastGood === undefined
        ? null
        : ((lastGood.maxAge === undefined ? undefined : durationMs(lastGood.maxAge)) ?? lastGoodMs),
    response: response === undefined ? null : { status, contentType, body: '', ...response },
  }
}

/** The cluster of its other backend, for calls of gRPC where it is a GRPCRoute's; null where it has none. */
export function otherBackend(
  { kind, metadata, body }: TrafficPolicy,
  targetKind: string,
  backends: BackendRefs,
): string | Flaw | null {
  const ref = body.spec.fallback?.backendRef
  if (ref === undefined) return null
  const from = { group: PORTCULLIS, kind, namespace: metadata.namespace }
  const path = ['spec', 'fallback', 'backendRef']
  return backends.resolve(ref, from, path, targetKind === 'GRPCRoute' ? 'grpc' : 'http')
}

/** Without other backends that must not be sent to so: those that are closed, and those that Gateways show a certificate of their own. */
export function usable(
  attach: readonly Attachment[],
  policyOf: ReadonlyMap<FilterConfig, TrafficPolicy>,
  isOpen: (cluster: string) => boolean,
  report: Report,
): Attachment[] {
  return attach.map(one => {
    const { forwardsTo, ...filter } = one.filter
    if (forwardsTo === undefined || isOpen(forwardsTo)) return one
    report.doubt(policyOf.get(one.filter)!, {
      severity: 'error',
      reason: 'NotApplied',
      path: ['spec', 'fallback', 'backendRef'],
      message: `${forwardsTo} cannot be sent to in place of another backend: it is closed, or its connections need what a Gateway has for it; nothing is sent there`,
    })
    return { ...one, filter }
  })
}
