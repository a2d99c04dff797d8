import { PORTCULLIS, type RoleName } from '../kind.ts'

/** A kind of ours that roles read which are not built yet, or do not read it yet. */
interface PlannedKind {
  readonly group: string
  readonly kind: string
  readonly roles: readonly [RoleName, ...RoleName[]]
  readonly protects: 'yes' | 'perhaps'
  /** What there is until then; "" for nothing. */
  readonly until: string
}

/** Kinds that a role has are its own, and here only where another one is to read them, too. */
export const plannedKinds: readonly PlannedKind[] = [
  { ...of('ValidationPolicy', 'management'), protects: 'yes', until: '' },
  {
    ...of('TransformationPolicy', 'management'),
    protects: 'yes',
    until: 'an HTTPRoute has filters for headers and paths',
  },
  // Of requests between services; management has those from outside.
  { ...of('AuthorizationPolicy', 'mesh'), protects: 'yes', until: '' },
]

function of(
  kind: string,
  ...roles: [RoleName, ...RoleName[]]
): Pick<PlannedKind, 'group' | 'kind' | 'roles'> {
  return { group: PORTCULLIS, kind, roles }
}
