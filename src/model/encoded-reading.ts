import type { Mark, Under } from './marks.ts'
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
  'Namespace',
  'ReferenceGrant',
  'Service',
  'TLSRoute',
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
  for (const { value, mark } of declarations) {
    const offsets: number[] = []
    const kind = fieldOf(value, 'kind')
    if (typeof kind !== 'string' || !OPEN.has(kind) || !take(value, mark, offsets)) return null
    all.push({ value, offsets })
  }
  return JSON.stringify(all)
}

/** The reading that was encoded, of a file of this name; null where the line is no such thing. */
export function decodeReading(line: string, text: string, file: string): Reading | null {
  try {
    const lines = lineCounter(text)
    const all = JSON.parse(line) as readonly Encoded[]
    const declarations = all.map(({ value, offsets }) => {
      const marks = new Marks(offsets)
      const mark = marks.of(value)
      if (!marks.areAll) throw new RangeError('offsets are left')
      return declarationOf(value, mark, file, lines)
    })
    return { declarations, problems: [], whole: true, unread: [] }
  } catch {
    return null
  }
}

/** Whether JSON has the value, and the mark its shape; adds its offsets. */
function take(value: unknown, { offset, under }: Mark, offsets: number[]): boolean {
  offsets.push(offset)
  if (typeof value !== 'object' || value === null) return under === null && isJson(value)
  if (Array.isArray(value))
    return (
      isList(under) && under.length === value.length && value.every((one, i) => take(one, under[i]!, offsets))
    )
  if (under === null || isList(under)) return false
  const fields = Object.entries(value)
  return (
    fields.length === under.size &&
    fields.every(([key, one]) => under.has(key) && key !== '__proto__' && take(one, under.get(key)!, offsets))
  )
}

function isList(under: Under): under is readonly Mark[] {
  return Array.isArray(under)
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

/** Makes the marks of values again. */
class Marks {
  private readonly offsets: readonly number[]
  private next = 0

  constructor(offsets: readonly number[]) {
    this.offsets = offsets
  }

  get areAll(): boolean {
    return this.next === this.offsets.length
  }

  of(value: unknown): Mark {
    const offset = this.offsets[this.next++]
    if (typeof offset !== 'number') throw new RangeError('an offset is missing')
    return { offset, under: this.under(value) }
  }

  private under(value: unknown): Under {
    if (typeof value !== 'object' || value === null) return null
    if (Array.isArray(value)) return value.map((one: unknown) => this.of(one))
    return new Map(Object.entries(value).map(([key, one]) => [key, this.of(one)]))
  }
}
