import { isIPv4, isIPv6 } from 'node:net'

/** A part of an IPv6 address that is IPv4: `::ffff:1.2.3.4`. */
const DOTTED = /[\d.]+$/
/** One who mapped IPv4 into IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0xffff]

/**
 * By what clients are told apart wherever something is shared among them: an
 * IPv4 address as it is, an IPv6 address by its /64, because whoever has one
 * address of that has 2^64. The same for every spelling of an address:
 * `2001:db8:0:1::/64`. What is no address is its own key.
 */
export function shareKey(address: string): string {
  if (!address.includes(':') || isIPv4(address)) return address
  const bare = address.split('%', 1)[0]!
  return isIPv6(bare) ? keyOfGroups(groupsOf(bare)) : address
}

/**
 * The network that an address is likely one of many in: the /24 of IPv4, the /48 of IPv6, which is what a site is given
 * (RFC 6177). For who has so many addresses that there is no place to know each by itself.
 */
export function crowdKey(address: string): string {
  const key = shareKey(address)
  const parts = key.split(key.includes(':') ? ':' : '.')
  return key.includes(':') ? `${parts.slice(0, 3).join(':')}::/48` : `${parts.slice(0, 3).join('.')}.0/24`
}

/** The network of the provider that an address likely comes from: the /16 of IPv4, the /32 of IPv6 (RFC 6177 has sites of /48 in it). */
export function providerKey(address: string): string {
  const key = shareKey(address)
  const [first = '', second = ''] = key.split(key.includes(':') ? ':' : '.')
  return key.includes(':') ? `${first}:${second}::/32` : `${first}.${second}.0.0/16`
}

function keyOfGroups(groups: readonly number[]): string {
  if (MAPPED.every((group, i) => groups[i] === group)) {
    const [high = 0, low = 0] = groups.slice(6)
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  return `${groups
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`
}

/** The eight groups of a valid address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.replace(DOTTED, dotted => groupsOfDotted(dotted)).split('::', 2)
  const before = numbers(head)
  const after = numbers(tail ?? '')
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** `1.2.3.4` as two groups; what has no dots is a group already. */
function groupsOfDotted(dotted: string): string {
  if (!dotted.includes('.')) return dotted
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

function numbers(groups: string): number[] {
  return groups === '' ? [] : groups.split(':').map(group => Number.parseInt(group, 16))
}
