import { isObject } from '../schemas/picked.ts'

/**
 * What is at a place in JSON, undefined where nothing is: names of members, and numbers for places of a list; a name at a
 * list is that of each of its items that have it.
 */
export function memberAt(value: unknown, path: readonly string[], from = 0): unknown {
  let at = value
  for (let i = from; i < path.length; i++) {
    const step = path[i]!
    if (Array.isArray(at)) {
      if (!/^\d+$/.test(step))
        return at.map(item => memberAt(item, path, i)).filter(member => member !== undefined)
      at = at[Number(step)]
    } else if (isObject(at) && Object.hasOwn(at, step)) at = at[step]
    else return undefined
  }
  return at
}
