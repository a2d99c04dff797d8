import { AdminError } from '../../../api/errors.ts'
import type { Actor } from '../access/actor.ts'
import type { Permission } from '../../../api/permissions.ts'
import type { Scope } from '../access/scope.ts'

/**
 * Whether somebody may do this to a record that is there. Who may not even see it is told that it is not: that there is
 * one is not theirs to know.
 */
export function allow(
  actor: Actor,
  permission: Permission,
  scope: Scope,
  { see, what }: { readonly see: Permission; readonly what: string },
): void {
  if (actor.can(permission, scope)) return
  if (!actor.can(see, scope)) throw missing(what)
  throw forbidden(permission, what)
}

export function missing(what: string): AdminError {
  return new AdminError(404, `there is no ${what}`)
}

export function forbidden(permission: Permission, what: string): AdminError {
  return new AdminError(403, `needs a role with ${permission} for ${what}`)
}
