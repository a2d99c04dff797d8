import { isIP } from 'node:net'
import type { Gateway } from '../../../model/kinds/gateway.ts'
import type { Flaw } from '../../../translation/report.ts'

/** Every address of the machine, both families. */
export const ANY = ''

/** Where a Gateway listens, or why it cannot: an address of a type or routability that is not served, or one that is none. */
export interface Addresses {
  readonly list: readonly string[]
  readonly unsupported: readonly Flaw[]
  readonly unusable: readonly Flaw[]
}

/** `spec.addresses`, or `fallback` (what `--address` says) for what they leave open. */
export function addressesOf(gateway: Gateway, fallback: readonly string[]): Addresses {
  const unsupported: Flaw[] = []
  const unusable: Flaw[] = []
  const list: string[] = []
  const open = fallback.length > 0 ? fallback : [ANY]
  const declared = gateway.body.spec.addresses ?? []
  if (declared.length === 0) list.push(...open)
  for (const [i, { type = 'IPAddress', value = '', routability = '' }] of declared.entries()) {
    const path = ['spec', 'addresses', i]
    if (type !== 'IPAddress')
      unsupported.push({
        reason: 'UnsupportedAddress',
        path,
        message: `${type} is not served, expected IPAddress`,
      })
    else if (routability !== '')
      unsupported.push({
        reason: 'UnsupportedAddress',
        path: [...path, 'routability'],
        message: `${routability} is not served, expected none: the address is reached from where the gateway is (Cluster needs a Service for each Gateway, --gateway-services)`,
      })
    else if (value === '') list.push(...open)
    else if (isIP(value) > 0) list.push(value)
    else
      unusable.push({
        reason: 'AddressNotUsable',
        path,
        message: `${JSON.stringify(value)} is no IP address`,
      })
  }
  return { list: outermost(list.map(canonical)), unsupported, unusable }
}

/** Whether a socket on one takes what is meant for the other. `::` takes IPv4 too, as systems have it by default. */
export function overlap(a: string, b: string): boolean {
  return includes(a, b) || includes(b, a)
}

/** Whether a socket on `outer` takes all that is meant for `inner`. */
export function includes(outer: string, inner: string): boolean {
  if (outer === inner || outer === ANY) return true
  return outer === '::' ? inner !== ANY : outer === '0.0.0.0' && isIP(inner) === 4
}

/** Without those that another one includes: two sockets cannot be had for them. */
function outermost(list: readonly string[]): string[] {
  const distinct = [...new Set(list)]
  return distinct.filter(inner => !distinct.some(outer => outer !== inner && includes(outer, inner)))
}

/** RFC 5952 text of an IPv6 address, as the URL parser makes it. A zone stays as it is written. */
function canonical(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}
