import type { Fields } from '../../http/fields.ts'
import type { CacheReader } from '../../shared/cache/reader.ts'
import type { Stored } from '../../shared/cache/stored.ts'
import type { Question } from './question.ts'
import { valuesOf } from './vary.ts'

/** What there is for a request. */
export interface Found {
  readonly stored: Stored | null
  /** Something is stored for who asks with other values of what Vary names. */
  readonly varies: boolean
  /** By which equal requests are known. */
  readonly key: string
}

/** The answer to it that is stored, fresh or not; null: there is none. */
export function storedFor(reader: CacheReader, { url, places }: Question, fields: Fields): Stored | null {
  const byPlace = reader.find(url)
  if (byPlace === undefined) return null
  for (let i = 0; i < 2; i++) {
    const variants = byPlace.get(i === 0 ? places.same : places.all)
    const stored = variants?.byValues.get(valuesOf(variants.vary, fields, reader))
    if (stored === undefined) continue
    if (reader.isCurrent(stored)) return stored
    reader.replaced(stored)
  }
  return null
}

/** The same with what is needed to ask for it. */
export function foundFor(
  reader: CacheReader,
  { url, places }: Question,
  fields: Fields,
  stored: Stored | null,
): Found {
  const byPlace = reader.find(url)
  const variants = byPlace?.get(places.same) ?? byPlace?.get(places.all)
  const values = stored?.values ?? (variants === undefined ? '' : valuesOf(variants.vary, fields, reader))
  return { stored, varies: variants !== undefined, key: `${url} ${places.same} ${values}` }
}
