import type { Exchange } from '../../../filters/filter.ts'
import type { Identity } from '../../../filters/identity.ts'
import { crowdKey, providerKey, shareKey } from '../../../http/share-key.ts'
import type { PolicyLimitRow } from '../rows.ts'
import type { Counted } from './meter.ts'

/**
 * Whose count a limit of a policy goes by. What it goes by and a request does not have is no way around it: then it is by
 * what is nearest, the application, the principal, the address. What is in records has a place of its own; a token's
 * subjects and claims are as many as its issuer likes, and count as strangers do.
 */
export function countedOf(
  policy: string,
  row: PolicyLimitRow,
  identity: Identity | null,
  x: Exchange,
): Counted {
  switch (row.by) {
    case 'All':
      return known(policy, 'all')
    case 'ClientAddress':
      return stranger(policy, row, `address ${shareKey(x.clientAddress)}`, x)
    case 'Header': {
      const value = x.request.fields.combined(row.header ?? '')
      return stranger(policy, row, value === undefined ? nameless(x) : `header ${value}`, x)
    }
    case 'Identity':
      return identity === null ? stranger(policy, row, nameless(x), x) : byPrincipal(policy, row, identity, x)
    case 'Application':
    case 'Account': {
      if (identity === null) return stranger(policy, row, nameless(x), x)
      const id = row.by === 'Account' ? identity.account : identity.application
      return id === null ? byPrincipal(policy, row, identity, x) : known(policy, `${row.by} ${id}`)
    }
    case 'Claim': {
      if (identity === null) return stranger(policy, row, nameless(x), x)
      const value = claimOf(identity, row.claim ?? '')
      return value === null
        ? byPrincipal(policy, row, identity, x)
        : stranger(policy, row, `claim ${value}`, x)
    }
  }
}

function byPrincipal(policy: string, row: PolicyLimitRow, identity: Identity, x: Exchange): Counted {
  const { credential, principal } = identity
  return credential === null
    ? stranger(policy, row, `principal ${principal}`, x)
    : known(policy, `credential ${credential}`)
}

function nameless(x: Exchange): string {
  return `address ${shareKey(x.clientAddress)}`
}

function known(policy: string, who: string): Counted {
  return { whose: 'known', key: `${policy} ${who}`, crowd: '', sinceMs: 0 }
}

/** A quota stays for long, a rate is soon paid for: they do not take each other's places. */
function stranger(
  policy: string,
  { kind }: PolicyLimitRow,
  who: string,
  { clientAddress }: Exchange,
): Counted {
  const whose = kind === 'Quota' ? 'guests' : 'strangers'
  const counted = {
    whose,
    key: `${policy} ${who}`,
    crowd: `${policy} ${crowdKey(clientAddress)}`,
    sinceMs: 0,
  } as const
  // What comes from anywhere has one place, wherever it comes from.
  const provider = providerKey(clientAddress)
  return who.startsWith('address ') ? { ...counted, near: provider } : { ...counted, maker: provider }
}

/** Of a claim of its own name, or else within objects: `realm.tenant`. */
function claimOf({ claims }: Identity, name: string): string | null {
  const value = Object.hasOwn(claims, name) ? claims[name] : within(claims, name.split('.'))
  if (value === undefined || value === null || value === '') return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function within(value: unknown, path: readonly string[]): unknown {
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
