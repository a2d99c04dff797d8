import type { RoleName } from './kind.ts'
import type { Targeting } from './targets.ts'

/** A kind of a role that does not run here: its objects are known, and nothing is made of them. */
export interface AbsentKind {
  readonly group: string
  readonly kind: string
  /** Whose field of work it is; none of these runs, or reads it yet. */
  readonly roles: readonly AbsentRole[]
  /** Whether what it targets must not be served without it; `perhaps`: where it says that it targets something. */
  readonly protects: 'yes' | 'perhaps' | 'no'
  /** As of a ResourceKind. */
  targets?(spec: unknown, namespace: string): Targeting | null
  /** What there is until its role is built; "" for nothing. */
  readonly until: string
}

export interface AbsentRole {
  readonly name: RoleName
  /** `off`: switched off by its name (`--roles=-mesh`). `left out`: of a list that has others. `not read`: it may run, and a later version of it reads the kind. */
  readonly why: 'not built' | 'not read' | 'left out' | 'off'
}

/** The reason of problems that say that a kind's role does not run. */
export const ROLE_ABSENT = 'RoleAbsent'

/** Whether the operator has said by name that nothing is to be made of it. */
export function isSwitchedOff({ roles }: AbsentKind): boolean {
  return roles.every(({ why }) => why === 'off')
}

/** Whether it is as the operator wants it: then it is no error that nothing is made of what protects nothing. */
export function isWanted({ roles }: AbsentKind): boolean {
  return roles.every(({ why }) => why !== 'not built' && why !== 'not read')
}

/** `RateLimitPolicy is for the role management, which this version does not have yet: a ClientPolicy limits …`. */
export function absence(absent: AbsentKind): string {
  const { kind, roles, until } = absent
  const why = new Set(roles.map(role => words[role.why]))
  // Where the reasons differ, none of them is that of all.
  const which = why.size === 1 ? [...why].join('') : 'do not run here'
  const advice = until === '' || isWanted(absent) ? '' : `: ${until}`
  return `${kind} is for ${namesOf(roles)}, which ${which}${advice}`
}

const words = {
  'not built': 'this version does not have yet',
  'not read': 'does not read it yet',
  'left out': '--roles leaves out',
  off: '--roles switches off',
} as const

function namesOf(roles: readonly AbsentRole[]): string {
  const names = roles.map(({ name }) => name)
  return names.length === 1 ? `the role ${names.join('')}` : `the roles ${names.join(' and ')}`
}

/** How it is done without, as what is to be given: `--roles=-management`. */
export function switchingOff({ group, kind, roles }: AbsentKind): string {
  if (roles.some(({ why }) => why === 'not read')) return `--ignore-kind ${kind}.${group}`
  const off = roles.map(({ name }) => `-${name}`).join(',')
  return roles.some(({ why }) => why === 'left out') ? `--roles with ${off} in its list` : `--roles=${off}`
}
