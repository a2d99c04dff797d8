import { put } from './plain.ts'
import type { FieldPath } from './resource.ts'

/** More than a file can have with a document that it names, and far from the end of the stack. */
export const MOST_NESTED = 100

/** What a value says; `deepAt` is where something of it was nested too deeply, and left out. */
export interface Cleaned {
  readonly document: unknown
  readonly deepAt: FieldPath | null
}

/**
 * Frozen, and without the null fields: a copy where there are any, otherwise the value itself, which places (places.ts)
 * hold anyway. Nulls in lists stay, for the schema to name. Never throws, however deep the value is.
 */
export function cleaned(value: unknown): Cleaned {
  const cleaner = new Cleaner()
  const document = cleaner.clean(value, 0)
  return { document, deepAt: cleaner.isTooDeep ? deepPath(value, 0)!.slice(0, SHOWN) : null }
}

/** In place of what is too deep: too deep as well, so that what is kept of an object is refused again. */
const CUT = Object.freeze({})
/** Of the path to what is too deep. */
const SHOWN = 4

class Cleaner {
  isTooDeep = false

  clean(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (depth > MOST_NESTED) {
      this.isTooDeep = true
      return CUT
    }
    return Object.freeze(Array.isArray(value) ? this.items(value, depth) : this.fields(value, depth))
  }

  private items(list: readonly unknown[], depth: number): readonly unknown[] {
    const items = list.map(item => this.clean(item, depth + 1))
    return items.every((item, i) => item === list[i]) ? list : items
  }

  private fields(value: object, depth: number): object {
    const fields = Object.entries(value)
    const kept = fields.map(([, item]) => this.clean(item, depth + 1))
    if (fields.every(([, item], i) => item !== null && item === kept[i])) return value
    const copy: Record<string, unknown> = {}
    for (const [i, [key, item]] of fields.entries()) if (item !== null) put(copy, key, kept[i])
    return copy
  }
}

/** To the first that is too deep. */
function deepPath(value: unknown, depth: number): FieldPath | null {
  if (typeof value !== 'object' || value === null) return null
  if (depth > MOST_NESTED) return []
  for (const [key, item] of Object.entries(value)) {
    const rest = deepPath(item, depth + 1)
    if (rest !== null) return [Array.isArray(value) ? Number(key) : key, ...rest]
  }
  return null
}
