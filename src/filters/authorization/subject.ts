import { isIP } from 'node:net'
import { addressRanges } from '../../http/address-ranges.ts'
import type { Lookup } from '../../shared/table.ts'
import { identityNote, subscribedNote, type Identity, type Subscribed } from '../identity.ts'
import type { Notes } from '../notes.ts'
import { claimReader } from './claims.ts'
import type { ClaimConfig, FromConfig } from './config.ts'
import { textSet } from './texts.ts'
import { someHold, truth, type Predicate, type Truth } from './truth.ts'

/** A row of the table that has the names of applications, by their ids. */
export interface ApplicationNames {
  readonly name: string
  readonly accountName: string
}

export type NameLookup = Pick<Lookup<ApplicationNames>, 'get'>

/** Who asks, but for the scopes: those are apart, for they may be all that is missing. */
export function compileFrom(from: FromConfig, names: NameLookup | null): Predicate[] {
  const { principals, applications, accounts, plans, products, claims, addresses, anonymous } = from
  return [
    ...(anonymous === null ? [] : [isAnonymous(anonymous)]),
    ...(addresses === null ? [] : [ofAddresses(addresses)]),
    ...(principals === null ? [] : [ofPrincipals(principals)]),
    ...(applications === null ? [] : [ofApplications(applications, names)]),
    ...(accounts === null ? [] : [ofAccounts(accounts, names)]),
    ...(plans === null ? [] : [ofPlan(plans, ({ plan }) => plan)]),
    ...(products === null ? [] : [ofPlan(products, ({ product }) => product)]),
    ...(claims ?? []).map(ofClaim),
  ]
}

/** Null where nobody is known to ask, or nobody in particular. */
export function identityOf(notes: Notes): Identity | null {
  const identity = notes.get(identityNote)
  return identity === undefined || identity.kind === 'anonymous' ? null : identity
}

export function compileScopes(sets: readonly (readonly string[])[]): Predicate {
  return byIdentity(({ scopes }) => truth(sets.some(set => set.every(one => scopes.includes(one)))))
}

/** What is asked of an identity, nobody has: a rule that names users says nothing about those who are unknown. */
function byIdentity(test: (identity: Identity) => Truth): Predicate {
  return ({ notes }) => {
    const identity = identityOf(notes)
    return identity === null ? 'no' : test(identity)
  }
}

function isAnonymous(wanted: boolean): Predicate {
  return ({ notes }) => truth((identityOf(notes) === null) === wanted)
}

/** What is no address (of a peer that has none) is in a range as far as anybody knows. */
export function ofAddresses(addresses: readonly string[]): Predicate {
  const ranges = addressRanges(addresses)
  return ({ clientAddress }) => (isIP(clientAddress) === 0 ? 'unknown' : truth(ranges.has(clientAddress)))
}

function ofPrincipals(principals: readonly string[]): Predicate {
  const has = textSet(principals)
  return byIdentity(({ principal }) => truth(has(principal)))
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

function ofApplications(applications: readonly string[], names: NameLookup | null): Predicate {
  const known = new Set(applications)
  const named = applications.some(one => !UUID.test(one))
  return byIdentity(({ application }) => {
    if (application === null || known.has(application)) return truth(application !== null)
    return named ? hasName(names?.get(application), row => known.has(`${row.accountName}/${row.name}`)) : 'no'
  })
}

function ofAccounts(accounts: readonly string[], names: NameLookup | null): Predicate {
  const known = new Set(accounts)
  const named = accounts.some(one => !UUID.test(one))
  return byIdentity(({ account, application }) => {
    if (account === null || known.has(account)) return truth(account !== null)
    return named ? hasName(names?.get(application ?? ''), row => known.has(row.accountName)) : 'no'
  })
}

/** An application whose name cannot be had may have any. */
function hasName(row: ApplicationNames | undefined, test: (row: ApplicationNames) => boolean): Truth {
  return row === undefined ? 'unknown' : truth(test(row))
}

function ofPlan(values: readonly string[], of: (plan: Subscribed) => string): Predicate {
  const known = new Set(values)
  return ({ notes }) => {
    const plan = notes.get(subscribedNote)
    return truth(plan !== undefined && known.has(of(plan)))
  }
}

function ofClaim({ name, values }: ClaimConfig): Predicate {
  const known = new Set(values)
  const read = claimReader(name)
  return byIdentity(({ claims }) => {
    const claim = read(claims)
    const holds = someHold(claim.values, value => truth(known.has(value)))
    return holds === 'no' && claim.isOpaque ? 'unknown' : holds
  })
}
