/**
 * What a Gateway or ListenerSet of ours says of itself while it is in order. Their conditions name no controller, as those
 * of routes do: by these words a status is known to be ours.
 */
export const SERVING = {
  Gateway: { valid: 'the Gateway is valid', served: 'the proxy serves this Gateway' },
  ListenerSet: { valid: 'the ListenerSet is valid', served: 'the proxy serves this ListenerSet' },
} as const
