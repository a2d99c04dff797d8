import { isIP } from 'node:net'
import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { isAddressRange } from '../http/address-ranges.ts'
import { quantityBytes } from './quantity.ts'
import { faultOf, firstRepeated, type Fault } from './words.ts'

// No useDefaults, no coerceTypes, no removeAdditional: what the user wrote is what translation sees.
const ajv = new Ajv({ strict: true, allErrors: true, verbose: true, allowUnionTypes: true })
ajv.addKeyword({ keyword: 'expected', schemaType: 'string' })
ajv.addKeyword({
  keyword: 'uniqueBy',
  type: 'array',
  schemaType: 'string',
  validate: (key: string, items: unknown) => firstRepeated(items, key) < 0,
  errors: false,
})
ajv.addFormat('byte-quantity', (text: string) => quantityBytes(text) !== undefined)
ajv.addFormat('base64', isBase64)
ajv.addFormat('address', isAddress)
ajv.addFormat('address-range', isAddressRange)
// Kubernetes writes UTC with whole seconds; other RFC 3339 forms are as good.
ajv.addFormat(
  'timestamp',
  (text: string) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) &&
    !Number.isNaN(Date.parse(text)),
)

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

const compiled = new WeakMap<TSchema, ValidateFunction>()

/** Everything that is wrong with a value by its schema, at most one fault a field; [] where nothing is. */
export function schemaFaults(schema: TSchema, value: unknown): readonly Fault[] {
  let check = compiled.get(schema)
  if (check === undefined) {
    check = ajv.compile(schema)
    compiled.set(schema, check)
  }
  if (check(value)) return []
  const byPath = new Map<string, Fault>()
  for (const error of check.errors ?? []) {
    const fault = faultOf(error, value)
    const key = JSON.stringify(fault.path)
    // An empty text is too short and fails its pattern: the first says enough.
    if (!byPath.has(key)) byPath.set(key, fault)
  }
  return [...byPath.values()]
}
