import { PlacesWriter, type Places } from './places.ts'
import { fieldOf } from './words.ts'
import { declarationOf, lineCounter, type Reading } from './yaml.ts'

/**
 * Kinds whose declarations may be written down elsewhere. Secrets and ConfigMaps never are, and neither is what nobody
 * here knows: it may hold anything.
 */
const OPEN: ReadonlySet<string> = new Set([
  'Backend',
  'EndpointSlice',
  'GRPCRoute',
  'Gateway',
  'GatewayClass',
  'HTTPRoute',
  'ListenerSet',
  'Namespace',
  'ReferenceGrant',
  'Service',
  'TCPRoute',
  'TLSRoute',
  'UDPRoute',
])

/** A value, and where its parts were written, in the order in which one walks over it. */
interface Encoded {
  readonly value: unknown
  readonly offsets: readonly number[]
}

/** What a text says as one line of JSON; null for what is not to be kept, or would not come back as it was. */
export function encodeReading({ declarations, problems, whole }: Reading): string | null {
  if (!whole || problems.length > 0) return null
  const all: Encoded[] = []
  for (const { value, places } of declarations) {
    const kind = fieldOf(value, 'kind')
    if (typeof kind !== 'string' || !OPEN.has(kind) || !isJson(value)) return null
    all.push({ value, offsets: places.offsets })
  }
  return JSON.stringify(all)
}

/** The reading that was encoded, of a file of this name; null where the line is no such thing. */
export function decodeReading(line: string, text: string, file: string): Reading | null {
  try {
    const lines = lineCounter(text)
    const all = JSON.parse(line) as readonly Encoded[]
    const declarations = all.map(({ value, offsets }) => declarationOf(placesOf(value, offsets), file, lines))
    return { declarations, problems: [], whole: true, unread: [] }
  } catch {
    return null
  }
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object' || value === null)
    return value === null || typeof value === 'string' || typeof value === 'boolean'
  return Object.entries(value).every(([key, one]) => key !== '__proto__' && isJson(one))
}

/** The places of a value whose offsets were written down; throws where they are not as many. */
function placesOf(value: unknown, offsets: readonly number[]): Places {
  const places = new PlacesWriter()
  let next = 0
  function write(one: unknown): void {
    const offset = offsets[next++]
    if (typeof offset !== 'number') throw new RangeError('an offset is missing')
    const place = places.begin(offset)
    if (typeof one === 'object' && one !== null) Object.values(one).forEach(write)
    places.end(place)
  }
  write(value)
  if (next !== offsets.length) throw new RangeError('offsets are left')
  return places.of(value)
}
