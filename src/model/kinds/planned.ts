import { PORTCULLIS, type RoleName } from '../kind.ts'

/** A kind of ours that a role reads which is not built yet. */
interface PlannedKind {
  readonly group: string
  readonly kind: string
  readonly roles: readonly [RoleName, ...RoleName[]]
  readonly protects: 'yes' | 'perhaps'
  /** What there is until then; "" for nothing. */
  readonly until: string
}

/** A role that is built has its kinds itself, and none here. */
export const plannedKinds: readonly PlannedKind[] = [
  {
    ...of('AuthenticationPolicy', 'management'),
    protects: 'yes',
    until:
      'a TrafficPolicy asks for passwords, an ExternalAuthPolicy another service, spec.tls.frontend of a Gateway for client certificates',
  },
  // Of requests from outside, and of those between services.
  {
    ...of('AuthorizationPolicy', 'management', 'mesh'),
    protects: 'yes',
    until: 'an ExternalAuthPolicy asks another service, a TrafficPolicy has lists of addresses',
  },
  {
    ...of('RateLimitPolicy', 'management'),
    protects: 'yes',
    until:
      'a TrafficPolicy limits the requests that this gateway lets through, a ClientPolicy connections and sizes, a BackendPolicy connections to a backend',
  },
  { ...of('ValidationPolicy', 'management'), protects: 'yes', until: '' },
  {
    ...of('TransformationPolicy', 'management'),
    protects: 'yes',
    until: 'an HTTPRoute has filters for headers and paths',
  },
  { ...of('API', 'management'), protects: 'perhaps', until: 'write an HTTPRoute for its paths' },
  { ...of('Product', 'management'), protects: 'perhaps', until: '' },
  { ...of('Plan', 'management'), protects: 'perhaps', until: '' },
  { ...of('Composition', 'composition'), protects: 'perhaps', until: '' },
  { ...of('Filter', 'composition'), protects: 'perhaps', until: 'an HTTPRoute has filters of its own' },
]

function of(
  kind: string,
  ...roles: [RoleName, ...RoleName[]]
): Pick<PlannedKind, 'group' | 'kind' | 'roles'> {
  return { group: PORTCULLIS, kind, roles }
}
