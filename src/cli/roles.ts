import type { AbsentKind, AbsentRole } from '../model/absent.ts'
import type { ResourceKind, RoleName } from '../model/kind.ts'
import { Kinds } from '../model/kinds.ts'
import { plannedKinds } from '../model/kinds/planned.ts'
import { qualifiedKind } from '../model/resources.ts'
import { composition } from '../roles/composition/composition.ts'
import { ingress } from '../roles/ingress/ingress.ts'
import { management } from '../roles/management/management.ts'
import type { Role } from '../translation/role.ts'
import { UsageError } from './command/flag.ts'
import type { RoleSelection } from './command/role-selection.ts'

/** All roles that are built, in the order in which a request from outside meets them. Nothing else here knows one by name. */
export const roles: readonly Role[] = [ingress, management, composition]

/** What one process plays, and what it reads for that. */
export interface Chosen {
  readonly roles: readonly Role[]
  readonly kinds: Kinds
}

/** Of these roles; throws UsageError where one is wanted that is not built, or none is left. */
export function choose({ wanted, off }: RoleSelection, built: readonly Role[] = roles): Chosen {
  const expected = `expected ${built.map(({ name }) => name).join(', ')}`
  for (const name of wanted ?? [])
    if (!built.some(role => role.name === name))
      throw new UsageError(`--roles: ${name} is not built yet, ${expected}`)
  const running = built.filter(({ name }) => !off.includes(name) && (wanted?.includes(name) ?? true))
  if (running.length === 0) throw new UsageError(`--roles: leaves no role that is built, ${expected}`)
  const read = running.flatMap(role => role.kinds)
  return { roles: running, kinds: new Kinds(read, absentKinds(built, running, off)) }
}

/** All that can be read: for the schema, the reference, and the build. */
export const { kinds } = choose({ wanted: null, off: [] })

/** Every kind that no role has that runs. */
function absentKinds(
  built: readonly Role[],
  running: readonly Role[],
  off: readonly RoleName[],
): readonly AbsentKind[] {
  const keysOf = (list: readonly Role[]): ReadonlySet<string> =>
    new Set(list.flatMap(role => role.kinds.map(qualifiedKind)))
  const [known, read] = [keysOf(built), keysOf(running)]
  const absentRole = (name: RoleName): AbsentRole => {
    const isBuilt = built.some(role => role.name === name)
    return { name, why: off.includes(name) ? 'off' : isBuilt ? 'left out' : 'not built' }
  }
  const planned = plannedKinds
    .filter(kind => !known.has(qualifiedKind(kind)))
    .map(kind => ({ ...kind, roles: kind.roles.map(absentRole).map(notYet) }))
  const unread = built.flatMap(({ name, kinds: own }) =>
    own
      .filter(kind => !read.has(qualifiedKind(kind)))
      .map(kind => ({ ...absentOf(kind), roles: [name, ...othersOf(kind)].map(absentRole) })),
  )
  return [...planned, ...unread]
}

/** Roles that are to read a kind of another one. */
function othersOf(kind: ResourceKind): readonly RoleName[] {
  return plannedKinds.find(one => qualifiedKind(one) === qualifiedKind(kind))?.roles ?? []
}

/** A role that is built reads all of its kinds that are. */
function notYet({ name, why }: AbsentRole): AbsentRole {
  return { name, why: why === 'left out' ? 'not read' : why }
}

function absentOf({ group, kind, protects, targets }: ResourceKind): Omit<AbsentKind, 'roles'> {
  return { group, kind, protects: protects ? 'yes' : 'no', until: '', ...(targets && { targets }) }
}
