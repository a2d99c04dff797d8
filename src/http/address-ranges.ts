import { BlockList, isIP } from 'node:net'

/** Whether this is an IP address, or a range of them in CIDR notation. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** Of addresses, whether they are in one of these ranges. */
export interface AddressRanges {
  has(address: string): boolean
}

/** `ranges` are addresses and CIDRs that `isAddressRange` takes. An IPv4 address is in one whether it comes mapped or as it is. */
export function addressRanges(ranges: readonly string[]): AddressRanges {
  if (ranges.length === 0) return { has: () => false }
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return { has: address => list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6') }
}
