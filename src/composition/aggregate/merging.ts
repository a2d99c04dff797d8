import { isObject } from '../schemas/picked.ts'
import type { Assembly } from './assembly.ts'
import type { Faults, Place } from './faults.ts'
import type { Part } from './part.ts'
import { ownNames } from './shaping-tree.ts'
import { shownMembers, shownSchema } from './shown-schema.ts'

export interface Merging {
  readonly merge: (assembly: Assembly) => unknown
  /** What is known of the answer. */
  readonly schema: Readonly<Record<string, unknown>>
}

/**
 * Lays the parts of an answer together. Which part a member is of is known from the declaration: two that would be called
 * the same are refused, and of parts whose members are not listed there may be one, which gives way to the others.
 */
export function mergingOf(all: readonly Part[], place: Place, faults: Faults): Merging {
  const parts = all.filter(({ declaration }) => declaration.hide !== true)
  if (parts.length === 0) {
    if (all.length > 0) faults.add(place, 'are all hidden, expected one that is in the answer')
    return { merge: () => ({}), schema: { type: 'object', properties: {} } }
  }
  const [first] = parts
  if (parts.length === 1 && first!.declaration.merge === true)
    return { merge: ({ shown }) => shown[first!.at] ?? null, schema: shownSchema(first!.rules) }
  const taken = namesOf(parts, place, faults)
  return { merge: merger(parts, taken), schema: schemaOf(parts) }
}

const isMerged = ({ declaration }: Part): boolean => declaration.merge === true

/** The names that parts have for themselves. */
function namesOf(parts: readonly Part[], place: Place, faults: Faults): ReadonlySet<string> {
  const taken = new Map<string, Part>()
  let open: Part | null = null
  for (const part of parts) {
    const known = isMerged(part)
      ? ownNames(part.rules, part.rules.passes)
      : { names: [part.title], open: false }
    for (const name of new Set(known.names)) {
      const other = taken.get(name)
      if (other !== undefined)
        faults.add(
          [...place, part.title],
          `has "${name}" in the answer, which ${other.title} has, expected "group", "rename" or "deny" for one of them`,
        )
      taken.set(name, part)
    }
    if (known.open && open !== null)
      faults.add(
        [...place, part.title, 'merge'],
        `is true, and so it is for ${open.title}: nobody knows which members both have, expected "allow" for one of them`,
      )
    if (known.open) open = part
  }
  return new Set(taken.keys())
}

function merger(parts: readonly Part[], taken: ReadonlySet<string>): (assembly: Assembly) => unknown {
  const steps = parts.map(part => ({
    at: part.at,
    name: isMerged(part) ? null : part.title,
    own: isMerged(part) ? new Set(ownNames(part.rules, part.rules.passes).names) : taken,
  }))
  return ({ shown }) => {
    const answer: Record<string, unknown> = {}
    for (const { at, name, own } of steps) {
      const value = shown[at]
      if (name !== null) {
        if (value !== undefined) answer[name] = value
      } else if (isObject(value))
        for (const [member, one] of Object.entries(value))
          if ((own.has(member) || !taken.has(member)) && member !== '__proto__') answer[member] = one
    }
    return answer
  }
}

function schemaOf(parts: readonly Part[]): Readonly<Record<string, unknown>> {
  const properties: Record<string, unknown> = {}
  const required: string[] = []
  let open = false
  for (const part of parts) {
    if (isMerged(part)) {
      Object.assign(properties, shownMembers(part.rules))
      open ||= ownNames(part.rules, part.rules.passes).open
      continue
    }
    properties[part.title] = part.declaration.default === undefined ? shownSchema(part.rules) : {}
    if (part.declaration.required !== false) required.push(part.title)
  }
  return { type: 'object', properties, required, additionalProperties: open }
}
