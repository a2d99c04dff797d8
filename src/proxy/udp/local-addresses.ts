import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/**
 * The addresses to bind to for one that a Gateway has. An answer must come from the address that was asked, or the
 * client does not know it, and a socket of all addresses leaves its choice to the system: so each address of the
 * machine has a socket of its own. "" and `::` are all of them, `0.0.0.0` those of IPv4.
 */
export function localAddresses(address: string): readonly string[] {
  if (address !== '' && address !== '::' && address !== '0.0.0.0') return [address]
  const all = Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
    list.map(one => (one.scopeid ? `${one.address}%${name}` : one.address)),
  )
  return [...new Set(all)].filter(one => address !== '0.0.0.0' || !isIPv6(one)).toSorted()
}
