import { isIP } from 'node:net'
import { addressRanges } from '../http/address-ranges.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import { compileExceptions, type Exception } from './exceptions.ts'
import type { Exchange, Failure, FilterType } from './filter.ts'
import { passes } from './inspect.ts'

/** Whose requests are taken: addresses and CIDRs. */
export interface AddressListConfig extends FilterConfig {
  readonly type: 'address-list'
  /** `default/office`, for the log. */
  readonly policy: string
  /** Null: anybody who is not denied. */
  readonly allow: readonly string[] | null
  readonly deny: readonly string[]
  readonly except: readonly Exception[]
}

/** A client in `deny` is refused, also where it is in `allow`; with `allow`, everybody else is. */
export const addressList: FilterType<AddressListConfig> = {
  type: 'address-list',
  role: 'ingress',
  phase: 'addresses',
  describe: ({ allow, deny }) =>
    [allow === null ? '' : `allow ${shown(allow)}`, deny.length === 0 ? '' : `deny ${shown(deny)}`]
      .filter(Boolean)
      .join(', '),
  except: ({ except }) => except,
  inspect(config, x) {
    if (isIP(x.clientAddress) === 0) return { ...passes, unknown: 'it depends on the address of the client' }
    const facts = [{ name: 'client', value: x.clientAddress }]
    return { ...passes, facts, refusal: judgeOf(config)(x) ?? null }
  },
  compile: config => ({ request: judgeOf(config) }),
}

function judgeOf({ policy, allow, deny, except }: AddressListConfig): (x: Exchange) => Failure | undefined {
  const allowed = allow === null ? null : addressRanges(allow)
  const denied = addressRanges(deny)
  const isExcepted = compileExceptions(except) ?? (() => false)
  const inDeny: Failure = { failure: 'address_denied', detail: `${policy}: in deny` }
  const notInAllow: Failure = { failure: 'address_denied', detail: `${policy}: not in allow` }
  return x => {
    if (isExcepted(x)) return undefined
    if (denied.has(x.clientAddress)) return inDeny
    return allowed === null || allowed.has(x.clientAddress) ? undefined : notInAllow
  }
}

const SHOWN = 4

function shown(ranges: readonly string[]): string {
  const more = ranges.length - SHOWN
  return ranges.slice(0, SHOWN).join(' ') + (more > 0 ? ` and ${more} more` : '')
}
