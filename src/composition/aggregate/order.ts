import type { Part } from './part.ts'

/** The places of parts, each behind those that it needs; or the names of those that need each other, in a ring. */
export function orderOf(parts: readonly Part[]): readonly number[] | { readonly ring: readonly number[] } {
  const order: number[] = []
  const path: number[] = []
  const done = new Set<number>()
  const visit = (at: number): readonly number[] | null => {
    if (done.has(at)) return null
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at]
    path.push(at)
    for (const before of parts[at]!.after) {
      const ring = visit(before)
      if (ring !== null) return ring
    }
    path.pop()
    done.add(at)
    order.push(at)
    return null
  }
  for (const { at } of parts) {
    const ring = visit(at)
    if (ring !== null) return { ring }
  }
  return order
}
