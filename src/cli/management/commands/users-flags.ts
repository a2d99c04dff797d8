import { UsageError, type Flag } from '../../command/flag.ts'
import { oneOf, textOrFile } from '../../command/values.ts'
import { textFlag } from '../flags.ts'

export const roleNames = ['viewer', 'api-owner', 'operator', 'admin', 'developer'] as const
export type RoleName = (typeof roleNames)[number]

export const email = textFlag('email', 'ADDRESS', 'Where to reach them.')

/** A role and where it holds. */
export interface WantedRole {
  readonly role: RoleName
  readonly scope: 'platform' | 'organization' | 'team' | 'account'
  /** "" of the platform. */
  readonly of: string
}

export const role: Flag<WantedRole | null> = {
  name: 'role',
  placeholder: 'ROLE[@WHERE]',
  fallback: '',
  help: 'A role that they have from the beginning, as of `roles grant`: viewer, api-owner@team/pets, developer@account/acme, admin@platform.',
  parse: text => (text === '' ? null : wantedRole(text)),
}

/** `viewer` is in the organization, `api-owner@team/pets`, `developer@account/acme`, `admin@platform`. */
export function wantedRole(text: string): WantedRole {
  const [word = '', where = 'organization', ...more] = text.split('@')
  const named = oneOf(...roleNames)(word)
  const [scope = '', of = '', ...rest] = where.split('/')
  const known = scope === 'platform' || scope === 'organization' || scope === 'team' || scope === 'account'
  const isNamed = of !== ''
  const fits = scope === 'organization' || isNamed === (scope === 'team' || scope === 'account')
  if (more.length > 0 || rest.length > 0 || !known || !fits)
    throw new UsageError(
      `"${text}" is no role and where it holds, expected one like viewer, api-owner@team/pets, developer@account/acme or admin@platform`,
    )
  return { role: named, scope, of }
}

export const setupToken: Flag<string> = {
  name: 'setup-token',
  placeholder: 'TOKEN|@FILE',
  fallback: '',
  help: 'What the first start of the gateway has printed.',
  parse: textOrFile,
}
