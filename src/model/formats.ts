import { isIP } from 'node:net'
import { isAddressRange } from '../http/address-ranges.ts'
import { quantityBytes } from './quantity.ts'

/** The formats that schemas name, in the terms of JSON Schema. */
export const formats: Readonly<Record<string, (text: string) => boolean>> = {
  'byte-quantity': text => quantityBytes(text) !== undefined,
  base64: isBase64,
  address: isAddress,
  'address-range': isAddressRange,
  // Kubernetes writes UTC with whole seconds; other RFC 3339 forms are as good.
  timestamp: text =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) &&
    !Number.isNaN(Date.parse(text)),
}

/** Standard base64 with padding; line breaks may be in it, as Go's decoder takes them. */
function isBase64(text: string): boolean {
  const packed = text.replace(/[\r\n]/g, '')
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed)
}

/**
 * An IP address or a DNS name. Underscores are taken, because Docker Compose makes such names. A last
 * label of digits would be an IPv4 address to resolvers (WHATWG URL, "ends in a number"): refused.
 */
function isAddress(text: string): boolean {
  if (isIP(text) !== 0) return true
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  const labels = name.split('.')
  const fine = labels.every(label => /^[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?$/.test(label))
  return fine && !/^([0-9]+|0[xX][0-9a-fA-F]*)$/.test(labels.at(-1) ?? '')
}
