import type { ResourceKind, Unserved } from './kind.ts'
import type { FieldPath, Resource } from './resource.ts'

/** The fields of this object that this release does not act upon, with what to say of each; paths as written. */
export function unservedIn(
  resource: Resource,
  { unserved = [] }: ResourceKind,
): { path: FieldPath; note: string }[] {
  return unserved.flatMap(row => find(resource.body, row, 0, []).map(path => ({ path, note: row.note })))
}

function find(value: unknown, row: Unserved, depth: number, at: FieldPath): FieldPath[] {
  if (value === undefined) return []
  const key = row.path[depth]
  if (key === undefined)
    return row.values === undefined || (typeof value === 'string' && row.values.includes(value)) ? [at] : []
  if (key === '*')
    return Array.isArray(value) ? value.flatMap((item, i) => find(item, row, depth + 1, [...at, i])) : []
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return []
  return find(Reflect.get(value, key), row, depth + 1, [...at, key])
}
