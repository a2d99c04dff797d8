import { failures, type FailureName } from '../../../http/failures.ts'

/**
 * What became of a request, in the words of usage. Beyond the status, because a 403 of the backend and one of a plan are
 * different things to whoever reads a bill.
 */
export const outcomes = [
  // The backend has, or the route itself.
  'answered',
  'denied_authentication',
  'denied_authorization',
  // No subscription to a product that has the operation, or none that is active.
  'denied_subscription',
  // A rate or a quota of the plan.
  'denied_limit',
  // By the gateway for other reasons: an address, a local limit, an API that is retired.
  'denied_other',
  // The client broke a rule, was too slow, or has gone.
  'client_error',
  'upstream_error',
  'gateway_error',
] as const

export type Outcome = (typeof outcomes)[number]

/** Of the failures that refuse somebody; the side of the others says what they are. */
const denials: Readonly<Record<string, Outcome>> = {
  authentication_required: 'denied_authentication',
  authentication_failed: 'denied_authentication',
  api_key_malformed: 'denied_authentication',
  api_key_unknown: 'denied_authentication',
  api_key_expired: 'denied_authentication',
  token_invalid: 'denied_authentication',
  token_expired: 'denied_authentication',
  credential_conflict: 'denied_authentication',
  access_denied: 'denied_authorization',
  http_request_denied: 'denied_authorization',
  insufficient_scope: 'denied_authorization',
  subscription_required: 'denied_subscription',
  subscription_inactive: 'denied_subscription',
  operation_not_in_product: 'denied_subscription',
  plan_rate_limited: 'denied_limit',
  plan_quota_exceeded: 'denied_limit',
  rate_limited: 'denied_other',
  address_denied: 'denied_other',
  api_retired: 'denied_other',
  api_not_published: 'denied_other',
}

const bySide = {
  downstream: 'client_error',
  upstream: 'upstream_error',
  internal: 'gateway_error',
} as const satisfies Record<string, Outcome>

export function outcomeOf(failure: FailureName): Outcome {
  return denials[failure] ?? bySide[failures[failure].side]
}
