/**
 * A field that users may write and that this release does not act upon. Translation says so in a
 * condition: known, not served yet, never silently ignored.
 */
export interface Unserved {
  /** Into the body; `*` stands for every element of a list. */
  readonly path: readonly string[]
  /** Only these values are not served; absent: the field as such. */
  readonly values?: readonly string[]
  readonly note: string
}

const later = (path: string, note: string, values?: readonly string[]): Unserved =>
  values === undefined ? { path: path.split('.'), note } : { path: path.split('.'), note, values }

export const backendUnserved: readonly Unserved[] = [
  later('spec.protocol', 'UDP backends are not served yet, expected http, https, h2c, h2 or tcp', ['udp']),
]

export const backendPolicyUnserved: readonly Unserved[] = [
  later(
    'spec.loadBalancing.type',
    'this balancer is not served yet, expected RoundRobin, LeastRequest or Random',
    ['ConsistentHash', 'PeakEWMA'],
  ),
  later('spec.healthChecks', 'active health checks are not served yet'),
  later('spec.retryBudget', 'retry budgets are not served yet'),
  later(
    'spec.timeouts.request',
    'this timeout is not served yet, use timeouts.request of the HTTPRoute rule',
  ),
  later(
    'spec.timeouts.attempt',
    'this timeout is not served yet, use timeouts.backendRequest of the HTTPRoute rule',
  ),
  later('spec.meshMode', 'the mesh role is not served yet'),
]

export const clientPolicyUnserved: readonly Unserved[] = [
  later('spec.compression', 'compression is not served yet'),
]
