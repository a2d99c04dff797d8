/** Of a value of which a schema names nothing: another beside it may, else everything passes. */
export const UNNAMED = Symbol('unnamed')

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const nothingOf = (value: unknown): unknown =>
  Array.isArray(value) ? [] : isObject(value) ? {} : value

/** What two schemas name of the same value: what either does. */
export function merged(one: unknown, other: unknown): unknown {
  if (one === UNNAMED) return other
  if (other === UNNAMED) return one
  if (Array.isArray(one) && Array.isArray(other)) return mergedItems(one, other)
  return isObject(one) && isObject(other) ? mergedMembers(one, other) : one
}

/** As long as the value, or empty. */
function mergedItems(one: readonly unknown[], other: readonly unknown[]): readonly unknown[] {
  if (one.length === 0) return other
  return other.length === 0 ? one : one.map((item, i) => merged(item, other[i]))
}

function mergedMembers(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>) {
  const all: Record<string, unknown> = { ...one }
  for (const [name, member] of Object.entries(other))
    if (name !== '__proto__') all[name] = Object.hasOwn(one, name) ? merged(one[name], member) : member
  return all
}
