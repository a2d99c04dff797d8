/**
 * Whose a thing is: ids of an organisation, and within it of the team that owns it, or of the account. Null: of none, so
 * that a role must hold everywhere.
 */
export interface Scope {
  readonly organization: string | null
  readonly team?: string | null
  readonly account?: string | null
}

/** What belongs to the platform, and to nobody on it. */
export const PLATFORM: Scope = { organization: null }

/** Where a role holds: everywhere, or for one organisation, one team, one account. */
export type Held =
  | { readonly in: 'platform' }
  | { readonly in: 'organization' | 'team' | 'account'; readonly id: string }

export function covers(held: Held, scope: Scope): boolean {
  if (held.in === 'platform') return true
  return scope[held.in] === held.id
}

/** All places where somebody may do one thing: for the `where` of lists. */
export interface Reach {
  readonly everywhere: boolean
  readonly organizations: readonly string[]
  readonly teams: readonly string[]
  readonly accounts: readonly string[]
}

export function reachOf(all: readonly Held[]): Reach {
  const ids = (kind: Held['in']): readonly string[] =>
    all.flatMap(held => (held.in === kind && 'id' in held ? [held.id] : []))
  return {
    everywhere: all.some(held => held.in === 'platform'),
    organizations: ids('organization'),
    teams: ids('team'),
    accounts: ids('account'),
  }
}
