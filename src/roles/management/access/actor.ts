import type { Access, ApiUser } from '../../../api/access.ts'
import { permissions, roleMay, type Permission, type UserRole } from '../../../api/permissions.ts'
import { covers, PLATFORM, reachOf, type Held, type Reach, type Scope } from './scope.ts'

/** A role that somebody has, by a binding of their own or of a team of theirs. */
export interface HeldRole {
  readonly role: UserRole
  readonly held: Held
}

/** Who asks, and what they may do. */
export class Actor implements ApiUser {
  /** Of a user; "" for who has no account. */
  readonly id: string
  readonly name: string
  /** For the audit: `user:ann`, `operator`. */
  readonly audited: string
  readonly by: 'token' | 'socket' | 'admin-token' | 'loopback'
  /** The token's id, where it is one. */
  readonly token: string | null
  private readonly roles: readonly HeldRole[] | 'operator'

  constructor({
    id,
    name,
    by,
    token = null,
    roles,
  }: Pick<Actor, 'id' | 'name' | 'by'> & {
    readonly token?: string | null
    readonly roles: readonly HeldRole[] | 'operator'
  }) {
    this.id = id
    this.name = name
    this.by = by
    this.token = token
    this.roles = roles
    this.audited = id === '' ? 'operator' : `user:${name}`
  }

  /** Whether it is theirs anywhere. */
  may(permission: Permission): boolean {
    if (this.roles === 'operator' || permission === 'self') return true
    // Views show what is of no organization, so a role in one of them is not enough.
    if (permission.startsWith('platform:')) return this.can(permission, PLATFORM)
    return this.heldFor(permission).length > 0
  }

  can(permission: Permission, scope: Scope): boolean {
    return this.roles === 'operator' || this.heldFor(permission).some(held => covers(held, scope))
  }

  reach(permission: Permission): Reach {
    return reachOf(this.roles === 'operator' ? [{ in: 'platform' }] : this.heldFor(permission))
  }

  /** What is theirs somewhere. */
  get allowed(): readonly Permission[] {
    return permissions.filter(permission => this.may(permission))
  }

  private heldFor(permission: Permission): readonly Held[] {
    if (this.roles === 'operator') return [{ in: 'platform' }]
    return this.roles.flatMap(({ role, held }) => (roleMay(role, permission) ? [held] : []))
  }
}

const socket = new Actor({ id: '', name: 'operator', by: 'socket', roles: 'operator' })
const adminToken = new Actor({ id: '', name: 'operator', by: 'admin-token', roles: 'operator' })
/** Whoever asks on the machine itself while there are no accounts. */
const loopback = new Actor({
  id: '',
  name: 'anybody',
  by: 'loopback',
  roles: [{ role: 'viewer', held: { in: 'platform' } }],
})
const nobody = new Actor({ id: '', name: 'nobody', by: 'loopback', roles: [] })

export function actorOf(access: Access): Actor {
  if (access.level === 'operator') return access.by === 'socket' ? socket : adminToken
  if (access.level === 'user') return access.user instanceof Actor ? access.user : nobody
  return access.level === 'views' ? loopback : nobody
}
