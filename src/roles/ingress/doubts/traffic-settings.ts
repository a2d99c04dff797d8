import type { TrafficPolicy, TrafficPolicySpec } from '../../../model/kinds/traffic-policy.ts'
import { durationMs } from '../../../model/quantity.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Report } from '../../../translation/report.ts'

/** Parts of TrafficPolicies that can never come to pass, by what the policy itself says. */
export function doubtTrafficSettings(policies: readonly TrafficPolicy[], report: Report): void {
  for (const policy of policies)
    for (const { path, message } of doubtsOf(policy.body.spec))
      report.doubt(policy, { severity: 'warning', reason: 'NeverApplies', path: ['spec', ...path], message })
}

interface Doubtful {
  /** Below `spec`. */
  readonly path: FieldPath
  readonly message: string
}

function doubtsOf(spec: TrafficPolicySpec): readonly Doubtful[] {
  return [...fallbackDoubts(spec), ...bulkheadDoubts(spec), ...pageDoubts(spec)]
}

function fallbackDoubts({ fallback }: TrafficPolicySpec): readonly Doubtful[] {
  const { triggers, httpStatusCodes = [] } = fallback ?? {}
  if (triggers === undefined || triggers.length + httpStatusCodes.length > 0) return []
  return [
    {
      path: ['fallback', 'triggers'],
      message:
        'names nothing after which something else would answer; expected triggers, or httpStatusCodes beside it',
    },
  ]
}

function bulkheadDoubts({ bulkhead }: TrafficPolicySpec): readonly Doubtful[] {
  const { maxPending = 0, maxWait } = bulkhead ?? {}
  if (maxWait === undefined || (maxPending > 0 && durationMs(maxWait)! > 0)) return []
  if (maxPending === 0)
    return [
      { path: ['bulkhead', 'maxWait'], message: 'nobody waits: maxPending is 0; expected it beside this' },
    ]
  return [{ path: ['bulkhead', 'maxPending'], message: 'nobody waits: maxWait is 0s; expected more' }]
}

/** Of the list the first that is for a status is taken, in whatever form. */
function pageDoubts({ localReplies }: TrafficPolicySpec): readonly Doubtful[] {
  const found: Doubtful[] = []
  const taken = new Set<number>()
  let all = -1
  for (const [i, { statuses }] of (localReplies?.errors ?? []).entries()) {
    const path = ['localReplies', 'errors', i]
    if (all >= 0)
      found.push({
        path,
        message: `errors[${all}] comes first and is for all statuses; expected it to be the last`,
      })
    else if (statuses?.every(status => taken.has(status)))
      found.push({ path, message: 'those before it are for all of its statuses already' })
    if (statuses === undefined && all < 0) all = i
    for (const status of statuses ?? []) taken.add(status)
  }
  return found
}
