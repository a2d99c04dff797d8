import type { Kysely } from 'kysely'
import { AdminError } from '../../../api/errors.ts'
import type { ChangeTx } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'

/**
 * Does what may take somebody's power away, and throws where nobody would be left who administers the platform: from then
 * on only who has the socket could make users. Changes wait for one another, so of two admins who delete each other at
 * once the second is told.
 */
export async function keepingAdmin<T>(tx: Pick<ChangeTx, 'db'>, act: () => Promise<T>): Promise<T> {
  const had = await hasAdmin(tx.db)
  const done = await act()
  if (had && !(await hasAdmin(tx.db)))
    throw new AdminError(
      409,
      'nobody would be left who administers the platform: give the role admin of the platform to another active user first',
    )
  return done
}

/** Whether an active user has the role for all of the platform, or is in a team that has. */
async function hasAdmin(db: Kysely<Tables>): Promise<boolean> {
  const active = db.selectFrom('users').select('id').where('status', '=', 'active')
  const found = await db
    .selectFrom('roleBindings')
    .select('roleBindings.id')
    .where('role', '=', 'admin')
    .where('organization', 'is', null)
    .where('scopeTeam', 'is', null)
    .where('account', 'is', null)
    .where(eb =>
      eb.or([
        eb('user', 'in', active),
        eb('team', 'in', db.selectFrom('teamMembers').select('team').where('user', 'in', active)),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}
