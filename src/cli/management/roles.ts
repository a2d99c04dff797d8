import type { NewRoleBinding, RoleBinding } from '../../api/shapes/role-binding.ts'
import type { Command, Given } from '../command/flag.ts'
import type { Column } from '../command/table.ts'
import { wantedRole, type WantedRole } from './commands/users-flags.ts'
import { limit } from './flags.ts'
import { operandsOf } from './operands.ts'
import { all, ask, sessionOf, showAll, showOne, type Session } from './session.ts'

const columns: readonly Column<RoleBinding>[] = [
  { title: 'WHO', of: ({ user, team }) => user?.name ?? `team/${team?.name ?? ''}` },
  { title: 'ROLE', of: roleText },
  { title: 'ORGANIZATION', of: one => one.organization?.name ?? '', spare: 1 },
  { title: 'ID', of: ({ id }) => id },
]

/** As `roles grant` takes it. */
export function roleText({ role, scope, of }: RoleBinding): string {
  if (scope === 'organization') return role
  return `${role}@${scope}${of === null ? '' : `/${of.name}`}`
}

export function newBinding(
  who: Pick<NewRoleBinding, 'user' | 'team'>,
  { role, scope, of }: WantedRole,
  { within: { organization = 'default' } }: Session,
): NewRoleBinding {
  const named = scope === 'organization' && of !== '' ? of : organization
  return {
    ...who,
    role,
    scope,
    ...(scope !== 'platform' && { organization: named }),
    ...((scope === 'team' || scope === 'account') && { of }),
  }
}

export async function grant(given: Given, command: Command): Promise<number> {
  const [who = '', what = ''] = operandsOf(given, command, 2)
  const wanted = wantedRole(what)
  const session = sessionOf(given)
  const subject = who.startsWith('team/') ? { team: who.slice(5) } : { user: who }
  const body = newBinding(subject, wanted, session)
  const binding = await ask<RoleBinding>(session, 'POST', '/v1/role-bindings', { body })
  showOne(session, binding, one => `${who} has the role ${roleText(one)} (${one.id})\n`)
  return 0
}

export async function list(given: Given, command: Command): Promise<number> {
  const [who] = operandsOf(given, command, 0, 1)
  const session = sessionOf(given)
  const query = { ...session.within, ...(who !== undefined && { user: who }) }
  const found = await all<RoleBinding>(session, '/v1/role-bindings', query, given.get(limit))
  showAll(session, found, columns, 'no role yet; one is given by: portcullis roles grant USER ROLE')
  return 0
}

export async function revoke(given: Given, command: Command): Promise<number> {
  const [id = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  await ask(session, 'DELETE', `/v1/role-bindings/${encodeURIComponent(id)}`)
  process.stderr.write('the role is taken back\n')
  return 0
}
