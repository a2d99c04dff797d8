import type { Resource } from '../model/resource.ts'

/**
 * Rule.id of a rule of a route: its name, or where it has none its place. A name that reads like a place has a prefix
 * that no name can have: it is not the rule that stands there.
 */
export function ruleIdOf({ kind, metadata }: Resource, name: string | undefined, place: number): string {
  const { namespace, name: route } = metadata
  const own = name === undefined ? String(place) : /^[0-9]+$/.test(name) ? `name:${name}` : name
  return `${kind.toLowerCase()}/${namespace}/${route}/${own}`
}
