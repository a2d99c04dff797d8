import type { Kysely } from 'kysely'
import type { Actor } from '../access/actor.ts'
import type { Scope } from '../access/scope.ts'
import type { RoleBinding, Tables } from '../store/tables.ts'
import { forbidden } from './allow.ts'

/** What a role is bound to, with the organization that its team or account belongs to. */
export interface BindingScope {
  readonly scope: Scope
}

/**
 * Throws unless somebody administers all that these roles reach: who could give himself what he has not, or take it from
 * who has more, would be administrator of everything.
 */
export function powerOver(actor: Actor, bindings: readonly BindingScope[], what: string): void {
  if (!bindings.every(({ scope }) => actor.can('users:write', scope)))
    throw forbidden('users:write', `all that ${what} has roles for`)
}

/** Of a team: what its members have by it. */
export function teamBindings(db: Kysely<Tables>, team: string): Promise<readonly BindingScope[]> {
  return scopesOf(db, [], [team])
}

/** Of a user: their own, and those of their teams. */
export async function userBindings(db: Kysely<Tables>, user: string): Promise<readonly BindingScope[]> {
  const teams = await db.selectFrom('teamMembers').select('team').where('user', '=', user).execute()
  return scopesOf(
    db,
    [user],
    teams.map(({ team }) => team),
  )
}

async function scopesOf(
  db: Kysely<Tables>,
  users: readonly string[],
  teams: readonly string[],
): Promise<readonly BindingScope[]> {
  const rows = await db
    .selectFrom('roleBindings')
    .leftJoin('teams', 'teams.id', 'roleBindings.scopeTeam')
    .leftJoin('accounts', 'accounts.id', 'roleBindings.account')
    .select([
      'roleBindings.organization',
      'roleBindings.scopeTeam',
      'roleBindings.account',
      'teams.organization as ofTeam',
      'accounts.organization as ofAccount',
    ])
    .where(eb =>
      eb.or([
        ...(users.length > 0 ? [eb('roleBindings.user', 'in', users)] : []),
        ...(teams.length > 0 ? [eb('roleBindings.team', 'in', teams)] : []),
      ]),
    )
    .execute()
  return rows.map(({ organization, scopeTeam, account, ofTeam, ofAccount }) => ({
    scope: bindingScope({ organization: organization ?? ofTeam ?? ofAccount, scopeTeam, account }),
  }))
}

export function bindingScope({
  organization,
  scopeTeam,
  account,
}: Pick<RoleBinding, 'organization' | 'scopeTeam' | 'account'>): Scope {
  return { organization, team: scopeTeam, account }
}
