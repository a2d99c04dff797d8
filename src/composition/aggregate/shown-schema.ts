import { ownNames, type ShapingRule } from './shaping-tree.ts'

type Json = Readonly<Record<string, unknown>>

/** What is known of what a rule lets pass, as JSON Schema: members that are listed, in an object or in each of a list. */
export function shownSchema(rule: ShapingRule, open = rule.passes): Json {
  if (open) return {}
  const members = { properties: properties(rule), additionalProperties: ownNames(rule, open).open }
  return {
    type: ['object', 'array', 'null'],
    ...members,
    items: { type: ['object', 'array', 'null'], ...members },
  }
}

/** The same of what must be an object. */
export const shownMembers = (rule: ShapingRule): Json => properties(rule)

function properties(rule: ShapingRule, open = rule.passes): Json {
  const all: Record<string, unknown> = {}
  for (const [name, one] of rule.below) {
    if (open || one.denied || !one.shown) continue
    if (one.flat) Object.assign(all, properties(one))
    else all[one.to ?? name] = shownSchema(one)
  }
  return all
}
