/**
 * The order on the request path, outermost first; responses meet it in reverse.
 * A filter's type names its phase, whichever role it is of. Within one phase,
 * filters of the listener come before those of the rule, and those of one list
 * stay in its order (Gateway API HTTPRouteRule.filters: "SHOULD implement filters
 * in the order they are specified").
 */
export const phases = [
  // Who is refused first where there is too much to do: known as soon as the route is, before anything that costs.
  'priority',
  // Proof that a name is ours (ACME), for who knows no credentials and comes from anywhere.
  'challenge',
  // Responses only: what is compressed has passed everything that reads or changes bodies.
  'encoding',
  // A preflight carries no credentials and no other fields of the real request: it is answered before anything looks for them.
  'cors',
  // Before anything costs more than a look, and before a limit is used up by who may not come at all.
  'addresses',
  // Local limits: also those who guess passwords are counted.
  'limits',
  // Which API is asked, and for which operation of it.
  'api',
  'authentication',
  // By which product and plan of its application: rules may go by that.
  'subscription',
  'external-authorization',
  'authorization',
  // Plans, and limits by who it is that asks.
  'plan',
  // The backend is told who asks.
  'identity',
  'validation',
  // What the gateway answers itself, in the form that its owner wants: also in place of what a cache has not.
  'replies',
  // Outside of the cache, which must not keep what one client is told; and before rewriting, which may take its cookie.
  'session',
  // Filters of the user's own, and the standard's that stand before one of them in its list: what is stored behind them
  // passes them again each time, and nothing answers in place of one that refuses.
  'extension',
  // Answers in place of a backend that fails: whatever may refuse the request has let it pass.
  'fallback',
  // What is answered from a cache has passed everything above.
  'cache',
  // Whoever needs the backend has a place of its route.
  'bulkhead',
  // Rewriting: the standard's own filters.
  'headers',
] as const

export type Phase = (typeof phases)[number]
